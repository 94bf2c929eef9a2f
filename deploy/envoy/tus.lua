-- tus 1.0 (https://tus.io/protocols/resumable-upload), as far as it is nothing but headers: what OPTIONS says, and what each answer
-- to a client of tus has. The rest is the server's. For rest.lua, which stands behind it.

local TUS_VERSION, TUS_EXTENSIONS, TUS_ALGORITHMS = "1.0.0", "creation,expiration,termination,checksum", "sha1,sha256"

function is_upload_place(path) return find(path, "^/v1/uploads[:/]") ~= nil end

-- What a server of tus says of itself, beside what OPTIONS says anyway.
function with_tus(headers)
  headers["tus-resumable"], headers["tus-version"] = TUS_VERSION, TUS_VERSION
  headers["tus-extension"], headers["tus-checksum-algorithm"] = TUS_EXTENSIONS, TUS_ALGORITHMS
  if MAX_FILE_SIZE then headers["tus-max-size"] = MAX_FILE_SIZE end
  return headers
end

-- Some clients can send nothing but POST, and say what they mean (tus 1.0, X-HTTP-Method-Override).
function meant_method(headers, method)
  local meant = headers:get("x-http-method-override")
  if meant == nil then return method end
  headers:remove("x-http-method-override")
  if method == "POST" and find(headers:get(":path"), "^/v1/uploads/") and (meant == "PATCH" or meant == "DELETE") then
    headers:replace(":method", meant)
    return meant
  end
  return method
end
