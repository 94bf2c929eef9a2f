-- What HTTP wants and the transcoder does not know: HEAD, OPTIONS, statuses, lengths. Of gRPC and gRPC-Web
-- it only sees the request's id, and the refusals of the rate limit.
-- It stands before the compressors: it decides what they see of a request, and gets the answer after them.

local LARGEST_MESSAGE = 4194304  -- what the server takes; uploads are streams of smaller ones

function envoy_on_request(handle)
  local headers = handle:headers()
  -- Only a plain id is logged by the server. What comes back to the client must be the same one.
  local id = headers:get("x-request-id")
  if id ~= nil and (#id > 64 or string.find(id, "[^%w%-]")) then
    local plain = string.sub((string.gsub(id, "[^%w%-]", "")), 1, 64)
    headers:replace("x-request-id", plain ~= "" and plain or "unreadable")
  end
  if string.sub(headers:get("content-type") or "", 1, 16) == "application/grpc" then return end
  local method = headers:get(":method")
  if method == "OPTIONS" then
    handle:respond({[":status"] = "204", ["allow"] = "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"}, "")
    return
  end
  if method == "HEAD" then
    handle:streamInfo():dynamicMetadata():set("gazette", "head", true)
    headers:replace(":method", "GET")
  end
  -- A HEAD tells the length of the plain answer; a download's length and ranges count its own bytes.
  if method == "HEAD" or string.find(headers:get(":path"), ":download", 1, true) then headers:remove("accept-encoding") end
  -- The transcoder strips content-length; an upload is checked against it.
  local length = headers:get("content-length")
  if length == nil then return end
  headers:add("x-declared-length", length)
  local is_upload = string.find(headers:get(":path"), ":upload", 1, true) ~= nil
  if (tonumber(length) or 0) > LARGEST_MESSAGE and not is_upload then handle:respond({[":status"] = "413"}, "") end
end

function decoded(text)
  return (string.gsub(text, "%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

function envoy_on_response(handle)
  local headers = handle:headers()
  if string.sub(headers:get("content-type") or "", 1, 16) == "application/grpc" then
    -- The gRPC-Web filter makes UNAVAILABLE of a 429, which clients would try again at once.
    if headers:get(":status") == "429" and headers:get("grpc-status") == "14" then headers:replace("grpc-status", "8") end
    return
  end
  local is_ok = headers:get(":status") == "200"
  -- The server sends the headers of a single answer with its status, as the status' message: a line for each, percent-encoded.
  local told = headers:get("grpc-message")
  if told ~= nil then
    headers:remove("grpc-message")
    if is_ok then
      for name, value in string.gmatch(told, "([%w-]+): (.-)%%0A") do headers:replace(name, decoded(value)) end
    end
  end
  -- Looking is cheaper than taking away.
  if headers:get("grpc-status") ~= nil then headers:remove("grpc-status") end
  if headers:get("grpc-accept-encoding") ~= nil then headers:remove("grpc-accept-encoding") end
  local status, length = headers:get("x-http-status"), headers:get("x-body-length")
  if status ~= nil then headers:remove("x-http-status") end
  if length ~= nil then headers:remove("x-body-length") end
  if is_ok then
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
  local request = handle:streamInfo():dynamicMetadata():get("gazette")
  if bodiless or (request ~= nil and request["head"]) then
    for chunk in handle:bodyChunks() do chunk:setBytes("") end
  end
end
