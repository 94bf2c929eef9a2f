/** Lists: a part by `await`, all items by `for await`. */
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, expectTypeOf, test } from "vitest";
import { walk } from "../src/calls/lists.js";
import { AuditService } from "../src/gen/audit.js";
import { AccountService, AuthService, OrganisationService } from "../src/gen/auth.js";
import { ContentService, ContentTypeService, type Document } from "../src/gen/content.js";
import { DeliveryService, type GetPageResponse } from "../src/gen/delivery.js";
import { FileService } from "../src/gen/files.js";
import { type RecordEntry, RecordService } from "../src/gen/record.js";
import { SystemService } from "../src/gen/system.js";
import { failure, scripted } from "./scripted.js";

const SERVICES = [
  AccountService,
  AuditService,
  AuthService,
  ContentService,
  ContentTypeService,
  DeliveryService,
  FileService,
  OrganisationService,
  RecordService,
  SystemService,
];

/** Seven documents, three at a time. */
function desk(fails = false) {
  const asked: { pageToken: string; pageSize: number }[] = [];
  const { gazette } = scripted((router) =>
    router.service(ContentService, {
      listDocuments: ({ pageToken, pageSize }) => {
        asked.push({ pageToken, pageSize });
        const start = Number(pageToken || 0);
        if (fails && start > 0) {
          throw failure(Code.InvalidArgument, "INVALID_PAGE_TOKEN");
        }
        const documents = [0, 1, 2].map((each) => ({ id: `${start + each}` })).slice(0, 7 - start);
        return { documents, nextPageToken: start + 3 < 7 ? `${start + 3}` : "" };
      },
    }),
  );
  return { gazette, asked };
}

test("All items of all parts come in their order, with the request's filter in each part", async () => {
  const { gazette, asked } = desk();
  const ids: string[] = [];
  for await (const document of gazette.content.listDocuments({ pageSize: 3 })) {
    expectTypeOf(document).toEqualTypeOf<Document>();
    ids.push(document.id);
  }
  expect(ids).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  expect(asked.map(({ pageToken, pageSize }) => [pageToken, pageSize])).toEqual([
    ["", 3],
    ["3", 3],
    ["6", 3],
  ]);
});

test("One part comes as the server sent it", async () => {
  const { gazette, asked } = desk();
  const { documents, nextPageToken } = await gazette.content.listDocuments({ pageToken: "3" });
  expect([documents.length, nextPageToken]).toEqual([3, "6"]);
  expect(asked).toHaveLength(1);
});

test("No part is asked for that nobody reads", async () => {
  const { gazette, asked } = desk();
  for await (const document of gazette.content.listDocuments({})) {
    if (document.id === "2") {
      break;
    }
  }
  expect(asked).toHaveLength(1);
});

test("A list can be walked through again, from its first part on", async () => {
  const { gazette } = desk();
  const list = gazette.content.listDocuments({});
  const walks = [];
  for (let turn = 0; turn < 2; turn++) {
    const ids = [];
    for await (const { id } of list) {
      ids.push(id);
    }
    walks.push(ids.length);
  }
  expect(walks).toEqual([7, 7]);
});

test("A part that fails ends the walk, after the items before it", async () => {
  const { gazette } = desk(true);
  const ids: string[] = [];
  const walking = (async () => {
    for await (const { id } of gazette.content.listDocuments({})) {
      ids.push(id);
    }
  })();
  await expect(walking).rejects.toMatchObject({ reason: "INVALID_PAGE_TOKEN" });
  expect(ids).toHaveLength(3);
});

test("The record is walked through by number, to its end", async () => {
  const asked: bigint[] = [];
  const { gazette } = scripted((router) =>
    router.service(RecordService, {
      listRecordEntries: ({ afterNumber }) => {
        asked.push(afterNumber);
        const entries = [1n, 2n].map((each) => ({ body: { number: afterNumber + each } }));
        return { entries: entries.filter((each) => each.body.number <= 3n) };
      },
    }),
  );
  const numbers = [];
  for await (const entry of gazette.record.listRecordEntries({})) {
    expectTypeOf(entry).toEqualTypeOf<RecordEntry>();
    numbers.push(entry.body?.number);
  }
  expect(numbers).toEqual([1n, 2n, 3n]);
  expect(asked).toEqual([0n, 2n, 3n]);
});

test("Every method of the contract that lists can be walked through", () => {
  const unary = SERVICES.flatMap((service) => service.methods).filter((method) => method.methodKind === "unary");
  const lists = unary
    .filter((method) => method.name.startsWith("List") || "nextPageToken" in method.output.field)
    .map((method) => method.name);
  const walked = unary.filter((method) => walk(method as DescMethodUnary)).map((method) => method.name);
  expect(lists).toContain("ListPages");
  expect(lists.filter((name) => !walked.includes(name))).toEqual([]);
});

test("What lists nothing is a plain promise, for the compiler too", () => {
  const { gazette } = scripted((router) => router.service(DeliveryService, { getPage: () => ({}) }));
  expectTypeOf(gazette.delivery.getPage).returns.toEqualTypeOf<Promise<GetPageResponse>>();
  expect(Symbol.asyncIterator in gazette.delivery.getPage({})).toBe(false);
});
