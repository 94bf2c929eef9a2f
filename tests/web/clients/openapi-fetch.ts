// openapi-fetch with the types that openapi-typescript makes of docs/openapi.json.
import createClient from "openapi-fetch";

import type { paths } from "./api.js";
import { draft, given, imported, pictureBytes, sha256, PASSWORD, take } from "./steps.mjs";

const client = createClient<paths>({ baseUrl: given.http });
const tokens: Record<string, string | undefined> = {};

/** The headers of a call that somebody makes. */
async function as(name: string) {
  const credentials = { email: `${name}@example.gov`, password: PASSWORD };
  tokens[name] ??= (await client.POST("/v1/auth/login", { body: credentials })).data?.accessToken;
  return { authorization: `Bearer ${tokens[name]}` };
}

await take({
  page: async () => (await client.GET("/v1/pages/{path}", { params: { path: { path: given.page.slice(1) } } })).data?.page?.title,
  signIn: async () => (await client.GET("/v1/auth/me", { headers: await as("author") })).data?.account?.email,
  publish: async () => {
    const created = await client.POST("/v1/documents", { body: draft(given.path), headers: await as("author") });
    const id = created.data?.document?.id ?? "";
    const next = (etag = "") => ({ params: { path: { document_id: id } }, body: { etag } });
    const submitted = await client.POST("/v1/documents/{document_id}:submit", {
      ...next(created.data?.document?.etag),
      headers: await as("author"),
    });
    const approved = await client.POST("/v1/documents/{document_id}:approve", {
      ...next(submitted.data?.document?.etag),
      headers: await as("editor"),
    });
    const published = await client.POST("/v1/documents/{document_id}:publish", {
      ...next(approved.data?.document?.etag),
      headers: await as("publisher"),
    });
    const minRecordNumber = published.data?.document?.live?.recordNumber;
    const params = { path: { path: given.path.slice(1) }, query: { minRecordNumber } };
    return (await client.GET("/v1/pages/{path}", { params })).data?.page?.html;
  },
  list: async () => {
    const titles: (string | undefined)[] = [];
    let pageToken: string | undefined;
    do {
      const query = { contentType: "harbour_notice", pageSize: 1, pageToken };
      const { data } = await client.GET("/v1/documents", { params: { query }, headers: await as("author") });
      titles.push(...(data?.documents ?? []).map((document) => document.title));
      pageToken = data?.nextPageToken;
    } while (pageToken);
    return titles.sort();
  },
  upload: async () => {
    const picture = await pictureBytes();
    const { data } = await client.POST("/v1/files:upload", {
      params: { query: { organisationId: given.organisation, name: "pier.png", alternativeText: "A pier" } },
      headers: { ...(await as("author")), "content-type": "image/png" },
      body: "", // its type is string where bytes are meant; the serializer gives them
      bodySerializer: () => picture,
    });
    return data?.file?.sha256;
  },
  download: async () => {
    const params = { path: { file_id: given.file } };
    const { data } = await client.GET("/v1/files/{file_id}:download", { params, headers: await as("author"), parseAs: "arrayBuffer" });
    return sha256(data);
  },
  error: async () => {
    const { error } = await client.POST("/v1/documents", { body: draft("tides"), headers: await as("author") });
    const details = error?.details ?? [];
    const fields = details.flatMap((detail) => detail.fieldViolations ?? []).map((violation) => violation.field);
    return [details.find((detail) => detail.reason)?.reason, fields];
  },
  health: async () => (await client.GET("/health")).data?.status,
  export: async () => {
    const params = { query: { organisationId: given.organisation } };
    const { data } = await client.GET("/v1/documents:export", { params, headers: await as("editor"), parseAs: "text" });
    return String(data)
      .split("\n")
      .filter((line) => line && JSON.parse(line).document).length;
  },
  import: async () => {
    const body = imported(`${given.path}-imported`);
    const { data } = await client.POST("/v1/documents:import", { body, headers: await as("admin") });
    return data?.results?.map((result) => result.outcome);
  },
  idempotent: async () => {
    const ids: (string | undefined)[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const headers = { ...(await as("author")), "idempotency-key": given.key };
      ids.push((await client.POST("/v1/documents", { body: draft(`${given.path}-once`), headers })).data?.document?.id);
    }
    return ids;
  },
});
