-- What numbers and strings of JSON may be, and mean. For json.lua, which stands behind it.

local LARGEST_EXACT, UNCOUNTED = 2 ^ 53, 2 ^ 64  -- of server/rpc/numbers.py, which says why
local SMALLEST_NORMAL = 2.2250738585072014e-308

-- The significant digits of a number that is written in decimals.
local function digits_of(text)
  local digits = gsub(gsub(gsub(text, "[eE].*$", ""), "[-.]", ""), "^0+", "")
  return (gsub(digits, "0+$", ""))
end

-- By how many characters of a number are digits.
local FORMATS = {}
for digits = 15, 17 do FORMATS[digits] = "%." .. digits .. "g" end

-- Whether a double holds the number that this text is, to the last digit that is written.
function is_exact(text)
  if #text <= 15 and not find(text, "[eE]") then return true end
  local value = tonumber(text)
  if value == nil then return false end  -- an exponent of many digits
  local zero = find(text, "^-?0%.")  -- which is no significant digit
  local format = FORMATS[#text - (zero and 2 or 1) - (byte(text) == 45 and 1 or 0)]
  if format and string.format(format, value) == text then return true end  -- as most programs write one
  value = math.abs(value)
  if value >= LARGEST_EXACT and value < UNCOUNTED or value == math.huge then return false end
  local digits = digits_of(text)
  if value == 0 or #digits == 0 then return #digits == 0 end
  if #digits <= 15 and value >= SMALLEST_NORMAL then return true end
  return #digits <= 99 and digits_of(string.format("%." .. #digits - 1 .. "e", value)) == digits
end

local function is_number(text)
  if find(text, "^%d$") or find(text, "^-?[1-9]%d*$") then return true end
  local rest = string.match(text, "^-?0(.*)$") or string.match(text, "^-?[1-9]%d*(.*)$")
  if rest == nil then return false end
  rest = string.match(rest, "^%.%d+(.*)$") or rest
  return rest == "" or find(rest, "^[eE][+-]?%d+$") ~= nil
end

local function utf8(code)
  if code < 0x80 then return string.char(code) end
  local tail = string.char(0x80 + code % 64)
  code = math.floor(code / 64)
  if code < 32 then return string.char(0xC0 + code) .. tail end
  tail = string.char(0x80 + code % 64) .. tail
  code = math.floor(code / 64)
  if code < 16 then return string.char(0xE0 + code) .. tail end
  return string.char(0xF0 + math.floor(code / 64), 0x80 + code % 64) .. tail
end

local ESCAPED = {b = "\b", f = "\f", n = "\n", r = "\r", t = "\t"}

-- What a name is that is written with escapes, all of which are good.
local function unescaped(name)
  name = gsub(name, "\\u([dD][89aAbB]%x%x)\\u(%x%x%x%x)", function(high, low)
    return utf8(0x10000 + (tonumber(high, 16) - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00)
  end)
  name = gsub(name, "\\u(%x%x%x%x)", function(digits) return utf8(tonumber(digits, 16)) end)
  return (gsub(name, "\\(.)", function(letter) return ESCAPED[letter] or letter end))
end

-- What the second half of a surrogate pair looks like, as far as it is there.
local PAIRED = {
  "^\\$", "^\\u$", "^\\u[dD]$", "^\\u[dD][c-fC-F]$", "^\\u[dD][c-fC-F]%x$", "^\\u[dD][c-fC-F]%x%x$",
}

-- How long the escape is that begins here and is not of one letter: nil if it is cut off, 0 if it is none.
local function escape_length(text, at)
  local letter = sub(text, at + 1, at + 1)
  if letter == "" then return nil end
  if letter ~= "u" then return 0 end
  local digits = sub(text, at + 2, at + 5)
  if not find(digits, "^%x*$") then return 0 end
  if #digits < 4 then return nil end
  local code = tonumber(digits, 16)
  if code < 0xD800 or code > 0xDFFF then return 6 end
  if code > 0xDBFF then return 0 end
  local low = sub(text, at + 6, at + 11)
  if #low == 0 or #low < 6 and find(low, PAIRED[#low]) then return nil end
  return find(low, PAIRED[6]) and 12 or 0
end
