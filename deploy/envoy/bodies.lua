-- What JSON the contract takes: what bodies there are, and of what kinds their members. For json.lua, which stands behind it.

local byte, sub, find, gsub = string.byte, string.sub, string.find, string.gsub

-- What bodies there are, by method and the first segment of the path, and what is in them. `make proto` writes the lines:
-- `POST /v1/documents document gazette.content.v1.Document`, and `message`, its name and its fields with their kinds.
local BODIES = {}
local MESSAGES = {}

-- A kind is what a value may be: nil where it may be anything, or {opens, of, takes}: the bracket that it begins with, or none;
-- the kind of its elements, or of all members, or, as `message`, its fields; what first bytes a scalar has.
local SCALARS = {
  s = {takes = '"', words = "a string"},
  e = {takes = '"0-', words = "a name or a number"},
  n = {takes = '"0-', words = "a number"},
  b = {takes = '"tf', words = "true or false"},
}
local ANY = {opens = "{", words = "an object"}

local function kind_named(name)
  local inner = string.match(name, "^%[(.*)%]$")
  if inner then return {opens = "[", of = kind_named(inner), words = "an array"} end
  inner = string.match(name, "^{(.+)}$")
  if inner then return {opens = "{", of = kind_named(inner), words = "an object"} end
  if name == "*" then return ANY end
  return SCALARS[name] or {opens = "{", message = name, words = "an object"}
end

local function camel(name)
  return (gsub(name, "_(.)", string.upper))
end

for line in string.gmatch(CONTRACT_BODIES, "[^\n]+") do
  local first, second, rest = string.match(line, "^(%S+) (%S+) ?(.*)$")
  if first == "message" then
    local fields = {}
    for name, kind in string.gmatch(rest, "([%w_]+):(%S+)") do
      local field = {name = name, kind = kind_named(kind)}
      fields[name], fields[camel(name)] = field, field
    end
    MESSAGES[second] = fields
  else
    local place = first .. string.match(second, "^/v1/[^/:]+")
    local pattern = gsub(gsub(second, "[%-%.]", "%%%0"), "{[^}]*}", "[^/]+")
    local field, kind = string.match(rest, "^(%S+) (%S+)$")
    BODIES[place] = BODIES[place] or {}
    table.insert(BODIES[place], {pattern = "^" .. pattern .. "$", field = field ~= "*" and field or nil, kind = kind_named(kind)})
  end
end

-- The body that the contract knows for this method and path; nil for none, and for one that is no JSON. Slashes at the end are none
-- to the transcoder.
function body_of(method, path)
  path = gsub(string.match(path, "^[^?]*"), "/+$", "")
  for _, body in ipairs(BODIES[method .. (string.match(path, "^/v1/[^/:]+") or "")] or {}) do
    if find(path, body.pattern) then return body end
  end
end
