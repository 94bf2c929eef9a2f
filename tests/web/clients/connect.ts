// connect-es with the code that protoc-gen-es makes of the contract: connect-node in Node, connect-web in a browser.
import { create, fromJson } from "@bufbuild/protobuf";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";

import { AuthService } from "../../../clients/typescript/src/gen/auth.js";
import { ContentService, ImportDocumentsRequestSchema, ImportOutcome } from "../../../clients/typescript/src/gen/content.js";
import { DeliveryService } from "../../../clients/typescript/src/gen/delivery.js";
import { FileService, UploadFileRequestSchema } from "../../../clients/typescript/src/gen/files.js";
import { BadRequestSchema, ErrorInfoSchema } from "../../../clients/typescript/src/gen/google/rpc/error_details_pb.js";
import { HealthStatus, SystemService } from "../../../clients/typescript/src/gen/system.js";

import { draft, given, imported, pictureBytes, sha256, PASSWORD, take } from "./steps.mjs";

async function transport(): Promise<Transport> {
  if (!("process" in globalThis)) {
    const { createGrpcWebTransport } = await import("@connectrpc/connect-web");
    return createGrpcWebTransport({ baseUrl: given.http });
  }
  const { createGrpcTransport } = await import("@connectrpc/connect-node");
  return createGrpcTransport({ baseUrl: `http://${given.grpc}` });
}

const way = await transport();
const [auth, content, delivery, files, system] = [
  createClient(AuthService, way),
  createClient(ContentService, way),
  createClient(DeliveryService, way),
  createClient(FileService, way),
  createClient(SystemService, way),
];

const tokens: Record<string, string> = {};

/** The options of a call that somebody makes. */
async function as(name: string, headers: Record<string, string> = {}) {
  tokens[name] ??= (await auth.login({ email: `${name}@example.gov`, password: PASSWORD })).accessToken;
  return { headers: { authorization: `Bearer ${tokens[name]}`, ...headers } };
}

async function* each<Part>(parts: Part[]) {
  yield* parts;
}

await take({
  page: async () => {
    const { answer } = await delivery.getPage({ path: given.page });
    return answer.case === "page" && answer.value.title;
  },
  signIn: async () => (await auth.getMe({}, await as("author"))).account?.email,
  publish: async () => {
    let { document } = await content.createDocument({ document: draft(given.path) }, await as("author"));
    for (const [who, step] of [["author", "submitDocument"], ["editor", "approveDocument"], ["publisher", "publishDocument"]] as const)
      ({ document } = await content[step]({ id: document!.id, etag: document!.etag }, await as(who)));
    const { answer } = await delivery.getPage({ path: given.path, minRecordNumber: document!.live!.recordNumber });
    return answer.case === "page" && answer.value.html;
  },
  list: async () => {
    const titles: string[] = [];
    let pageToken = "";
    do {
      const answer = await content.listDocuments({ contentType: "harbour_notice", pageSize: 1, pageToken }, await as("author"));
      titles.push(...answer.documents.map((document) => document.title));
      pageToken = answer.nextPageToken;
    } while (pageToken);
    return titles.sort();
  },
  upload: async () => {
    const picture = await pictureBytes();
    const about = { organisationId: given.organisation, name: "pier.png", alternativeText: "A pier", sizeBytes: picture.length };
    const [upload, chunk] = [fromJson(UploadFileRequestSchema, { upload: about }), create(UploadFileRequestSchema)];
    chunk.part = { case: "chunk", value: picture };
    return (await files.uploadFile(each([upload, chunk]), await as("author"))).file?.sha256;
  },
  download: async () => {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const { data } of files.downloadFile({ id: given.file }, await as("author"))) parts.push(data as Uint8Array<ArrayBuffer>);
    return sha256(await new Blob(parts).arrayBuffer());
  },
  error: async () => {
    const refusal = content.createDocument({ document: draft("tides") }, await as("author"));
    const error = ConnectError.from(await refusal.catch((reason) => reason));
    const [info] = error.findDetails(ErrorInfoSchema);
    const [bad] = error.findDetails(BadRequestSchema);
    return [info?.reason, bad?.fieldViolations.map((violation) => violation.field)];
  },
  health: async () => `HEALTH_STATUS_${HealthStatus[(await system.getHealth({})).status]}`,
  export: async () => {
    let documents = 0;
    const parts = content.exportDocuments({ organisationId: given.organisation }, await as("editor"));
    for await (const { part } of parts) documents += part.case === "document" ? 1 : 0;
    return documents;
  },
  import: async () => {
    const parts = imported(`${given.path}-imported`).map((part) => fromJson(ImportDocumentsRequestSchema, part));
    const answer = await content.importDocuments(each(parts), await as("admin"));
    return answer.results.map((result) => `IMPORT_OUTCOME_${ImportOutcome[result.outcome]}`);
  },
  idempotent: async () => {
    const ids: (string | undefined)[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const options = await as("author", { "idempotency-key": given.key });
      ids.push((await content.createDocument({ document: draft(`${given.path}-once`) }, options)).document?.id);
    }
    return ids;
  },
});
