-- What HTTP wants and the transcoder does not know: HEAD, OPTIONS, statuses, lengths. gRPC and gRPC-Web pass untouched.
-- It stands before the compressors: it decides what they see of a request, and gets the answer after them.

function envoy_on_request(handle)
  local headers = handle:headers()
  if string.sub(headers:get("content-type") or "", 1, 16) == "application/grpc" then return end
  local method = headers:get(":method")
  if method == "OPTIONS" then
    handle:respond({[":status"] = "204", ["allow"] = "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"}, "")
    return
  end
  local request = handle:streamInfo():dynamicMetadata()
  request:set("gazette", "rest", true)
  if method == "HEAD" then
    request:set("gazette", "head", true)
    headers:replace(":method", "GET")
  end
  -- A HEAD tells the length of the plain answer; a download's length and ranges count its own bytes.
  if method == "HEAD" or string.find(headers:get(":path"), ":download", 1, true) then headers:remove("accept-encoding") end
  -- The transcoder strips content-length; an upload is checked against it.
  local length = headers:get("content-length")
  if length ~= nil then headers:add("x-declared-length", length) end
end

function envoy_on_response(handle)
  local request = handle:streamInfo():dynamicMetadata():get("gazette")
  local headers = handle:headers()
  local status, length = headers:get("x-http-status"), headers:get("x-body-length")
  headers:remove("x-http-status")
  headers:remove("x-body-length")
  if request == nil or request["rest"] == nil then return end
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  headers:remove("grpc-accept-encoding")
  if headers:get(":status") == "200" then
    if length ~= nil then headers:replace("content-length", length) end
    if status ~= nil then headers:replace(":status", status) end
  end
  local bodiless = status == "304" or status == "204"
  if bodiless then
    headers:remove("content-type")
    headers:remove("content-length")
    headers:remove("content-encoding")
    headers:replace("vary", "Accept-Encoding")
  end
  if bodiless or request["head"] then
    for chunk in handle:bodyChunks() do chunk:setBytes("") end
  end
end
