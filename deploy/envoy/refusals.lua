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
