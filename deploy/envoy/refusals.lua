-- What is told of a request that is refused here, or by the transcoder: the google.rpc.Status that the server would write. For
-- queries.lua and rest.lua, which stand behind it.

local LONGEST_PLACE = 120  -- of a field's name

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\\127]', function(char) return string.format("\\u%04x", byte(char)) end) .. '"'
end

-- At most so many bytes of it, and no half of a character.
local function shortened(text, most)
  if #text <= most then return text end
  return (gsub(sub(text, 1, most), "[\192-\255]?[\128-\191]*$", "")) .. "…"
end

local function decoded(text)
  return (gsub(text, "%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local KIND = '{"@type":"type.googleapis.com/google.rpc.'

-- A Status in JSON. `metadata` is the ErrorInfo's; `violation`, if there is one, a field and what is wrong with it.
function status_of(code, reason, message, metadata, request_id, violation)
  local told = {}
  for name, value in pairs(metadata) do table.insert(told, quoted(name) .. ":" .. quoted(value)) end
  table.sort(told)
  local parts = {
    KIND .. 'ErrorInfo","reason":"' .. reason .. '","domain":"gazette","metadata":{' .. table.concat(told, ",") .. "}}",
  }
  if violation then
    table.insert(parts, KIND .. 'BadRequest","fieldViolations":[{"field":' .. quoted(violation.field) .. ',"description":'
      .. quoted(violation.description) .. ',"reason":""}]}')
  end
  table.insert(parts, KIND .. 'RequestInfo","requestId":' .. quoted(request_id or "") .. ',"servingData":""}')
  return '{"code":' .. code .. ',"message":' .. quoted(message) .. ',"details":[' .. table.concat(parts, ",") .. "]}"
end

-- Answers a request of HTTP with such a Status; `more` are headers of its own. What Envoy says of that status by itself is not
-- said.
function answer_status(handle, status, body, more)
  handle:streamInfo():dynamicMetadata():set("gazette", "is_answered", true)
  local headers = {[":status"] = status, ["content-type"] = "application/json"}
  for name, value in pairs(more or {}) do headers[name] = value end
  handle:respond(headers, body)
end

-- What is wrong with a request, at a place of it, by a fault that was found: in its body, at a byte, or in its query.
function refusal(fault, request_id)
  local place = shortened(fault.place, LONGEST_PLACE)
  local told = (place ~= "" and place or fault.offset and "The body is not JSON" or "The request") .. ": " .. fault.why
  local metadata = {}
  if fault.offset then
    told, metadata.offset = told .. " (at byte " .. fault.offset .. ")", tostring(fault.offset)
  end
  if not find(told, "[.?]$") then told = told .. "." end
  local violation = place ~= "" and {field = place, description = fault.why} or nil
  return status_of(3, fault.reason, told, metadata, request_id, violation)
end

-- What a value has to be that the transcoder cannot read, by the type that it names.
local WANTED = {
  TYPE_INT32 = "a whole number of 32 bits", TYPE_UINT32 = "a whole number of 32 bits, not below zero",
  TYPE_INT64 = "a whole number of 64 bits", TYPE_UINT64 = "a whole number of 64 bits, not below zero",
  TYPE_DOUBLE = "a number", TYPE_FLOAT = "a number", TYPE_BOOL = "true or false", TYPE_BYTES = "bytes in base64",
  ["google.protobuf.Timestamp"] = "a time (RFC 3339), such as 2026-11-29T12:00:00Z",
  ["google.protobuf.Duration"] = "a duration in seconds, such as 90s or 1.5s",
  ["google.protobuf.FieldMask"] = "names of fields with commas in between, such as title,bodyFormat",
}

-- A field that the transcoder names, in JSON's names and without that of the body. What stands in brackets is the caller's own.
local function named_in_json(place, body_field)
  if body_field and sub(place, 1, #body_field + 1) == body_field .. "." then place = sub(place, #body_field + 2) end
  return (gsub(place, "([^%[]+)(%[?[^%]]*%]?)", function(name, element) return camel(name) .. element end))
end

-- The Status of what the transcoder has refused, by the one that Envoy has made of it; nil if it was somebody else.
-- `body_field` is the field that the body is.
function transcoder_refusal(status, body_field)
  local told = string.match(status, 'grpc_json_transcode_failure{[%u_]*}%) (.-[^\\])"')
  if told == nil or not find(status, '"reason":"BAD_REQUEST"', 1, true) then return nil end
  local fault = {place = "", why = "is malformed", reason = "BAD_REQUEST"}
  local place, value, kind = string.match(told, "^(%S-): invalid value (.*) for type ([%w_./]+)$")
  local second = place and string.match(value, "^oneof field '.*' is already set%. Cannot set '([%w_]+)'$")
  local bound = string.match(told, "^The binding value .* of the field (%S+) is conflicting with the value .* in the body%.$")
  if second then
    place = named_in_json((place ~= "" and place .. "." or "") .. second, body_field)
    fault = {place = place, why = "is the second of those of which there may be one", reason = "INVALID_ARGUMENT"}
  elseif place then
    local type_name = gsub(kind, "^.*/", "")
    local wanted = ENUMS[type_name] and ENUMS[type_name].words or WANTED[type_name] or "another value"
    fault = {place = named_in_json(place, body_field), why = "must be " .. wanted, reason = "INVALID_ARGUMENT"}
  elseif bound then
    place = named_in_json(bound, body_field)
    fault = {place = place, why = "is another one in the path than in the body", reason = "INVALID_ARGUMENT"}
  end
  return refusal(fault, string.match(status, '"requestId":"([^"]*)"'))
end
