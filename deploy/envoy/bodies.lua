-- What JSON the contract takes: of what kinds the members of bodies are. For routes.lua and json.lua, which stand behind it.

local byte, sub, find, gsub = string.byte, string.sub, string.find, string.gsub

-- What is in them, and what enums there are, by name. `make proto` writes the lines: `enum`, its name and its values, and
-- `message`, its name and its fields with their kinds.
local MESSAGES, ENUMS = {}, {}

-- A kind is what a value may be: nil where it may be anything, or {opens, of, takes}: the bracket that it begins with, or none;
-- the kind of its elements, or of all members, or, as `message`, its fields; what first bytes a scalar has; as `values` what a
-- name of an enum's value stands for. `words` say what it must be.
local SCALARS = {
  s = {takes = '"', words = "a string"},
  n = {takes = '"0-', words = "a number"},
  b = {takes = '"tf', words = "true or false"},
}
local ANY = {opens = "{", words = "an object"}

local MOST_WORDS = 180  -- bytes of what is told of a kind: the server tells no more

local function kind_named(name)
  local inner = string.match(name, "^%[(.*)%]$")
  if inner then return {opens = "[", of = kind_named(inner), words = "an array"} end
  inner = string.match(name, "^{(.+)}$")
  if inner then return {opens = "{", of = kind_named(inner), words = "an object"} end
  inner = string.match(name, "^<(.+)>$")
  if inner then return ENUMS[inner] end
  if name == "*" then return ANY end
  return SCALARS[name] or {opens = "{", message = name, words = "an object"}
end

-- As many names as there is room for.
local function listed(names, most)
  local told, length = {}, 0
  for _, name in ipairs(names) do
    length = length + #name + 2
    if length > most then break end
    table.insert(told, name)
  end
  return table.concat(told, ", ") .. (#told < #names and " and " .. #names - #told .. " others" or "")
end

-- An enum's kind. A value is said in its long form, `BODY_FORMAT_HTML`, or in its short one, `html`: without what all of them
-- begin with, in lower case. What stands for none is not offered, but taken: answers have it.
local function enum_of(name, names)
  local words_of_name = gsub(string.match(name, "[^.]+$"), "(%l)(%u)", "%1_%2")
  local prefix = string.upper(words_of_name) .. "_"
  local values, long, short = {}, {}, {}
  for each in string.gmatch(names, "%S+") do
    values[each] = each
    if not find(each, "_UNSPECIFIED$") then
      table.insert(long, each)
      if sub(each, 1, #prefix) == prefix then
        local word = string.lower(sub(each, #prefix + 1))
        values[word] = each
        table.insert(short, word)
      end
    end
  end
  local words = "one of " .. table.concat(long, ", ") .. " (or " .. table.concat(short, ", ") .. ")"
  if #words > MOST_WORDS then words = "one of " .. listed(short, MOST_WORDS - 20) end
  return {takes = '"0-', values = values, words = words}
end

-- The names of a message's fields.
function names_of(message)
  local names = {}
  for name, field in pairs(MESSAGES[message]) do
    if name == field.name then table.insert(names, name) end
  end
  return names
end

local function camel(name)
  return (gsub(name, "_(.)", string.upper))
end

for line in string.gmatch(CONTRACT_BODIES, "[^\n]+") do
  local what, name, rest = string.match(line, "^(%S+) (%S+) ?(.*)$")
  if what == "enum" then
    ENUMS[name] = enum_of(name, rest)
  else
    local fields = {}
    for field_name, kind in string.gmatch(rest, "([%w_]+):(%S+)") do
      local field = {name = camel(field_name), kind = kind_named(kind)}
      fields[field_name], fields[field.name] = field, field
    end
    MESSAGES[name] = fields
  end
end
