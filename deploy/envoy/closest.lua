-- What somebody probably meant who wrote a name that is not known. For those that stand behind it.

local LONGEST_MEANT = 40  -- of a name that is compared with others: no field's is as long

-- How a name reads, capitals and underscores aside.
local function plain(name) return (gsub(string.lower(name), "[_%-]", "")) end

-- How many letters are to be changed, left out, put in or swapped with their neighbours to make one text of the other (the
-- optimal string alignment distance).
local function distance(one, other)
  local before, last, row = {}, {}, {}
  for at = 0, #other do last[at] = at end
  for i = 1, #one do
    row = {[0] = i}
    for j = 1, #other do
      local differs = byte(one, i) ~= byte(other, j) and 1 or 0
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + differs)
      if i > 1 and j > 1 and byte(one, i) == byte(other, j - 1) and byte(one, i - 1) == byte(other, j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#other]
end

-- The one of these names that is closest to a name, if any is close. Of two that are as close it is the first in the alphabet.
function closest(name, names)
  if #name > LONGEST_MEANT then return nil end
  local written, found, least = plain(name), nil, nil
  for _, each in ipairs(names) do
    local known = plain(each)
    if math.abs(#known - #written) <= 2 then
      local steps = distance(written, known)
      local is_closer = least == nil or steps < least or steps == least and each < found
      if is_closer and steps <= math.min(2, math.floor(#known / 3)) then found, least = each, steps end
    end
  end
  return found
end

-- What to say of a name that is not known.
function meant(name, names)
  local found = closest(name, names)
  return found and "; did you mean " .. found .. "?" or ""
end
