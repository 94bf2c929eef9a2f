-- The contract's HTTP surface, as a tree of the segments of its path templates: whose a request is. For rest.lua, which stands
-- behind it. It is stricter than the transcoder, to which a custom verb is one segment more (`/v1/documents/x/publish`).

-- A node is what may follow a path's beginning: `literals`, nodes by segment; `any`, the node behind a variable; `rest`, what ends
-- in a variable of all segments that are left; `ends`, what ends here: by custom verb ("" for none) and by method, a route.
local function new_node() return {literals = {}, ends = {}} end

local ROOT = new_node()
local CUSTOM_VERBS = {}  -- of all templates: the transcoder knows no others
local PLAIN_PATHS = {}  -- by RPC, its path without a variable

local function add(method, template, route)
  local stem, verb = string.match(template, "^(.-):([^/:{}]+)$")
  stem, verb = stem or template, verb or ""
  if verb ~= "" then CUSTOM_VERBS[verb] = true end
  local node = ROOT
  route.variables = {}
  for segment in string.gmatch(stem, "[^/]+") do
    local is_variable = sub(segment, 1, 1) == "{"
    route.is_open = is_variable
    if is_variable then route.variables[string.match(string.match(segment, "^{([%w_.]+)"), "[%w_]+$")] = true end
    if find(segment, "=**}", 1, true) then
      node.rest = node.rest or {ends = {}}
      node, route.is_rest = node.rest, true
    elseif is_variable then
      node.any = node.any or new_node()
      node = node.any
    else
      node.literals[segment] = node.literals[segment] or new_node()
      node = node.literals[segment]
    end
  end
  if verb ~= "" then route.is_open = false end
  node.ends[verb] = node.ends[verb] or {}
  node.ends[verb][method] = route
  if not find(template, "{", 1, true) then PLAIN_PATHS[route.rpc] = template end
end

for line in string.gmatch(CONTRACT_ROUTES, "[^\n]+") do
  local method, template, rpc, content, rest = string.match(line, "^(%S+) (%S+) (%S+) (%S+) ?(.*)$")
  local route = {rpc = rpc, parameters = {}, is_lines = find(" " .. rest, " lines$") ~= nil}
  route.is_bytes = find(" " .. rest, " bytes$") ~= nil
  local field, kind = string.match(content, "^([^:]+):(%S+)$")
  route.is_upload = kind == "google.api.HttpBody"
  if field and not route.is_upload then
    route.body = {field = field ~= "*" and field or nil, kind = kind_named(kind)}
  end
  for name, its_kind in string.gmatch(rest, "([%w_.]+):(%S+)") do route.parameters[name] = kind_named(its_kind) end
  add(method, template, route)
end

-- Calls `take` with what ends at this path, by method, what is most specific first, until that returns something; then with where
-- in the path a variable of many segments began. No more nodes are looked at than there are templates.
local function walk(node, path, at, stop, verb, take)
  if at > stop then
    local ends = node.ends[verb]
    return ends and take(ends)
  end
  local slash = find(path, "/", at, true)
  local behind = slash and slash <= stop and slash or stop + 1
  local child = node.literals[sub(path, at, behind - 1)]
  local found = child and walk(child, path, behind + 1, stop, verb, take)
  if found == nil and node.any and behind > at then found = walk(node.any, path, behind + 1, stop, verb, take) end
  if found == nil and node.rest then
    local ends = node.rest.ends[verb] or node.rest.ends[""]  -- a colon is nothing special there
    found = ends and take(ends, at)
  end
  return found
end

-- A path without its query, where its last segment's custom verb begins, and which it is.
local function split(path)
  local place = string.match(path, "^[^?]*")
  local colon = find(place, ":[^/:]*$")
  return place, (colon or #place + 1) - 1, colon and sub(place, colon + 1) or ""
end

-- The route of a request, if the contract has one.
function route_of(method, path)
  local place, stop, verb = split(path)
  return walk(ROOT, place, 2, stop, verb, function(ends) return ends[method] end)
end

-- The methods that a path has, HEAD and OPTIONS among them, as Allow says them; nil where nothing answers.
function methods_of(path)
  local place, stop, verb = split(path)
  local known, names = {}, {}
  walk(ROOT, place, 2, stop, verb, function(ends)
    for method in pairs(ends) do
      if not known[method] then
        known[method] = true
        table.insert(names, method)
        if method == "GET" then table.insert(names, "HEAD") end
      end
    end
  end)
  if #names == 0 then return nil end
  table.insert(names, "OPTIONS")
  table.sort(names)
  return table.concat(names, ", ")
end

-- What a path is to all that decide by it: without the slashes at its end, and with the escaped ones of a variable of many segments
-- as slashes, which is how clients send what they take for one parameter. Nil if it could be read in two ways, and why.
function opened(path)
  local place, query = string.match(path, "^([^?]*)(.*)$")
  local escaped = find(place, "%%2[fF]")
  if find(place, "%%5[cC]") then return nil, "an escaped backslash" end
  if escaped then
    local _, stop, verb = split(path)
    local from, ends
    walk(ROOT, place, 2, stop, verb, function(its_ends, at)
      from, ends = at, its_ends
      return at
    end)
    if from == nil or from > escaped then return nil, "an escaped slash where the path takes none" end
    local rest = gsub(sub(place, from), "%%2[fF]", "/")
    for segment in string.gmatch(rest, "[^/]+") do
      local plain = gsub(segment, "%%2[eE]", ".")
      if plain == "." or plain == ".." then return nil, "a segment of dots behind an escaped slash" end
    end
    rest = gsub(gsub(rest, "/+", "/"), "^/", "")
    place = sub(place, 1, from - 1) .. rest
    if rest == "" then
      for _, route in pairs(ends) do place = PLAIN_PATHS[route.rpc] or place end
    end
  end
  local last = #place
  while last > 1 and byte(place, last) == 47 do last = last - 1 end
  return sub(place, 1, last) .. query
end

-- The path such that the transcoder finds this route: what a variable holds is not to look like a custom verb.
function shielded(path, route)
  if not route.is_open then return path end
  local place, query = string.match(path, "^([^?]*)(.*)$")
  local before, word = string.match(place, "^(.*[/:])(.*)$")
  if not CUSTOM_VERBS[word] then return path end
  return before .. string.format("%%%02X", byte(word)) .. sub(word, 2) .. query
end
