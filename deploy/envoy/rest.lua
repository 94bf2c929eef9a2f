-- What HTTP wants and the transcoder does not know: HEAD, OPTIONS, statuses, lengths. Of gRPC and gRPC-Web
-- it only sees the request's id, and the refusals of the rate limit.
-- It stands before the compressors: it decides what they see of a request, and gets the answer after them.
-- And it is the door: of a request's headers only those go on that somebody behind it reads. What gRPC cannot parse, in a name
-- or a value, it answers with an error of its own, and then with the same error to whoever sends that name next.

local LARGEST_MESSAGE = 4194304  -- what the server takes; uploads are streams of smaller ones

-- gRPC refuses a message that is too large before the server hears of it, as if it were a matter of coming back later.
local TOO_LARGE = "the message is larger than 4194304 bytes"
local TOO_LARGE_DETAILS = "CAMSKHRoZSBtZXNzYWdlIGlzIGxhcmdlciB0aGFuIDQxOTQzMDQgYnl0ZXMaSAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLkVycm9ySW5mbxIcChFSRVFVRVNUX1RPT19MQVJHRRIHZ2F6ZXR0ZQ"

local function is_too_large(text) return text ~= nil and string.find(text, "message larger than max", 1, true) ~= nil end

local PASSED = {}
for name in string.gmatch([[
  :authority :method :path :scheme accept-encoding authorization content-length content-type idempotency-key if-none-match
  if-range range traceparent tus-resumable upload-checksum upload-defer-length upload-length upload-metadata upload-offset user-agent
  x-envoy-internal x-forwarded-for x-forwarded-proto x-http-method-override x-min-record-number x-request-id
]], "%S+") do PASSED[name] = true end
local PASSED_OF_GRPC = {["grpc-accept-encoding"] = true, ["grpc-encoding"] = true, ["grpc-timeout"] = true, te = true}
-- What Envoy's own filters take for gRPC-Web, to the letter: any other type that begins so is REST to the transcoder.
local GRPC_WEB = {}
for each in string.gmatch("grpc-web grpc-web+proto grpc-web-text grpc-web-text+proto", "%S+") do GRPC_WEB["application/" .. each] = true end
local ENCODINGS = {identity = true, deflate = true, gzip = true}

local UTF_8 = {["utf-8"] = true, utf8 = true, ["us-ascii"] = true, [""] = true}
local BYTE_ORDER_MARK = "\239\187\191"

local LARGEST_HEADERS = 16384  -- less than the server takes, whose refusal is no answer that we have the words of

-- Takes away every header that nobody reads, and what is malformed of the rest. True if the headers are too large.
local function admit(headers, is_grpc)
  local unread, size, path = {}, 0, headers:get(":path")
  local is_front = path == "/" or string.sub(path, 1, 2) == "/?"  -- which Envoy answers by what is accepted
  for name, value in pairs(headers) do
    size = size + #name + #value
    local is_accepted = name == "accept" and (is_front or is_grpc and GRPC_WEB[value])
    if not (PASSED[name] or is_grpc and PASSED_OF_GRPC[name] or is_accepted) then table.insert(unread, name) end
  end
  if size > LARGEST_HEADERS then return true end
  for _, name in ipairs(unread) do headers:remove(name) end
  if is_grpc then
    headers:replace("te", "trailers")
    local timeout = headers:get("grpc-timeout")
    if timeout ~= nil and (#timeout > 9 or not string.find(timeout, "^%d+[HMSmun]$")) then headers:remove("grpc-timeout") end
  end
  return false
end

local function respond_grpc(handle, kind, status, message)
  if GRPC_WEB[kind] then handle:streamInfo():dynamicMetadata():set("gazette", "grpc_web", kind) end
  handle:respond({
    [":status"] = "200", ["grpc-status"] = status, ["grpc-message"] = message,
    ["content-type"] = string.find(kind, "^application/grpc%-web") and "application/grpc-web+proto" or "application/grpc",
  }, "")
end

-- The route of a request; nil if there is none, which it is answered.
local function find_route(handle, headers, method)
  local path, request_id = headers:get(":path"), headers:get("x-request-id")
  local place, why = opened(path)
  if place == nil then
    answer_status(handle, "400", status_of(3, "INVALID_PATH", "The path has " .. why .. ".", {}, request_id))
    return nil
  end
  local route = route_of(method, place)
  if route then
    local asked, fault = shielded(place, route)
    if route.rpc ~= "-" then asked, fault = queried(route, asked) end  -- else Envoy's own, which reads no query
    if fault then
      answer_status(handle, "400", refusal(fault, request_id))
      return nil
    end
    if asked ~= path then headers:replace(":path", asked) end
    return route
  end
  local methods = methods_of(place)
  if methods == nil then
    answer_status(handle, "404", status_of(5, "ROUTE_NOT_FOUND", "Nothing answers at this path.", {}, request_id))
  elseif method == "OPTIONS" then
    local told = {[":status"] = "204", ["allow"] = methods}
    handle:respond(is_upload_place(place) and with_tus(told) or told, "")
  else
    local told = "This path does not answer to " .. shortened(method, 20) .. ", but to " .. methods .. "."
    local refused = status_of(12, "METHOD_NOT_ALLOWED", told, {methods = methods}, request_id)
    answer_status(handle, "405", refused, {allow = methods})
  end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type") or ""
  local is_grpc = kind == "application/grpc" or string.sub(kind, 1, 17) == "application/grpc+" or GRPC_WEB[kind] == true
  if is_grpc and headers:get(":method") ~= "POST" then  -- gRPC knows no other method
    headers:remove("content-type")
    is_grpc = false
  end
  local coding = headers:get("content-encoding")
  if admit(headers, is_grpc) then
    if is_grpc then respond_grpc(handle, kind, "3", "the request's headers are too large")
    else handle:respond({[":status"] = "431"}, "") end
    return
  end
  local encoding = headers:get("grpc-encoding")
  if encoding ~= nil and not ENCODINGS[encoding] then
    return respond_grpc(handle, kind, "12", "the message's encoding is not understood")
  end
  -- Only a plain id is logged by the server. What comes back to the client must be the same one.
  local id = headers:get("x-request-id")
  if id ~= nil and (#id > 64 or string.find(id, "[^%w%-]")) then
    local plain = string.sub((string.gsub(id, "[^%w%-]", "")), 1, 64)
    headers:replace("x-request-id", plain ~= "" and plain or "unreadable")
  end
  if is_grpc then return end
  local method = meant_method(headers, headers:get(":method"))
  if headers:get("tus-resumable") ~= nil then handle:streamInfo():dynamicMetadata():set("gazette", "tus", true) end
  if method == "HEAD" then
    handle:streamInfo():dynamicMetadata():set("gazette", "head", true)
    headers:replace(":method", "GET")
    headers:remove("range")  -- which is GET's alone (RFC 9110 section 14.2)
  end
  local route = find_route(handle, headers, method == "HEAD" and "GET" or method)
  if route == nil then return end
  if route.is_lines then handle:streamInfo():dynamicMetadata():set("gazette", "lines", true) end
  -- A HEAD tells the length of the plain answer; a download's length and ranges count its own bytes.
  if method == "HEAD" or route.is_bytes then headers:remove("accept-encoding") end
  -- The transcoder strips content-length; an upload is checked against it.
  local length = headers:get("content-length")
  if length ~= nil then
    headers:add("x-declared-length", length)
    if (tonumber(length) or 0) > LARGEST_MESSAGE and not route.is_upload then
      return handle:respond({[":status"] = "413"}, "")
    end
  end
  if route.body == nil then return end
  local charset = string.match(string.lower(kind), ";%s*charset%s*=%s*\"?([^\"%s;]*)")
  if charset and not UTF_8[charset] or coding and string.lower(coding) ~= "identity" then
    return handle:respond({[":status"] = "415"}, "")
  end
  if route.body.field then handle:streamInfo():dynamicMetadata():set("gazette", "body_field", route.body.field) end
  scan_body(handle, route.body, headers:get("x-request-id"))
end

-- Lets a body through, and behind a fault nothing but what no parser takes: the transcoder refuses it then, whatever it is lenient
-- about, and envoy_on_response says why.
function scan_body(handle, body, request_id)
  local scan, is_refused = new_scan(body), false
  for chunk in handle:bodyChunks() do
    local text = chunk:getBytes(0, chunk:length())
    if is_refused then
      chunk:setBytes("")
    else
      local instead
      if scan.offset == 0 and scan.cut == "" and string.sub(text, 1, 3) == BYTE_ORDER_MARK then
        text = string.sub(text, 4)
        instead = text
      end
      local is_judged, changed = pcall(scan_chunk, scan, text)
      if not is_judged then  -- a defect of ours, which is to let nothing through
        handle:logErr(changed)
        scan.fault = scan.fault or {offset = scan.offset, why = "cannot be read", place = "", reason = "INVALID_JSON"}
        changed = "!"
      end
      instead = changed or instead
      if instead then chunk:setBytes(instead) end
      is_refused = scan.fault ~= nil
      if is_refused then refuse(handle, scan.fault, request_id) end  -- before the transcoder has the chunk
    end
  end
  scan_end(scan)
  if scan.offset > LARGEST_MESSAGE / 2 then  -- as a message it may be too large, which gRPC says in words of its own
    handle:streamInfo():dynamicMetadata():set("gazette", "request_id", request_id or "")
  end
  if scan.fault and not is_refused then refuse(handle, scan.fault, request_id) end
end

function refuse(handle, fault, request_id)
  handle:streamInfo():dynamicMetadata():set("gazette", "refusal", refusal(fault, request_id))
end

-- What an answer already varies by stays where the server says more.
local function varied(headers, value)
  local origin = string.find(headers:get("vary") or "", "Origin", 1, true)
  return origin and value .. ", Origin" or value
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type")
  if kind == nil then
    if headers:get("access-control-allow-methods") ~= nil then headers:replace("vary", "Origin") end  -- some CDNs keep preflights
    local request = handle:streamInfo():dynamicMetadata():get("gazette")
    kind = request and request["grpc_web"]  -- Envoy takes the type of its own answers away where there is no body
    if kind then headers:replace("content-type", kind) end
  end
  if string.sub(kind or "", 1, 16) == "application/grpc" then
    -- The gRPC-Web filter makes UNAVAILABLE of a 429, which clients would try again at once.
    if headers:get(":status") == "429" and headers:get("grpc-status") == "14" then headers:replace("grpc-status", "8") end
    if headers:get("grpc-status") == "8" and is_too_large(headers:get("grpc-message")) then
      headers:replace("grpc-status", "3")
      headers:replace("grpc-message", TOO_LARGE)
      headers:replace("grpc-status-details-bin", TOO_LARGE_DETAILS)
    end
    return
  end
  local request = handle:streamInfo():dynamicMetadata():get("gazette")
  if request ~= nil and request["tus"] then headers:replace("tus-resumable", TUS_VERSION) end
  local refused = request ~= nil and request["refusal"]
  if refused and headers:get(":status") == "400" then
    headers:replace("content-type", "application/json")
    headers:replace("content-length", tostring(#refused))
    headers:remove("content-encoding")
    handle:body(true):setBytes(refused)  -- waits for what it replaces
    return
  end
  local is_ok = headers:get(":status") == "200"
  if is_ok and request ~= nil and request["lines"] then headers:replace("content-type", "application/x-ndjson") end
  if headers:get(":status") == "400" and headers:get("x-http-status") == nil and not (request and request["head"]) then
    local body = handle:body()
    local told = body and transcoder_refusal(tostring(body:getBytes(0, body:length())), request and request["body_field"])
    headers = handle:headers()  -- those from before are gone
    if told then headers:replace("content-length", tostring(body:setBytes(told))) end
  end
  -- The server sends the headers of a single answer with its status, as the status' message: a line for each, percent-encoded.
  local told = headers:get("grpc-message")
  if told ~= nil then
    headers:remove("grpc-message")
    if is_ok then
      for name, value in string.gmatch(told, "([%w-]+): (.-)%%0A") do
        headers:replace(name, name == "vary" and varied(headers, decoded(value)) or decoded(value))
      end
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
  elseif status ~= nil and string.find(status, "^4") then  -- what its code alone would not say
    headers:replace(":status", status)
  elseif headers:get(":status") == "429" and headers:get("retry-after") == nil then
    local body = handle:body()
    if body ~= nil and is_too_large(tostring(body:getBytes(0, body:length()))) then
      local told = status_of(3, "REQUEST_TOO_LARGE", TOO_LARGE, {}, request and request["request_id"])
      handle:headers():replace("content-length", tostring(body:setBytes(told)))
      handle:headers():replace(":status", "413")
    end
  end
  local bodiless = status == "304" or status == "204"
  if bodiless then
    headers:remove("content-type")
    headers:remove("content-length")
    headers:remove("content-encoding")
    if not string.find(headers:get("vary") or "", "Accept-Encoding", 1, true) then headers:add("vary", "Accept-Encoding") end
  end
  if bodiless or (request ~= nil and request["head"]) then
    for chunk in handle:bodyChunks() do chunk:setBytes("") end
  end
end
