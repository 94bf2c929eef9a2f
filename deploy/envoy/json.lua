-- Whether a request's body is I-JSON (RFC 7493), and its members are those of the contract, of their kinds: the transcoder behind
-- this is lenient, and what it makes of a body is not always what the body says (docs/decisions/0026-requests-are-i-json.md, 0034).
-- A body is looked at as it comes, a chunk at a time, and nothing of it is kept but what is cut in the middle of something, and
-- the names of the objects that are still open. In the same pass the short names of enums' values become the long ones, which the
-- transcoder knows.

local DEEPEST = 32  -- the transcoder and protobuf end at about as much, with errors of their own
local LONGEST_NUMBER = 1000
local LONGEST_NAME = 65536
local LONGEST_VALUE = 200  -- of an enum, escaped as it may be: what is longer is none
local MOST_VALUES = 50000  -- of a message; the server takes half as many
local LONGEST_NAMES = 4194304  -- bytes of the names of all open objects; as long as a message may be

-- By a byte's number: what needs no look inside a string; white space; how many bytes follow this one in UTF-8.
local PLAIN, SPACE, FOLLOWING = {}, {}, {}
for code = 0, 255 do
  PLAIN[code] = code >= 32 and code < 128 and code ~= 34 and code ~= 92
  SPACE[code] = code == 32 or code == 10 or code == 13 or code == 9
  FOLLOWING[code] = code >= 194 and code < 224 and 1 or code >= 224 and code < 240 and 2 or code >= 240 and code < 245 and 3 or 0
end
local LOWEST = {[0xE0] = 0xA0, [0xF0] = 0x90}  -- of the second byte; less would be too long a form
local HIGHEST = {[0xED] = 0x9F, [0xF4] = 0x8F}  -- more would be a surrogate, or no code point
local LETTERS = {}
for code = 0, 255 do LETTERS[code] = find('"\\/bfnrt', string.char(code), 1, true) ~= nil end
local LITERALS = {[byte("t")] = "true", [byte("f")] = "false", [byte("n")] = "null"}

local MISSING = {
  [VALUE] = "a value is missing", [ELEMENT] = "a value or ] is missing", [NAME] = "a name in double quotes or } is missing",
  [NEXT_NAME] = "a name in double quotes is missing", [COLON] = "a colon is missing", [END] = "something follows the end",
}

-- Opens an object or an array. What is wrong is said, or nothing.
local function open(scan, bracket)
  local kind = scan.kind
  if kind ~= nil and kind.opens ~= bracket then return "must be " .. kind.words end
  if scan.depth == DEEPEST then return "is nested more than " .. DEEPEST .. " deep" end
  scan.values = scan.values + 1
  local depth = scan.depth + 1
  scan.depth, scan.opened[depth], scan.kinds[depth] = depth, bracket, kind
  if bracket == "{" then
    scan.places[depth], scan.seen[depth], scan.lengths[depth] = nil, {}, 0
    scan.state = NAME
  else
    scan.places[depth], scan.kind = 0, kind and kind.of
    scan.state = ELEMENT
  end
end

local function close(scan)
  local depth = scan.depth
  if scan.opened[depth] == "{" then
    scan.length, scan.seen[depth] = scan.length - scan.lengths[depth], nil
  end
  scan.depth = depth - 1
  scan.state = depth == 1 and END or AFTER
end

-- A name is complete: what its value may be. What is wrong is said, or nothing, and the reason.
local function name(scan, text)
  local depth = scan.depth
  local kind = scan.kinds[depth]
  local known = text
  if kind == nil or kind.message == nil then
    scan.kind = kind and kind.of
  else
    local field = MESSAGES[kind.message][text]
    if field == nil then return "is no field here" .. meant(text, names_of(kind.message)), "UNKNOWN_FIELD" end
    known, scan.kind = field.name, field.kind
    scan.places[depth] = known
  end
  local other = scan.seen[depth][known]
  if other then return other == text and "is there twice" or "is there twice, as " .. other .. " and as " .. text end
  scan.seen[depth][known] = text
  scan.lengths[depth], scan.length = scan.lengths[depth] + #text + 4, scan.length + #text + 4
  if scan.length > LONGEST_NAMES then return "is one name too many: the objects are too large" end
end

-- Looks through the inside of a string from here. The place behind it, or nil and where it is cut off.
local function text_end(scan, text, at)
  local last = #text
  while true do
    while at <= last and PLAIN[byte(text, at)] do at = at + 1 end
    if at > last then return nil, at end
    local code = byte(text, at)
    if code == 34 then return at + 1 end
    if code == 92 then
      local length = LETTERS[byte(text, at + 1) or 0] and 2 or escape_length(text, at)
      if length == nil then return nil, at end
      if length == 0 then return fail(scan, at, "has an escape that is none, or half of a surrogate pair") end
      scan.has_escape = true
      at = at + length
    elseif code < 32 then
      return fail(scan, at, "has a control character in a string, which must be escaped")
    else
      local following = FOLLOWING[code]
      if following == 0 then return fail(scan, at, "is not UTF-8") end
      for behind = 1, following do
        local next_code = byte(text, at + behind)
        if next_code == nil then return nil, at end
        local lowest, highest = behind == 1 and LOWEST[code] or 0x80, behind == 1 and HIGHEST[code] or 0xBF
        if next_code < lowest or next_code > highest then return fail(scan, at, "is not UTF-8") end
      end
      at = at + following + 1
    end
  end
end

-- A string, or the rest of one, begins here: the place behind it, or nil and where it is cut off.
local function string_from(scan, text, at)
  local behind, cut = text_end(scan, text, at)
  if scan.fault then return at end
  local is_name = scan.state == NAME_TEXT
  if behind == nil then
    if is_name then
      table.insert(scan.begun, sub(text, at, cut - 1))
      scan.begun.length = scan.begun.length + cut - at
      if scan.begun.length > LONGEST_NAME then return fail(scan, at, "has a name that is too long") end
    end
    return nil, cut
  end
  if not is_name then
    scan.state = AFTER
    return behind
  end
  local inside = sub(text, at, behind - 2)
  if scan.begun.length > 0 then inside = table.concat(scan.begun) .. inside end
  if #inside > LONGEST_NAME then return fail(scan, at, "has a name that is too long") end
  if scan.has_escape then inside = unescaped(inside) end
  scan.places[scan.depth] = inside
  scan.state = COLON
  local why, reason = name(scan, inside)
  if why then
    fail(scan, at, why, reason)
    scan.fault.offset = scan.name_offset  -- it may have begun in another chunk
  end
  return behind
end

-- The name of an enum's value begins here: the place behind it, or nil if it goes on in the next chunk. Then it is held back,
-- since it may be a short one.
local function enum_from(scan, text, at)
  scan.has_escape = false
  local behind = text_end(scan, text, at + 1)
  if scan.fault then return at end
  local is_long = (behind or #text) - at > LONGEST_VALUE
  if behind == nil and not is_long then
    scan.is_held = true
    return nil, at
  end
  local written = is_long and "" or sub(text, at + 1, behind - 2)
  local said = scan.has_escape and unescaped(written) or written
  local value = scan.kind.values[said]
  if value == nil and not find(said, "^-?%d+$") then  -- a number the transcoder knows
    return fail(scan, at, "must be " .. scan.kind.words, "INVALID_ARGUMENT")
  end
  if value ~= nil and value ~= written then rewrite(scan, text, at + 1, behind - 2, value) end
  scan.state, scan.values = AFTER, scan.values + 1
  return behind
end

-- A number, true, false or null begins here: the place behind it, or nil if it may go on in the next chunk.
local function scalar_from(scan, text, at, first)
  local literal = LITERALS[first]
  local _, last = find(text, literal and "^%a*" or "^[%d+%-.eE]*", at)
  if last < at then
    return fail(scan, at, first < 128 and first ~= 0 and MISSING[scan.state] or "has what is no UTF-8, or stands outside of strings")
  end
  local written = sub(text, at, last)
  if last == #text and #written <= LONGEST_NUMBER then return nil end
  if literal then
    if written ~= literal then return fail(scan, at, "has a word that JSON does not know") end
  elseif #written > LONGEST_NUMBER or not is_number(written) then
    return fail(scan, at, "has a number that is not written as JSON's are")
  elseif not is_exact(written) then
    return fail(scan, at, "is a number that a double does not hold exactly; send it as a string")
  end
  scan.state, scan.values = AFTER, scan.values + 1
  return last + 1
end

local function value_from(scan, text, at, code)
  local why
  if scan.values >= MOST_VALUES and not (code == 93 and scan.state == ELEMENT) then
    why = "is one value too many: the message has more than " .. MOST_VALUES
  elseif code == 123 then
    why = open(scan, "{")
  elseif code == 91 then
    why = open(scan, "[")
  elseif code == 93 and scan.state == ELEMENT then
    close(scan)
  else
    local kind = scan.kind
    local takes = kind and kind.takes
    local is_start = code == 34 or code == 45 or code >= 48 and code <= 57 or LITERALS[code]
    if is_start and (scan.depth == 0 or kind and code ~= 110) then
      local class = code >= 48 and code <= 57 and "0" or string.char(code)
      if takes == nil or not find(takes, class, 1, true) then return fail(scan, at, "must be " .. kind.words) end
    end
    if code == 34 and kind and kind.values then return enum_from(scan, text, at) end
    if code == 34 then
      scan.state, scan.has_escape, scan.values = TEXT, false, scan.values + 1
      return string_from(scan, text, at + 1)
    end
    return scalar_from(scan, text, at, code)
  end
  if why then return fail(scan, at, why) end
  return at + 1
end

-- What comes after a value, a name or the end.
local function mark_from(scan, text, at, code)
  local state = scan.state
  if (state == NAME or state == NEXT_NAME) and code == 34 then
    scan.state, scan.has_escape, scan.name_offset = NAME_TEXT, false, scan.offset + at
    if scan.begun.length > 0 then scan.begun = {length = 0} end
    return string_from(scan, text, at + 1)
  end
  if state == COLON and code == 58 then
    scan.state = VALUE
    return at + 1
  end
  if state == NAME and code == 125 then
    close(scan)
    return at + 1
  end
  if state ~= AFTER then return fail(scan, at, MISSING[state]) end
  local is_object = scan.opened[scan.depth] == "{"
  if code == 44 then
    if is_object then
      scan.state = NEXT_NAME
    else
      local kind = scan.kinds[scan.depth]
      if scan.depth == 1 then scan.values = 0 end  -- another message of a stream
      scan.places[scan.depth], scan.kind, scan.state = scan.places[scan.depth] + 1, kind and kind.of, VALUE
    end
    return at + 1
  end
  if code == (is_object and 125 or 93) then
    close(scan)
    return at + 1
  end
  return fail(scan, at, "a comma or the closing bracket is missing")
end

-- Looks through the next chunk. What is to go on in its place, or nil if it goes on as it is. Behind a fault that is what no
-- parser takes.
function scan_chunk(scan, chunk)
  local text = scan.cut ~= "" and scan.cut .. chunk or chunk
  local is_whole = not scan.is_held
  scan.copied = is_whole and #scan.cut or 0
  scan.cut, scan.is_held, scan.pieces = "", false, nil
  local at, last, cut = 1, #text, nil
  if scan.state == TEXT or scan.state == NAME_TEXT then at, cut = string_from(scan, text, 1) end
  while at ~= nil and at <= last and not scan.fault do
    local code = byte(text, at)
    if SPACE[code] then
      at = at + 1
    elseif scan.state <= ELEMENT then
      local from = at
      at, cut = value_from(scan, text, at, code)
      cut = cut or from
    else
      at, cut = mark_from(scan, text, at, code)
    end
  end
  if scan.fault then return taken(scan, text, scan.fault_at - 1) .. "!" end
  if at == nil then scan.cut = sub(text, cut) end
  scan.offset = scan.offset + last - #scan.cut
  if scan.is_held then return taken(scan, text, cut - 1) end
  if scan.pieces or not is_whole then return taken(scan, text, last) end
end

-- The body is over.
function scan_end(scan)
  if scan.fault or scan.offset == 0 and scan.cut == "" then return end
  if scan.state ~= END then fail(scan, #scan.cut + 1, "ends before it is complete") end
end
