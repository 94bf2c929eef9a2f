// fetch alone, HTTP/JSON: what a browser and Node have without any package.
import { draft, given, imported, pictureBytes, sha256, PASSWORD, take } from "./steps.mjs";

/** One call. Throws the answer's google.rpc.Status where it is one. */
async function call(verb, path, { body, as, headers, query } = {}) {
  const answer = await fetch(`${given.http}${path}${query ? `?${new URLSearchParams(query)}` : ""}`, {
    method: verb,
    headers: { ...(as && { authorization: `Bearer ${await token(as)}` }), ...headers },
    body: body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  if (!answer.ok) throw await answer.json();
  return answer;
}

const json = async (...call_) => (await call(...call_)).json();

const tokens = {};
async function token(name) {
  const credentials = { email: `${name}@example.gov`, password: PASSWORD };
  tokens[name] ??= (await json("POST", "/v1/auth/login", { body: credentials })).accessToken;
  return tokens[name];
}

await take({
  page: async () => (await json("GET", `/v1/pages${given.page}`)).page.title,
  signIn: async () => (await json("GET", "/v1/auth/me", { as: "author" })).account.email,
  publish: async () => {
    let { document } = await json("POST", "/v1/documents", { body: draft(given.path), as: "author" });
    for (const [as, verb] of [["author", "submit"], ["editor", "approve"], ["publisher", "publish"]])
      ({ document } = await json("POST", `/v1/documents/${document.id}:${verb}`, { body: { etag: document.etag }, as }));
    const query = { minRecordNumber: document.live.recordNumber };
    return (await json("GET", `/v1/pages${given.path}`, { query })).page.html;
  },
  list: async () => {
    const titles = [];
    let pageToken = "";
    do {
      const query = { contentType: "harbour_notice", pageSize: 1, pageToken };
      const answer = await json("GET", "/v1/documents", { query, as: "author" });
      titles.push(...answer.documents.map((each) => each.title));
      pageToken = answer.nextPageToken;
    } while (pageToken);
    return titles.sort();
  },
  upload: async () => {
    const query = { organisationId: given.organisation, name: "pier.png", alternativeText: "A pier" };
    const headers = { "content-type": "image/png" };
    const body = await pictureBytes();
    return (await json("POST", "/v1/files:upload", { body, query, headers, as: "author" })).file.sha256;
  },
  download: async () => sha256(await (await call("GET", `/v1/files/${given.file}:download`, { as: "author" })).arrayBuffer()),
  error: async () => {
    const status = await call("POST", "/v1/documents", { body: draft("tides"), as: "author" }).catch((refusal) => refusal);
    const detail = (name) => status.details.find((each) => each["@type"].endsWith(`.${name}`));
    return [detail("ErrorInfo").reason, detail("BadRequest").fieldViolations.map((each) => each.field)];
  },
  health: async () => (await json("GET", "/health")).status,
  export: async () => {
    const answer = await call("GET", "/v1/documents:export", { query: { organisationId: given.organisation }, as: "editor" });
    return (await answer.text()).split("\n").filter((line) => line && JSON.parse(line).document).length;
  },
  import: async () => {
    const answer = await json("POST", "/v1/documents:import", { body: imported(`${given.path}-imported`), as: "admin" });
    return answer.results.map((each) => each.outcome);
  },
  idempotent: async () => {
    const ids = [];
    for (let turn = 0; turn < 2; turn++) {
      const headers = { "idempotency-key": given.key };
      ids.push((await json("POST", "/v1/documents", { body: draft(`${given.path}-once`), headers, as: "author" })).document.id);
    }
    return ids;
  },
});
