/** How calls go: repeated where that is safe, within their time, and no older than what the client has published. */
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { pause, RETRY } from "../src/calls/retries.js";
import { failed } from "../src/errors/errors.js";
import { ContentService } from "../src/gen/content.js";
import { DeliveryService } from "../src/gen/delivery.js";
import { FileService } from "../src/gen/files.js";
import { Cancelled, createClient, DeadlineExceeded, Unavailable } from "../src/index.js";
import { createClient as createNodeClient } from "../src/node/index.js";
import { failure, names, scripted } from "./scripted.js";

const AWAY = failure(Code.Unavailable, "DATABASE_UNAVAILABLE");
const TITLE = { answer: { case: "page", value: { title: "Tides" } } } as const;

/** Fails so many times, then answers. */
function after<T>(failures: number, error: ConnectError, answer: T): () => T {
  let left = failures;
  return () => {
    if (left-- > 0) {
      throw error;
    }
    return answer;
  };
}

/** Routes of which only pages are answered. */
function pages(getPage: () => typeof TITLE | Promise<typeof TITLE>): (router: ConnectRouter) => void {
  return (router) => router.service(DeliveryService, { getPage });
}

test("What only reads is repeated while the service is away", async () => {
  const { gazette, heard } = scripted(pages(after(4, AWAY, TITLE)));
  await gazette.delivery.getPage({ path: "/tides" });
  expect(heard).toHaveLength(5);
});

test("After as many attempts as it may have a call fails as the last one did", async () => {
  const { gazette, heard } = scripted(pages(after(9, AWAY, TITLE)), { retry: { attempts: 3 } });
  await expect(gazette.delivery.getPage({})).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "DATABASE_UNAVAILABLE" });
  expect(heard).toHaveLength(3);
});

test("What the caller may not, or has wrong, is not repeated", async () => {
  for (const code of [Code.PermissionDenied, Code.InvalidArgument, Code.Internal, Code.DeadlineExceeded]) {
    const { gazette, heard } = scripted(pages(after(1, failure(code, "REFUSED"), TITLE)));
    await expect(gazette.delivery.getPage({})).rejects.toMatchObject({ reason: "REFUSED" });
    expect(heard).toHaveLength(1);
  }
});

test("Too many calls are repeated only where the server says when, and not before that", async () => {
  const told = scripted(pages(after(1, failure(Code.ResourceExhausted, "RATE_LIMITED", { retryAfterMs: 20 }), TITLE)));
  await told.gazette.delivery.getPage({});
  expect(told.heard).toHaveLength(2);
  const untold = scripted(pages(after(1, failure(Code.ResourceExhausted, "TOO_MANY_SIGN_INS"), TITLE)));
  await expect(untold.gazette.delivery.getPage({})).rejects.toMatchObject({ reason: "TOO_MANY_SIGN_INS" });
});

test("Pauses grow up to the longest, are half left to chance, and begin when the server's have ended", () => {
  const away = failed("away", { code: "UNAVAILABLE" });
  const longest = [200, 400, 800, 1600];
  for (const [index, most] of longest.entries()) {
    const ms = pause(RETRY, away, index + 1) ?? 0;
    expect(ms).toBeGreaterThanOrEqual(most / 2);
    expect(ms).toBeLessThanOrEqual(most);
  }
  expect(pause({ ...RETRY, attempts: 100 }, away, 50)).toBeLessThanOrEqual(RETRY.longestPauseMs);
  expect(pause(RETRY, failed("busy", { code: "UNAVAILABLE", retryAfter: 2 }), 1)).toBeGreaterThanOrEqual(2100);
  expect(pause(RETRY, away, 5)).toBeUndefined();
});

test("A delay that the deadline does not allow is not waited for", async () => {
  const limited = failure(Code.ResourceExhausted, "RATE_LIMITED", { retryAfterMs: 60_000 });
  const { gazette, heard } = scripted(pages(after(1, limited, TITLE)), { timeoutMs: 30_000 });
  await expect(gazette.delivery.getPage({})).rejects.toMatchObject({ reason: "RATE_LIMITED", retryAfter: 60 });
  expect(heard).toHaveLength(1);
});

test("A call that reached a stopping server is repeated", async () => {
  const { gazette, heard } = scripted(pages(after(1, new ConnectError("CANCELLED", Code.Canceled), TITLE)));
  await gazette.delivery.getPage({});
  expect(heard).toHaveLength(2);
});

test("A create is repeated under one idempotency key, and the next create has another", async () => {
  const { gazette, heard } = scripted((router) =>
    router.service(ContentService, { createDocument: after(2, AWAY, { document: { id: "1" } }) }),
  );
  await gazette.content.createDocument({});
  await gazette.content.createDocument({});
  const keys = heard.map((each) => each.headers.get("idempotency-key"));
  expect(new Set(keys.slice(0, 3)).size).toBe(1);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[3]).not.toBe(keys[0]);
});

test("The caller's own idempotency key stands", async () => {
  const { gazette, heard } = scripted((router) => router.service(ContentService, { createDocument: () => ({}) }));
  await gazette.content.createDocument({}, { headers: { "Idempotency-Key": "mine" } });
  expect(heard[0]?.headers.get("idempotency-key")).toBe("mine");
});

test("A change that is safe under no key is made once", async () => {
  const { gazette, heard } = scripted((router) => router.service(ContentService, { publishDocument: after(1, AWAY, {}) }));
  await expect(gazette.content.publishDocument({})).rejects.toBeInstanceOf(Unavailable);
  expect(heard).toHaveLength(1);
  expect(heard[0]?.headers.has("idempotency-key")).toBe(false);
});

test("A deadline is for all attempts together", async () => {
  const { gazette } = scripted(pages(after(1000, AWAY, TITLE)), { timeoutMs: 60, retry: { attempts: 1000 } });
  await expect(gazette.delivery.getPage({})).rejects.toMatchObject({
    code: expect.stringMatching("UNAVAILABLE|DEADLINE_EXCEEDED"),
  });
});

test("A call that takes too long fails, and a time of its own comes before the client's", async () => {
  const silent = () => new Promise<typeof TITLE>(() => undefined);
  const { gazette } = scripted(pages(silent), { timeoutMs: 600_000 });
  await expect(gazette.delivery.getPage({}, { timeoutMs: 20 })).rejects.toBeInstanceOf(DeadlineExceeded);
});

test("A call that is given up ends at once with the caller's reason, and is not repeated", async () => {
  const giving = new AbortController();
  const reason = new Error("the page was left");
  const { gazette, heard } = scripted(
    pages(() => {
      giving.abort(reason);
      throw AWAY;
    }),
  );
  const call = gazette.delivery.getPage({}, { signal: giving.signal });
  await expect(call).rejects.toBeInstanceOf(Cancelled);
  await expect(call).rejects.toMatchObject({ code: "CANCELLED", cause: reason });
  expect(heard).toHaveLength(1);
});

test("A call that was given up before it began is not made", async () => {
  const { gazette, heard } = scripted(pages(() => TITLE));
  await expect(gazette.delivery.getPage({}, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(Cancelled);
  expect(heard).toEqual([]);
});

test("After its own publication the client reads nothing older", async () => {
  const { gazette, heard } = scripted((router) => {
    router.service(DeliveryService, { getPage: () => TITLE });
    router.service(ContentService, {
      publishDocument: () => ({ recordNumber: 7n }),
      batchPublishDocuments: () => ({
        results: [9n, 8n].map((recordNumber) => ({ result: { case: "response" as const, value: { recordNumber } } })),
      }),
      withdrawDocument: () => ({ recordNumber: 3n }),
    });
  });
  await gazette.delivery.getPage({});
  await gazette.content.publishDocument({});
  await gazette.delivery.getPage({});
  await gazette.content.batchPublishDocuments({});
  await gazette.content.withdrawDocument({});
  await gazette.delivery.getPage({});
  await gazette.delivery.getPage({}, { headers: { "x-min-record-number": "5" } });
  const asked = heard.filter((each) => each.method === "GetPage").map((each) => each.headers.get("x-min-record-number"));
  expect(asked).toEqual([null, "7", "9", "5"]);
  expect(gazette.recordNumber).toBe(9n);
});

test("What is read says nothing of what the client has published", async () => {
  const { gazette } = scripted(
    pages(() => ({ answer: { case: "page", value: { title: "Tides", recordNumber: 40n } } }) as never),
  );
  await gazette.delivery.getPage({});
  expect(gazette.recordNumber).toBe(0n);
});

test("A record that was set back is read without the number that it does not reach", async () => {
  const gone = failure(Code.FailedPrecondition, "RECORD_NOT_REACHED");
  const { gazette, heard } = scripted((router) => {
    router.service(ContentService, { publishDocument: () => ({ recordNumber: 7n }) });
    router.service(DeliveryService, {
      getPage: (_, { requestHeader }) => {
        if (requestHeader.has("x-min-record-number")) {
          throw gone;
        }
        return TITLE;
      },
    });
  });
  await gazette.content.publishDocument({});
  await gazette.delivery.getPage({});
  expect(names(heard)).toEqual(["PublishDocument", "GetPage", "GetPage"]);
  expect(gazette.recordNumber).toBe(0n);
});

test("An import that ended early says what it had published", async () => {
  const early = failure(Code.InvalidArgument, "OPTIONS_FIRST", { metadata: { record_number: "12" } });
  const { gazette } = scripted((router) =>
    router.service(ContentService, { importDocuments: async () => after(1, early, {})() }),
  );
  await expect(gazette.content.importDocuments([{}])).rejects.toMatchObject({ reason: "OPTIONS_FIRST" });
  expect(gazette.recordNumber).toBe(12n);
});

test("A stream of answers is repeated until its first answer, and not after that", async () => {
  const chunk = { contentType: "text/plain", data: new Uint8Array([1]) };
  let calls = 0;
  const { gazette } = scripted((router) =>
    router.service(FileService, {
      async *downloadFile() {
        calls += 1;
        if (calls === 1) {
          throw AWAY;
        }
        yield chunk;
        throw AWAY;
      },
    }),
  );
  const read: number[] = [];
  await expect(
    (async () => {
      for await (const { data } of gazette.files.downloadFile({ id: "1" })) {
        read.push(data.length);
      }
    })(),
  ).rejects.toBeInstanceOf(Unavailable);
  expect([calls, read]).toEqual([2, [1]]);
});

test("Whoever stops reading a stream ends the call", async () => {
  const ended = vi.fn();
  const { gazette } = scripted((router) =>
    router.service(FileService, {
      async *downloadFile(_, { signal }) {
        signal.addEventListener("abort", ended);
        for (;;) {
          yield { data: new Uint8Array(1) };
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    }),
  );
  for await (const _ of gazette.files.downloadFile({ id: "1" })) {
    break;
  }
  await vi.waitFor(() => expect(ended).toHaveBeenCalled(), { timeout: 30_000 });
});

test("A list of requests is sent again, a generator is not", async () => {
  const upload = { part: { case: "chunk", value: new Uint8Array(1) } } as const;
  const answer = (failures: number) => {
    const next = after(failures, AWAY, { file: { id: "1" } });
    return async (requests: AsyncIterable<unknown>) => {
      for await (const _ of requests) {
        // all of it
      }
      return next();
    };
  };
  const answering = () => scripted((router) => router.service(FileService, { uploadFile: answer(1) }));
  const list = answering();
  expect((await list.gazette.files.uploadFile([upload])).file?.id).toBe("1");
  const once = answering();
  const generator = (function* () {
    yield upload;
  })();
  await expect(once.gazette.files.uploadFile(generator)).rejects.toBeInstanceOf(Unavailable);
  expect([list.heard.length, once.heard.length]).toEqual([2, 1]);
});

test.each([
  ["gRPC-Web", createClient],
  ["gRPC", createNodeClient],
])("A server that is not there is away, after as many attempts as a call has: %s", async (_, make) => {
  const attempts = vi.fn((next) => next);
  const retry = { attempts: 3, firstPauseMs: 1 };
  const gazette = make({
    baseUrl: "http://127.0.0.1:1",
    retry,
    interceptors: [(next) => (request) => attempts(next)(request)],
  });
  await expect(gazette.delivery.getPage({})).rejects.toBeInstanceOf(Unavailable);
  expect(attempts).toHaveBeenCalledTimes(3);
  gazette.close();
});

test("A browser says that it sends no streams, and what to do instead", async () => {
  const gazette = createClient({ baseUrl: "http://127.0.0.1:1", apiKey: "gaz_key" });
  await expect(gazette.content.importDocuments([{}])).rejects.toMatchObject({
    code: "UNIMPLEMENTED",
    message: expect.stringContaining("POST /v1/documents:import"),
  });
});
