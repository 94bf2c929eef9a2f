/** The client against a running stack, over gRPC, over gRPC through Envoy, and over gRPC-Web. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Permission } from "../../src/gen/access.js";
import { Role } from "../../src/gen/auth.js";
import { EditConflictSchema, LiveState } from "../../src/gen/content.js";
import {
  type ClientOptions,
  createClient,
  FailedPrecondition,
  type Gazette,
  InvalidArgument,
  memoryStore,
  NotFound,
  type Progress,
  StaleEtag,
  Unauthenticated,
} from "../../src/index.js";
import { as, HTTP, organisation, picture, unique, WAYS } from "./stack.js";

describe.each(WAYS)("over %s", (_, make) => {
  let author: Gazette;
  let organisationId: string;
  const made: Gazette[] = [];

  function client(options?: ClientOptions): Gazette {
    const gazette = make(options);
    made.push(gazette);
    return gazette;
  }

  async function draft() {
    const path = `/guidance/${unique("tides")}`;
    const document = {
      organisationId,
      contentType: "harbour_guide",
      path,
      title: "Tide tables",
      body: "High water is at **six**.",
    };
    const answer = await author.content.createDocument({ document });
    return answer.document ?? expect.unreachable("a create was answered without a document");
  }

  beforeAll(async () => {
    author = client(as("author"));
    organisationId = await organisation(author);
  });
  afterAll(() => {
    for (const gazette of made) {
      gazette.close();
    }
  });

  test("Anyone reads a page, and hears that there is none", async () => {
    const anyone = client();
    const { answer } = await anyone.delivery.getPage({ path: "/guidance/moor-a-boat" });
    expect(answer.case === "page" && answer.value.title).toBe("Apply for a mooring");
    const missing = anyone.delivery.getPage({ path: unique("/nowhere") });
    await expect(missing).rejects.toBeInstanceOf(NotFound);
    await expect(missing).rejects.toMatchObject({ reason: "PAGE_NOT_FOUND", requestId: expect.stringMatching(/./) });
  });

  test("A document is written, approved and published, and its publisher reads it at once", async () => {
    const [editor, publisher] = [client(as("editor")), client(as("publisher"))];
    const { id, etag, path } = await draft();
    const submitted = await author.content.submitDocument({ id, etag });
    const approved = await editor.content.approveDocument({ id, etag: submitted.document?.etag ?? "" });
    const published = await publisher.content.publishDocument({ id, etag: approved.document?.etag ?? "" });
    expect(published.document?.live?.state).toBe(LiveState.PUBLISHED);
    expect(publisher.recordNumber).toBe(published.recordNumber);
    const { answer } = await publisher.delivery.getPage({ path });
    expect(answer.case === "page" && answer.value.html).toContain("<strong>six</strong>");
  });

  test("Who saves over somebody else's change is told who, and of which version", async () => {
    const { id, etag } = await draft();
    const save = (title: string) =>
      author.content.updateDocument({ document: { id, etag, title }, updateMask: { paths: ["title"] } });
    const saved = await save("Tides");
    const error = await save("Tables").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StaleEtag);
    expect(error).toMatchObject({ metadata: { given: etag, current: saved.document?.etag } });
    expect((error as StaleEtag).detail(EditConflictSchema)).toMatchObject({ documentId: id, savedByCount: 1 });
  });

  test("What is wrong is named by its field, and what does not stand by what is in the way", async () => {
    const document = { organisationId, contentType: "harbour_guide", path: "no path", title: "Tides" };
    const refused = await author.content.createDocument({ document }).catch((caught: unknown) => caught);
    expect(refused).toBeInstanceOf(InvalidArgument);
    expect((refused as InvalidArgument).fieldViolations.map((each) => each.field)).toEqual(["document.path"]);
    const { id, etag } = await draft();
    const early = client(as("publisher")).content.publishDocument({ id, etag });
    await expect(early).rejects.toBeInstanceOf(FailedPrecondition);
    await expect(early).rejects.toMatchObject({ reason: expect.stringMatching("NOT_APPROVED|WRONG_STATE") });
  });

  test("A create under the same key makes one document", async () => {
    const headers = { "idempotency-key": unique("key") };
    const path = `/guidance/${unique("once")}`;
    const document = { organisationId, contentType: "harbour_guide", path, title: "Once" };
    const twice = [1, 2].map(() => author.content.createDocument({ document }, { headers }));
    const [one, other] = await Promise.all(twice);
    expect(other?.document?.id).toBe(one?.document?.id);
  });

  test("Lists are walked through to their end", async () => {
    const whole: string[] = [];
    for await (const { id } of author.content.listDocuments({ pageSize: 100 })) {
      whole.push(id);
    }
    const byThree: string[] = [];
    for await (const { id } of author.content.listDocuments({ pageSize: 3 })) {
      byThree.push(id);
    }
    expect(byThree.filter((id) => whole.includes(id))).toEqual(whole);
    let last = 0n;
    for await (const { body } of client().record.listRecordEntries({ pageSize: 7 })) {
      expect(body?.number).toBe(last + 1n);
      last += 1n;
    }
    expect(last).toBeGreaterThan(7n);
  });

  test("A session outlives a token that the server refuses, and its client", async () => {
    const store = memoryStore();
    const first = client({ store });
    await first.signIn(as("author"));
    await store.save({ ...(await first.session.tokens()), accessToken: "eyJhbGciOiJFUzI1NiJ9.e30.AAAA" });
    const people = await Promise.all(Array.from({ length: 5 }, () => first.auth.getMe({})));
    expect(new Set(people.map((each) => each.account?.email))).toEqual(new Set([as("author").email]));
    const later = client({ store });
    expect((await later.auth.getMe({})).account?.email).toBe(as("author").email);
    const { refreshToken } = await later.session.tokens();
    await later.signOut();
    await expect(client({ refreshToken }).auth.getMe({})).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  });

  test("A service comes in by its key until that is revoked", async () => {
    const admin = client(as("admin"));
    const { account } = await admin.accounts.createServiceAccount({
      account: { name: unique("Harbour feed") },
      role: Role.AUTHOR,
      organisationId,
    });
    const accountId = account?.id ?? "";
    const scopes = [Permission.DOCUMENTS_READ];
    const { key, apiKey } = await admin.accounts.createApiKey({ accountId, name: "feed", scopes });
    const service = client({ apiKey: `${key}\n` });
    expect((await service.content.listDocuments({ pageSize: 1 })).documents).toHaveLength(1);
    await admin.accounts.revokeApiKey({ accountId, id: apiKey?.id ?? "" });
    await expect
      .poll(
        () =>
          service.content.listDocuments({ pageSize: 1 }).then(
            () => "",
            (error: Unauthenticated) => error.reason,
          ),
        { timeout: 60_000 },
      )
      .toBe("INVALID_API_KEY");
  });

  test("A picture is uploaded with its progress, and comes back as it was, to those who may have it", async () => {
    const bytes = picture(400);
    const told: Progress[] = [];
    const file = await author.upload(new File([bytes], "pier.png"), {
      organisationId,
      alternativeText: "The pier",
      onProgress: (progress) => told.push(progress),
    });
    expect(file).toMatchObject({
      name: "pier.png",
      contentType: "image/png",
      sizeBytes: BigInt(bytes.length),
      alternativeText: "The pier",
    });
    expect(told.at(-1)).toEqual({ loaded: bytes.length, total: bytes.length });
    const incoming = await author.download(file.id);
    expect([incoming.contentType, incoming.sha256]).toEqual(["image/png", file.sha256]);
    expect(Buffer.from(await incoming.bytes()).equals(bytes)).toBe(true);
    await expect(client().download(file.id)).rejects.toMatchObject({ name: "NotFound", reason: "FILE_NOT_FOUND" });
  });

  test("A file of no type that is taken is refused with what is, and one of nobody's with that", async () => {
    const page = new File(["<html>"], "page.html");
    const refused = author.upload(page, { organisationId });
    await expect(refused).rejects.toBeInstanceOf(InvalidArgument);
    await expect(refused).rejects.toMatchObject({ reason: "FILE_TYPE_NOT_ALLOWED", requestId: expect.stringMatching(/./) });
    await expect(client().upload(page, { organisationId })).rejects.toBeInstanceOf(Unauthenticated);
  });

  test("An upload that is given up ends so", async () => {
    const giving = new AbortController();
    const uploading = author.upload(new File([picture(200)], "pier.png"), { organisationId, signal: giving.signal });
    giving.abort();
    await expect(uploading).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

test("A wrong password is one refusal", async () => {
  const stranger = createClient({ baseUrl: HTTP });
  const email = `${unique("nobody")}@example.gov`;
  await expect(stranger.signIn({ email, password: "wrong-password" })).rejects.toMatchObject({ reason: "INVALID_CREDENTIALS" });
  await expect(stranger.auth.getMe({})).rejects.toBeInstanceOf(Unauthenticated);
});

test("A download that breaks off goes on from there", async () => {
  const asked: [string | null, number][] = [];
  const breaking: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const { body, status, headers } = response;
    if (!String(input).endsWith(":download") || !body) {
      return response;
    }
    asked.push([new Headers(init?.headers).get("range"), status]);
    return asked.length > 1 ? response : new Response(body.pipeThrough(endingAfter(50_000)), { status, headers });
  };
  const author = createClient({ baseUrl: HTTP, ...as("author"), fetch: breaking });
  const bytes = picture(300);
  const { id } = await author.upload(new File([bytes], "pier.png"), { organisationId: await organisation(author) });
  expect(Buffer.from(await (await author.download(id)).bytes()).equals(bytes)).toBe(true);
  expect(asked).toEqual([
    [null, 200],
    ["bytes=50000-", 206],
  ]);
});

/** Lets so many bytes pass, and then breaks. */
function endingAfter(length: number): TransformStream<Uint8Array, Uint8Array> {
  let left = length;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= Math.min(left, chunk.length);
      if (left === 0) {
        controller.terminate();
      }
    },
  });
}
