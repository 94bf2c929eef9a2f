-- What is told of a body that is refused. For rest.lua, which stands behind it.

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\\127]', function(char) return string.format("\\u%04x", byte(char)) end) .. '"'
end

-- At most so many bytes of it, and no half of a character.
local function shortened(text, most)
  if #text <= most then return text end
  return (gsub(sub(text, 1, most), "[\192-\255]?[\128-\191]*$", "")) .. "…"
end

-- The refusal, as the server would write it.
function refusal(fault, request_id)
  local place = shortened(fault.place, 120)
  local told = (place ~= "" and place or "The body is not JSON") .. ": " .. fault.why .. " (at byte " .. fault.offset .. ")."
  local kind = '{"@type":"type.googleapis.com/google.rpc.'
  local violation = place == "" and "" or kind .. 'BadRequest","fieldViolations":[{"field":' .. quoted(place) .. ',"description":'
    .. quoted(fault.why) .. ',"reason":""}]},'
  return '{"code":3,"message":' .. quoted(told) .. ',"details":[' .. kind
    .. 'ErrorInfo","reason":"INVALID_JSON","domain":"gazette","metadata":{"offset":"' .. fault.offset .. '"}},' .. violation
    .. kind .. 'RequestInfo","requestId":' .. quoted(request_id or "") .. ',"servingData":""}]}'
end

-- A google.rpc.Status in JSON, as the server writes one; `metadata` is the ErrorInfo's.
function status_of(code, reason, message, metadata, request_id)
  local told = {}
  for name, value in pairs(metadata) do table.insert(told, quoted(name) .. ":" .. quoted(value)) end
  table.sort(told)
  local kind = '{"@type":"type.googleapis.com/google.rpc.'
  return '{"code":' .. code .. ',"message":' .. quoted(message) .. ',"details":[' .. kind .. 'ErrorInfo","reason":"' .. reason
    .. '","domain":"gazette","metadata":{' .. table.concat(told, ",") .. '}},' .. kind .. 'RequestInfo","requestId":'
    .. quoted(request_id or "") .. ',"servingData":""}]}'
end

-- Answers a request of HTTP with such a Status; `more` are headers of its own. What Envoy says of that status by itself is not said.
function answer_status(handle, status, body, more)
  handle:streamInfo():dynamicMetadata():set("gazette", "is_answered", true)
  local headers = {[":status"] = status, ["content-type"] = "application/json"}
  for name, value in pairs(more or {}) do headers[name] = value end
  handle:respond(headers, body)
end
