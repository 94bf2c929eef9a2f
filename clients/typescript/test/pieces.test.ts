/** Uploads in pieces over HTTP: what breaks off, what goes on, and what is given up. */
import type { ServerResponse } from "node:http";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FileSchema, FileState } from "../src/gen/gazette/files/v1/file_pb.js";
import { FileService } from "../src/gen/gazette/files/v1/file_service_pb.js";
import { UploadWay } from "../src/gen/gazette/files/v1/upload_pb.js";
import { Cancelled, InvalidArgument, renditionPath, StaleEtag, Unavailable } from "../src/index.js";
import { createClient } from "../src/node/index.js";
import { type Asked, json, serve } from "./http.js";

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const AWAY = { code: 14, message: "away", details: [] };

type Act = (asked: Asked, response: ServerResponse, next: () => void) => void;

/** A server that keeps what comes of an upload, unless the test has something else happen to a piece. */
async function keeping({ file = {} as JsonValue, acts = [] as Act[] } = {}) {
  const kept = { content: Buffer.alloc(0), calls: [] as string[], size: BYTES.length, replaced: "" };
  const upload = () => ({
    id: "up",
    sizeBytes: BigInt(kept.size),
    offset: BigInt(kept.content.length),
    way: UploadWay.RESUMABLE,
    file: fromJson(FileSchema, { id: "1", state: "FILE_STATE_READY", ...(file as object) }),
  });
  const { url, asked } = await serve((one, response) => {
    kept.calls.push(`${one.method} ${one.url.pathname}`);
    const next = () => {
      expect(one.headers["upload-offset"]).toBe(`${kept.content.length}`);
      kept.content = Buffer.concat([kept.content, one.body]);
      const { sizeBytes, offset } = upload();
      json(response, 200, {
        upload: { id: "up", sizeBytes: `${sizeBytes}`, offset: `${offset}`, file: { id: "1", ...(file as object) } },
      });
    };
    const act = acts.shift();
    act ? act(one, response, next) : next();
  });
  const transport = createRouterTransport(({ service }) => {
    service(FileService, {
      createUpload: ({ replacesFileId }) => {
        kept.calls.push("create");
        kept.replaced = replacesFileId;
        return { upload: upload() };
      },
      getUpload: ({ id }) => {
        kept.calls.push("get");
        if (id !== "up") {
          throw new ConnectError("none", Code.NotFound);
        }
        return { upload: upload() };
      },
      cancelUpload: () => {
        kept.calls.push("cancel");
        return {};
      },
      getFile: () => ({ file: upload().file }),
    });
  });
  const client = createClient({ baseUrl: url, transport, apiKey: "gaz_key", retry: { firstPauseMs: 1, longestPauseMs: 2 } });
  return { client, kept, asked };
}

const blob = () => Object.assign(new Blob([BYTES]), { name: "tides.png" });
const PIECES = { organisationId: "org", way: "resumable" } as const;

test("A file goes in pieces, and comes back as what it has become", async () => {
  const { client, kept, asked } = await keeping();
  const told: number[] = [];
  const file = await client.upload(blob(), { ...PIECES, onProgress: ({ loaded }) => told.push(loaded) });
  expect([file.id, told.at(-1)]).toEqual(["1", BYTES.length]);
  expect([kept.content.equals(BYTES), kept.calls]).toEqual([true, ["create", "PATCH /v1/uploads/up"]]);
  expect(asked[0]?.headers).toMatchObject({ authorization: "Bearer gaz_key", "content-length": `${BYTES.length}` });
});

test.each([true, false])("What broke off goes on where it ended, whether the source can be cut: %s", async (cuts) => {
  const half: Act = (one, response) => {
    cut.kept.content = Buffer.concat([cut.kept.content, one.body.subarray(0, 1000)]);
    json(response, 503, AWAY);
  };
  const cut = await keeping({ acts: Array(8).fill(half) });
  const { size, name } = blob();
  const source = cuts ? blob() : { size, name, stream: () => new Blob([BYTES]).stream() };
  await cut.client.upload(source, PIECES);
  expect(cut.kept.content.equals(BYTES)).toBe(true);
  expect(cut.kept.calls.filter((each) => each === "get")).toHaveLength(8);
});

test("What brings nothing ends, and is given up, since nobody could go on with it", async () => {
  const { client, kept } = await keeping({
    acts: Array(9).fill((_: Asked, response: ServerResponse) => json(response, 503, AWAY)),
  });
  await expect(client.upload(blob(), PIECES)).rejects.toBeInstanceOf(Unavailable);
  expect(kept.calls.filter((each) => each.startsWith("PATCH"))).toHaveLength(5);
  expect(kept.calls.at(-1)).toBe("cancel");
});

test("A later call goes on with what was begun, and begins anew what is gone", async () => {
  const begun: string[] = [];
  const giving = new AbortController();
  const stop: Act = (one) => {
    stopped.kept.content = Buffer.from(one.body.subarray(0, 5000));
    giving.abort();
  };
  const stopped = await keeping({ acts: [stop] });
  const first = stopped.client.upload(blob(), { ...PIECES, signal: giving.signal, onBegun: (id) => begun.push(id) });
  await expect(first).rejects.toBeInstanceOf(Cancelled);
  await stopped.client.upload(blob(), { ...PIECES, resume: "up" });
  expect([begun, stopped.kept.content.equals(BYTES), stopped.kept.calls.includes("cancel")]).toEqual([["up"], true, false]);

  const gone = await keeping();
  await gone.client.upload(blob(), { ...PIECES, resume: "other" });
  expect(gone.kept.calls).toEqual(["get", "create", "PATCH /v1/uploads/up"]);
});

test("What was refused is an error, in its answer and while it is waited for", async () => {
  const file = { state: "FILE_STATE_REJECTED", rejection: { reason: "FILE_INFECTED", message: "infected" } };
  const { client } = await keeping({ file });
  await expect(client.upload(blob(), PIECES)).rejects.toMatchObject({ name: "InvalidArgument", reason: "FILE_INFECTED" });
  await expect(client.untilReady("1")).rejects.toBeInstanceOf(InvalidArgument);
});

test("A file is waited for until its time is over", async () => {
  const { client } = await keeping({ file: { state: "FILE_STATE_SCANNING" } });
  await expect(client.untilReady("1", { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const ready = await keeping();
  expect((await ready.client.untilReady("1")).state).toBe(FileState.READY);
});

test("New bytes for a file go as new files do, and not in the place of others than were read", async () => {
  const { client, kept, asked } = await keeping({ file: { etag: "4", name: "tides.png", organisationId: "org" } });
  await client.replace("1", blob(), { way: "resumable", etag: "4" });
  expect([kept.replaced, kept.content.equals(BYTES)]).toEqual(["1", true]);
  await expect(client.replace("1", blob(), { way: "resumable", etag: "3" })).rejects.toBeInstanceOf(StaleEtag);

  const small = await serve((_, response) => json(response, 200, { file: { id: "1" } }));
  const plain = createClient({ baseUrl: small.url, apiKey: "gaz_key" });
  expect((await plain.replace("1", blob(), { etag: "4" })).id).toBe("1");
  expect(small.asked[0]?.url.pathname).toBe("/v1/files/1:replace");
  expect(small.asked[0]?.url.searchParams.get("etag")).toBe("4");
  expect(asked).toHaveLength(1);
});

test("The path of an image names the file's version", () => {
  expect(renditionPath({ id: "1", version: 3 }, 960)).toBe("/v1/files/1/versions/3/renditions/w960.webp");
});
