/** Uploads and downloads over HTTP: progress, giving up, what breaks off, and what did not arrive as it is. */
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Cancelled, DataLoss, InvalidArgument, type Progress, Unavailable } from "../src/index.js";
import { createClient, fileSource, save } from "../src/node/index.js";
import { json, serve, sha256 } from "./http.js";

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const AWAY = { code: 14, message: "away", details: [] };
const RETRY = { firstPauseMs: 1, longestPauseMs: 2 };

function client(url: string) {
  return createClient({ baseUrl: url, apiKey: "gaz_key", retry: RETRY });
}

function blob(): Blob & { name: string } {
  return Object.assign(new Blob([BYTES]), { name: "tides.png" });
}

test("An upload says what it brings, tells how far it is, and comes back as a file", async () => {
  const { url, asked } = await serve((_, response) =>
    json(response, 201, { file: { id: "1", sizeBytes: "300000", later: true } }),
  );
  const told: Progress[] = [];
  const file = await client(url).upload(blob(), {
    organisationId: "org",
    alternativeText: "Tides & tables",
    onProgress: (progress) => told.push(progress),
  });
  expect([file.id, file.sizeBytes]).toEqual(["1", 300000n]);
  const [one] = asked;
  expect(one?.url.pathname).toBe("/v1/files:upload");
  expect(Object.fromEntries(one?.url.searchParams ?? [])).toEqual({
    organisationId: "org",
    name: "tides.png",
    alternativeText: "Tides & tables",
    sha256: sha256(BYTES),
  });
  expect(one?.headers).toMatchObject({ "content-length": "300000", authorization: "Bearer gaz_key" });
  expect(one?.body.equals(BYTES)).toBe(true);
  expect(told.at(-1)).toEqual({ loaded: 300_000, total: 300_000 });
  expect(told.map((each) => each.loaded)).toEqual(told.map((each) => each.loaded).toSorted((a, b) => a - b));
});

test("An upload is repeated while the service is away, under one key and from the beginning", async () => {
  let left = 2;
  const { url, asked } = await serve((_, response) =>
    left-- > 0 ? json(response, 503, AWAY) : json(response, 201, { file: {} }),
  );
  await client(url).upload(blob(), { organisationId: "org" });
  expect(asked.map((each) => each.body.length)).toEqual([300_000, 300_000, 300_000]);
  expect(new Set(asked.map((each) => each.headers["idempotency-key"])).size).toBe(1);
});

test("A refused upload fails as a call does, once", async () => {
  const violations = [{ field: "content", description: "is text/html" }];
  const details = [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "FILE_TYPE_NOT_ALLOWED" },
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
  ];
  const { url, asked } = await serve((_, response) => json(response, 400, { code: 3, message: "no", details }));
  const call = client(url).upload(blob(), { organisationId: "org", idempotencyKey: "mine" });
  await expect(call).rejects.toBeInstanceOf(InvalidArgument);
  await expect(call).rejects.toMatchObject({ reason: "FILE_TYPE_NOT_ALLOWED", fieldViolations: violations });
  expect(asked.map((each) => each.headers["idempotency-key"])).toEqual(["mine"]);
});

test("An upload that is given up ends at once, and is not repeated", async () => {
  const { url } = await serve(() => undefined); // answers nothing
  const giving = new AbortController();
  const call = client(url).upload(blob(), { organisationId: "org", signal: giving.signal, onProgress: () => giving.abort() });
  await expect(call).rejects.toBeInstanceOf(Cancelled);
});

test("What fails in whoever is told of progress ends the upload, with that as its cause", async () => {
  const { url, asked } = await serve((_, response) => json(response, 201, { file: {} }));
  const mistake = new Error("there is no bar");
  const onProgress = () => {
    throw mistake;
  };
  const call = client(url).upload(blob(), { organisationId: "org", onProgress });
  await expect(call).rejects.toMatchObject({ code: "UNKNOWN", message: "there is no bar", cause: mistake });
  expect(asked.length).toBeLessThan(2);
});

test("An upload that nobody answers fails when its time is over", async () => {
  const { url } = await serve(() => undefined);
  const call = client(url).upload(blob(), { organisationId: "org", timeoutMs: 200 });
  await expect(call).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("A file of a path has its name, and can be read twice", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "gazette-")), "tides.png");
  await writeFile(path, BYTES);
  const source = await fileSource(path);
  expect([source.name, source.size]).toEqual(["tides.png", BYTES.length]);
  for (let turn = 0; turn < 2; turn++) {
    expect(Buffer.from(await new Response(source.stream()).arrayBuffer()).equals(BYTES)).toBe(true);
  }
  await expect(fileSource(`${path}.none`)).rejects.toThrow("ENOENT");
});

/** A server whose answers end after so many bytes each, and which answers parts if it may. */
function broken(lengths: number[], { parts = true, bytes = BYTES } = {}) {
  const left = [...lengths];
  return serve(({ headers }, response) => {
    const start = parts ? Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0) : 0;
    const length = left.shift() ?? bytes.length;
    response.writeHead(start > 0 ? 206 : 200, {
      "content-type": "image/png",
      "content-length": bytes.length - start,
      etag: `"${sha256(BYTES)}"`,
    });
    response.write(bytes.subarray(start, start + length), () =>
      start + length < bytes.length ? response.destroy() : response.end(),
    );
  });
}

test("A download has the file's type, length and digest, tells how far it is, and brings its bytes", async () => {
  const { url, asked } = await broken([]);
  const told: Progress[] = [];
  const incoming = await client(url).download("a/b", { previewToken: "p&q", onProgress: (progress) => told.push(progress) });
  expect(incoming).toMatchObject({ contentType: "image/png", size: 300_000, sha256: sha256(BYTES) });
  const all = await incoming.blob();
  expect([all.type, Buffer.from(await all.arrayBuffer()).equals(BYTES)]).toEqual(["image/png", true]);
  expect(told.at(-1)).toEqual({ loaded: 300_000, total: 300_000 });
  expect([asked[0]?.url.pathname, asked[0]?.url.searchParams.get("previewToken")]).toEqual(["/v1/files/a%2Fb:download", "p&q"]);
});

test.each([true, false])("A download that breaks off goes on from there, where the server answers parts: %s", async (parts) => {
  const { url, asked } = await broken([100_000, parts ? 50_000 : 150_000], { parts });
  const bytes = await (await client(url).download("1")).bytes();
  expect(Buffer.from(bytes).equals(BYTES)).toBe(true);
  expect(asked.map((each) => each.headers["if-range"])).toEqual([undefined, ...Array(2).fill(`"${sha256(BYTES)}"`)]);
});

test("A download that goes on breaking off fails in the end", async () => {
  const { url, asked } = await broken(Array(20).fill(1000));
  await expect(
    client(url)
      .download("1")
      .then((incoming) => incoming.bytes()),
  ).rejects.toBeInstanceOf(Unavailable);
  expect(asked).toHaveLength(5);
});

test("Bytes that are not those that are stored fail the download, and leave nothing behind", async () => {
  const other = Buffer.from(BYTES);
  other[7] = (BYTES[7] ?? 0) + 1;
  const { url } = await broken([], { bytes: other });
  const folder = await mkdtemp(join(tmpdir(), "gazette-"));
  const saving = save(await client(url).download("1"), join(folder, "tides.png"));
  await expect(saving).rejects.toBeInstanceOf(DataLoss);
  await expect(saving).rejects.toMatchObject({ reason: "SHA256_MISMATCH" });
  expect(await readdir(folder)).toEqual([]);
});

test("What is saved replaces what was there", async () => {
  const { url } = await broken([]);
  const folder = await mkdtemp(join(tmpdir(), "gazette-"));
  await writeFile(join(folder, "tides.png"), "older");
  await save(await client(url).download("1"), join(folder, "tides.png"));
  expect((await readFile(join(folder, "tides.png"))).equals(BYTES)).toBe(true);
  expect(await readdir(folder)).toEqual(["tides.png"]);
});

test("A file that there is not fails at once, with its reason", async () => {
  const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "FILE_NOT_FOUND" }];
  const { url } = await serve((_, response) => json(response, 404, { code: 5, message: "none", details }));
  await expect(client(url).download("1")).rejects.toMatchObject({ name: "NotFound", reason: "FILE_NOT_FOUND" });
});

test("Whoever stops reading a download ends it", async () => {
  const closed = vi.fn();
  const { url } = await serve((_, response) => {
    response.on("close", closed);
    response.writeHead(200, { "content-length": BYTES.length * 1000, etag: `"${sha256(BYTES)}"` }).write(BYTES);
  });
  const { body } = await client(url).download("1");
  const reader = body.getReader();
  await reader.read();
  await reader.cancel();
  await vi.waitFor(() => expect(closed).toHaveBeenCalled(), { timeout: 30_000 });
});

test("A server that is not there is away", async () => {
  await expect(client("http://127.0.0.1:1").download("1")).rejects.toBeInstanceOf(Unavailable);
});
