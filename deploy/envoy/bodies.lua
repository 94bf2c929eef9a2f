-- What JSON the contract takes: of what kinds the members of bodies are. For routes.lua and json.lua, which stand behind it.

local byte, sub, find, gsub = string.byte, string.sub, string.find, string.gsub

-- What is in them. `make proto` writes the lines: `message`, its name and its fields with their kinds.
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
  local message, rest = string.match(line, "^message (%S+) ?(.*)$")
  local fields = {}
  for name, kind in string.gmatch(rest, "([%w_]+):(%S+)") do
    local field = {name = name, kind = kind_named(kind)}
    fields[name], fields[camel(name)] = field, field
  end
  MESSAGES[message] = fields
end
