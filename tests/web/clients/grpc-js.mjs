// grpc-js with proto-loader: gRPC from Node with nothing but the contract.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";

import { draft, given, imported, PASSWORD, take } from "./steps.mjs";

const forms = { includeDirs: [given.contract], longs: String, enums: String, defaults: true, oneofs: true, json: true };
const sources = ["auth/v1/auth", "content/v1/content", "delivery/v1/delivery", "files/v1/file"].map((name) => `gazette/${name}_service.proto`);
const contract = loadSync([...sources, "google/rpc/error_details.proto", "google/rpc/status.proto"], forms);
const { auth, content, delivery, files } = grpc.loadPackageDefinition(contract).gazette;
const { grpc: known } = grpc.loadPackageDefinition(loadSync(protoPath, forms));
const channel = [given.grpc, grpc.credentials.createInsecure()];
const services = {
  auth: new auth.v1.AuthService(...channel),
  content: new content.v1.ContentService(...channel),
  delivery: new delivery.v1.DeliveryService(...channel),
  files: new files.v1.FileService(...channel),
  health: new known.health.v1.Health(...channel),
};

const metadata = (pairs) => grpc.Metadata.fromHttp2Headers(pairs);

/** One unary call, with a token if it needs one. */
const call = (service, method, request, pairs = {}) =>
  new Promise((resolve, reject) =>
    services[service][method](request, metadata(pairs), (error, answer) => (error ? reject(error) : resolve(answer))),
  );

/** One call with a stream of requests. */
const send = (service, method, requests, pairs) =>
  new Promise((resolve, reject) => {
    const stream = services[service][method](metadata(pairs), (error, answer) => (error ? reject(error) : resolve(answer)));
    for (const request of requests) stream.write(request);
    stream.end();
  });

const bearers = {};
const as = async (name) => {
  if (!bearers[name]) {
    const answer = await call("auth", "Login", { email: `${name}@example.gov`, password: PASSWORD });
    bearers[name] = { authorization: `Bearer ${answer.accessToken}` };
  }
  return bearers[name];
};

const picture = await readFile(given.picture);

await take({
  page: async () => (await call("delivery", "GetPage", { path: given.page })).page.title,
  signIn: async () => (await call("auth", "GetMe", {}, await as("author"))).account.email,
  publish: async () => {
    let { document } = await call("content", "CreateDocument", { document: draft(given.path) }, await as("author"));
    for (const [who, step] of [["author", "SubmitDocument"], ["editor", "ApproveDocument"], ["publisher", "PublishDocument"]])
      ({ document } = await call("content", step, { id: document.id, etag: document.etag }, await as(who)));
    return (await call("delivery", "GetPage", { path: given.path, minRecordNumber: document.live.recordNumber })).page.html;
  },
  list: async () => {
    const titles = [];
    let pageToken = "";
    do {
      const request = { contentType: "harbour_notice", pageSize: 1, pageToken };
      const answer = await call("content", "ListDocuments", request, await as("author"));
      titles.push(...answer.documents.map((each) => each.title));
      pageToken = answer.nextPageToken;
    } while (pageToken);
    return titles.sort();
  },
  upload: async () => {
    const upload = { organisationId: given.organisation, name: "pier.png", alternativeText: "A pier", sizeBytes: picture.length };
    const parts = [{ upload }, { chunk: picture.subarray(0, 1000) }, { chunk: picture.subarray(1000) }];
    return (await send("files", "UploadFile", parts, await as("author"))).file.sha256;
  },
  download: async () => {
    const hash = createHash("sha256");
    for await (const part of services.files.DownloadFile({ id: given.file }, metadata(await as("author")))) hash.update(part.data);
    return hash.digest("hex");
  },
  error: async () => {
    const error = await call("content", "CreateDocument", { document: draft("tides") }, await as("author")).catch((refusal) => refusal);
    const status = contract["google.rpc.Status"].deserialize(error.metadata.get("grpc-status-details-bin")[0]);
    const detail = (name) => status.details.find((each) => each["@type"].endsWith(`.${name}`));
    return [detail("ErrorInfo").reason, detail("BadRequest").fieldViolations.map((each) => each.field)];
  },
  health: async () => (await call("health", "Check", {})).status,
  export: async () => {
    let documents = 0;
    const request = { organisationId: given.organisation };
    for await (const part of services.content.ExportDocuments(request, metadata(await as("editor")))) documents += part.document ? 1 : 0;
    return documents;
  },
  import: async () => {
    const answer = await send("content", "ImportDocuments", imported(`${given.path}-imported`), await as("admin"));
    return answer.results.map((each) => each.outcome);
  },
  idempotent: async () => {
    const ids = [];
    for (let turn = 0; turn < 2; turn++) {
      const pairs = { ...(await as("author")), "idempotency-key": given.key };
      ids.push((await call("content", "CreateDocument", { document: draft(`${given.path}-once`) }, pairs)).document.id);
    }
    return ids;
  },
});
process.exit();
