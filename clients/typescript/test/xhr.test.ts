/** How a browser carries an upload. That real browsers do is for the tests that have one. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Cancelled, createClient, type Progress, Unavailable } from "../src/index.js";

type Act = (request: FakeRequest) => void;

/** What of XMLHttpRequest the client uses. */
class FakeRequest {
  static act: Act = () => undefined;
  readonly upload: { onprogress?: (event: { loaded: number }) => void } = {};
  readonly headers = new Headers();
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  status = 0;
  responseText = "";
  opened = "";
  sent?: Blob;

  open(method: string, url: string): void {
    this.opened = `${method} ${new URL(url).pathname}`;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
  getAllResponseHeaders(): string {
    return "content-type: application/json\r\nx-request-id: request-4\r\n";
  }
  send(body: Blob): void {
    this.sent = body;
    queueMicrotask(() => FakeRequest.act(this));
  }
  abort(): void {
    this.onabort?.();
  }
  answer(status: number, value: unknown): void {
    this.status = status;
    this.responseText = JSON.stringify(value);
    this.onload?.();
  }
}

const picture = new File(["picture"], "pier.png");

function upload(options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal } = {}) {
  const gazette = createClient({ baseUrl: "http://gazette.example.gov/", apiKey: "gaz_key", retry: { firstPauseMs: 1 } });
  return gazette.upload(picture, { organisationId: "org", ...options });
}

beforeEach(() => {
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("An upload goes out with its headers, tells its progress, and comes back as a file", async () => {
  const requests: FakeRequest[] = [];
  FakeRequest.act = (request) => {
    requests.push(request);
    request.upload.onprogress?.({ loaded: 3 });
    request.upload.onprogress?.({ loaded: 7 });
    request.answer(201, { file: { id: "1" } });
  };
  const told: Progress[] = [];
  expect((await upload({ onProgress: (progress) => told.push(progress) })).id).toBe("1");
  expect(told).toEqual([
    { loaded: 3, total: 7 },
    { loaded: 7, total: 7 },
  ]);
  const [request] = requests;
  expect([request?.opened, request?.sent]).toEqual(["POST /v1/files:upload", picture]);
  expect(request?.headers.get("authorization")).toBe("Bearer gaz_key");
  expect(request?.headers.get("idempotency-key")).toBeTruthy();
});

test("What the server refuses, or has no details of, is told as over fetch", async () => {
  FakeRequest.act = (request) => request.answer(413, { code: 3, message: "too large", details: [] });
  await expect(upload()).rejects.toMatchObject({ name: "InvalidArgument", message: "too large", requestId: "request-4" });
});

test("A server that is not there is away, after as many attempts as a call has", async () => {
  const act = vi.fn<Act>((request) => request.onerror?.());
  FakeRequest.act = act;
  await expect(upload()).rejects.toBeInstanceOf(Unavailable);
  expect(act).toHaveBeenCalledTimes(5);
});

test("An upload that is given up ends the request", async () => {
  const giving = new AbortController();
  FakeRequest.act = () => giving.abort();
  await expect(upload({ signal: giving.signal })).rejects.toBeInstanceOf(Cancelled);
});
