-- What is known while a body is looked at: where the scan is, what was found, and what of a chunk goes on. For json.lua, which
-- stands behind it.

local VALUE, ELEMENT, NAME, NEXT_NAME, COLON, AFTER, TEXT, NAME_TEXT, END = 1, 2, 3, 4, 5, 6, 7, 8, 9

function new_scan(body)
  return {  -- `cut` is what of the chunk before is looked at again; it is held back if it may have to be written otherwise
    state = VALUE, depth = 0, offset = 0, cut = "", is_held = false, copied = 0, kind = body.kind,
    opened = {}, kinds = {}, places = {}, seen = {}, lengths = {}, length = 0, values = 0,
    begun = {length = 0},
  }
end

-- Where in the body the scan is: `details.parts[3]`.
local function place_of(scan)
  local parts = {}
  for level = 1, scan.depth do
    local at = scan.places[level]
    if scan.opened[level] == "[" then
      table.insert(parts, "[" .. (at or 0) .. "]")
    elseif at ~= nil then
      table.insert(parts, (#parts > 0 and "." or "") .. at)
    end
  end
  return table.concat(parts)
end

-- What is wrong, and from where on nothing of this chunk goes on.
local function fail(scan, at, why, reason)
  scan.fault = {offset = scan.offset + at - 1, why = why, place = place_of(scan), reason = reason or "INVALID_JSON"}
  scan.fault_at = at
  return at
end

-- Puts something else in the place of these bytes.
local function rewrite(scan, text, first, last, instead)
  scan.pieces = scan.pieces or {}
  table.insert(scan.pieces, sub(text, scan.copied + 1, first - 1))
  table.insert(scan.pieces, instead)
  scan.copied = last
end

-- What of a text goes on, up to this place.
local function taken(scan, text, last)
  local rest = sub(text, scan.copied + 1, last)
  return scan.pieces and table.concat(scan.pieces) .. rest or rest
end
