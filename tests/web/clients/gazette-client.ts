// @gazette/client as it is built: gRPC-Web in a browser, gRPC in Node.
import { type Gazette, GazetteError, InvalidArgument, memoryStore, type TokenStore } from "@gazette/client";
import { ImportDocumentsRequestSchema, ImportOutcome } from "@gazette/client/content";
import { HealthStatus } from "@gazette/client/system";
import { fromJson } from "@bufbuild/protobuf";

import { draft, given, imported, pictureBytes, sha256, PASSWORD, take } from "./steps.mjs";

async function opened(name: string, store: TokenStore): Promise<Gazette> {
  const who = { email: `${name}@example.gov`, password: PASSWORD, store };
  if (!("process" in globalThis)) return (await import("@gazette/client")).createClient({ baseUrl: given.http, ...who });
  const { createClient } = await import("@gazette/client/node");
  return createClient({ baseUrl: `http://${given.grpc}`, httpUrl: given.http, ...who });
}

const stores: Record<string, TokenStore> = {};
const clients: Record<string, Promise<Gazette>> = {};

function as(name: string): Promise<Gazette> {
  stores[name] ??= memoryStore();
  clients[name] ??= opened(name, stores[name]);
  return clients[name];
}

const me = async () => (await (await as("author")).auth.getMe({})).account?.email;

await take({
  page: async () => {
    const { answer } = await (await as("author")).delivery.getPage({ path: given.page });
    return answer.case === "page" && answer.value.title;
  },
  signIn: me,
  publish: async () => {
    const [author, editor, publisher] = [await as("author"), await as("editor"), await as("publisher")];
    let { document } = await author.content.createDocument({ document: draft(given.path) });
    ({ document } = await author.content.submitDocument({ id: document!.id, etag: document!.etag }));
    ({ document } = await editor.content.approveDocument({ id: document!.id, etag: document!.etag }));
    await publisher.content.publishDocument({ id: document!.id, etag: document!.etag });
    const { answer } = await publisher.delivery.getPage({ path: given.path });
    return answer.case === "page" && answer.value.html;
  },
  list: async () => {
    const titles: string[] = [];
    const { content } = await as("author");
    for await (const document of content.listDocuments({ contentType: "harbour_notice", pageSize: 1 })) titles.push(document.title);
    return titles.sort();
  },
  upload: async () => {
    const about = { organisationId: given.organisation, alternativeText: "A pier" };
    return (await (await as("author")).upload(new File([await pictureBytes()], "pier.png"), about)).sha256;
  },
  pieces: async () => {
    const gazette = await as("author");
    const source = new File([await pictureBytes()], "pier.png");
    const about = { organisationId: given.organisation, way: "resumable" } as const;
    const giving = new AbortController();
    let begun = "";
    const onBegun = (id: string) => {
      begun = id;
      giving.abort();
    };
    await gazette.upload(source, { ...about, signal: giving.signal, onBegun }).catch(() => undefined);
    return (await gazette.upload(source, { ...about, resume: begun })).sha256;
  },
  download: async () => sha256(await (await (await as("author")).download(given.file)).bytes()),
  error: async () => {
    const { content } = await as("author");
    const error = await content.createDocument({ document: draft("tides") }).catch((reason: unknown) => reason);
    return error instanceof GazetteError && error instanceof InvalidArgument
      ? [error.reason, error.fieldViolations.map((violation) => violation.field)]
      : error;
  },
  health: async () => `HEALTH_STATUS_${HealthStatus[(await (await as("author")).system.getHealth({})).status]}`,
  export: async () => {
    let documents = 0;
    const parts = (await as("editor")).content.exportDocuments({ organisationId: given.organisation });
    for await (const { part } of parts) documents += part.case === "document" ? 1 : 0;
    return documents;
  },
  import: async () => {
    const parts = imported(`${given.path}-imported`).map((part) => fromJson(ImportDocumentsRequestSchema, part));
    const answer = await (await as("admin")).content.importDocuments(parts);
    return answer.results.map((result) => `IMPORT_OUTCOME_${ImportOutcome[result.outcome]}`);
  },
  idempotent: async () => {
    const { content } = await as("author");
    const ids: (string | undefined)[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const options = { headers: { "idempotency-key": given.key } };
      ids.push((await content.createDocument({ document: draft(`${given.path}-once`) }, options)).document?.id);
    }
    return ids;
  },
  renewal: async () => {
    await me();
    await stores.author.save({ ...(await stores.author.load())!, accessToken: given.expired, freshUntil: Date.now() + 600_000 });
    return me();
  },
});
