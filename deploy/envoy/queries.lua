-- What a request's query may be: the parameters that the contract knows for its route, each once unless it is a list, and the
-- values of enums. For rest.lua, which stands behind it. What else a value has to be the transcoder knows.

local function parameter_names(route)
  local names = {}
  for name in pairs(route.parameters) do table.insert(names, camel(name)) end
  return names
end

local function snake(name)
  return (gsub(name, "%u", function(letter) return "_" .. string.lower(letter) end))
end

-- The contract's name of a parameter, which may be written in either way.
local function parameter_of(route, name)
  if route.parameters[name] then return name end
  local known = snake(name)
  return route.parameters[known] and camel(known) == name and known or nil
end

-- Why the contract has no such parameter here.
local function foreign(route, name)
  local body = route.body
  local field = string.match(name, "([^.]*)$")
  if route.variables[name] or route.variables[snake(name)] then return "is a part of the path, and no parameter" end
  local fields = body and MESSAGES[body.kind.message]
  if fields and fields[field] then return "belongs into the body, and is no parameter" end
  return "is no parameter here" .. meant(name, parameter_names(route))
end

-- The path with its query as the transcoder takes it; or nil, and what is wrong with which parameter.
function queried(route, path)
  local place, query = string.match(path, "^([^?]*)%?(.*)$")
  if place == nil then return path end
  local seen, parts, is_changed = {}, {}, false
  for part in string.gmatch(query, "[^&]+") do
    local name, value = string.match(part, "^([^=]*)=?(.*)$")
    local known = parameter_of(route, name)
    if known == nil then
      local written = shortened(decoded(name), LONGEST_PLACE)
      return nil, {place = written, why = foreign(route, written), reason = "UNKNOWN_FIELD"}
    end
    local kind = route.parameters[known]
    if seen[known] and kind.opens ~= "[" then
      return nil, {place = camel(known), why = "is there twice", reason = "INVALID_ARGUMENT"}
    end
    seen[known] = true
    local of = kind.of or kind
    if of.values then
      local said = decoded(gsub(value, "+", " "))
      local long = of.values[said]
      if long == nil and not find(said, "^-?%d+$") then
        return nil, {place = camel(known), why = "must be " .. of.words, reason = "INVALID_ARGUMENT"}
      end
      if long ~= nil and long ~= value then part, is_changed = name .. "=" .. long, true end
    end
    table.insert(parts, part)
  end
  return is_changed and place .. "?" .. table.concat(parts, "&") or path
end
