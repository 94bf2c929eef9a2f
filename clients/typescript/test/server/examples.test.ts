/** The examples of the README, run against a running stack. Its first page is read from npm init on by `make test-web`. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as desk from "../../examples/desk.js";
import { show } from "../../examples/page.js";
import { copy } from "../../examples/service.js";
import { Permission } from "../../src/gen/access.js";
import { Role } from "../../src/gen/auth.js";
import { createClient } from "../../src/node/index.js";
import { as, GRPC, HTTP, organisation, picture, unique } from "./stack.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gazette-"));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("A browser's page shows a page", async () => {
  const place = { innerHTML: "" };
  await show(HTTP, "/guidance/moor-a-boat", place as Element);
  expect(place.innerHTML).toContain("<p>");
});

test("A desk signs in, lists, saves and uploads", async () => {
  const items = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  });
  const gazette = desk.open(HTTP);
  const { email, password } = as("author");
  expect(await desk.signIn(gazette, `${unique("nobody")}@example.gov`, password, "")).not.toBe("");
  expect(await desk.signIn(gazette, email, password, "")).toBe("");
  expect(items.has("gazette")).toBe(true);

  const organisationId = await organisation(gazette);
  const title = unique("Tides");
  const draft = { organisationId, contentType: "harbour_guide", path: `/guidance/${title}`, title };
  const { document } = await gazette.content.createDocument({ document: { ...draft, path: draft.path.toLowerCase() } });
  const known = document ?? expect.unreachable("a create was answered without a document");
  expect(await desk.titles(gazette, organisationId)).toContain(title);
  expect((await desk.retitle(gazette, known, `${title} tables`))?.title).toBe(`${title} tables`);
  expect(await desk.retitle(gazette, known, "Later")).toBeUndefined();

  const bytes = picture(100);
  const bar = { value: 0, max: 0 };
  const id = await desk.upload(gazette, new File([bytes], "pier.png"), organisationId, bar, AbortSignal.timeout(60_000));
  expect((await gazette.files.getFile({ id })).file?.name).toBe("pier.png");
  expect(bar).toEqual({ value: bytes.length, max: bytes.length });
  await gazette.signOut();
});

test("A service copies a file", async () => {
  const admin = createClient({ baseUrl: GRPC, ...as("admin") });
  const organisationId = await organisation(admin);
  const account = { name: unique("Copies") };
  const made = await admin.accounts.createServiceAccount({ account, role: Role.AUTHOR, organisationId });
  const scopes = [Permission.FILES_READ, Permission.FILES_WRITE];
  const { key } = await admin.accounts.createApiKey({ accountId: made.account?.id ?? "", name: "copies", scopes });
  const [from, to] = [join(folder, "pier.png"), join(folder, "copy.png")];
  await writeFile(from, picture(100));
  await copy(GRPC, HTTP, key, organisationId, from, to);
  expect((await readFile(to)).equals(await readFile(from))).toBe(true);
  admin.close();
});
