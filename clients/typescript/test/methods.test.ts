/** What the client takes from the contract. */
import { readdirSync, readFileSync } from "node:fs";
import type { DescMethod } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type Called, called } from "../src/calls/methods.js";
import { AuthService } from "../src/gen/auth.js";
import { ContentService } from "../src/gen/content.js";
import { DeliveryService } from "../src/gen/delivery.js";
import { FileService } from "../src/gen/files.js";
import { createClient } from "../src/index.js";

const { createDocument, importDocuments, publishDocument, resolveComment } = ContentService.method;

test.each<[DescMethod, Partial<Called>]>([
  [DeliveryService.method.getPage, { isPublic: true, isSafe: true, changes: false, takesKey: false, takesMinimum: true }],
  [AuthService.method.login, { isPublic: true, isSafe: true, startsSession: true }],
  [AuthService.method.logout, { isPublic: false, isSafe: true, startsSession: false }],
  [createDocument, { isPublic: false, isSafe: false, changes: true, takesKey: true }],
  [publishDocument, { isPublic: false, isSafe: false, takesKey: false, takesMinimum: false }],
  [resolveComment, { isPublic: false, isSafe: true, changes: true }],
  [importDocuments, { isPublic: false, isSafe: true, isStream: true }],
  [FileService.method.uploadFileContent, { isPublic: false, isSafe: false, takesKey: true, isStream: true }],
  [FileService.method.downloadFile, { isPublic: true, isSafe: true, isStream: true }],
])("%s is called as the contract says", (method, expected) => {
  expect(called(method)).toMatchObject(expected);
});

test("Every service of the contract is an attribute of the client, with all its methods", () => {
  const names = readdirSync(new URL("../src/gen/gazette", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("_service_pb.ts"))
    .flatMap((file) => {
      const text = readFileSync(new URL(`../src/gen/gazette/${file}`, import.meta.url), "utf8");
      return [...text.matchAll(/@generated from rpc (\S+)\.\w+$/gm)].map((found) => found[1]);
    });
  const gazette = createClient({ baseUrl: "http://127.0.0.1:1" });
  const { auth, accounts, organisations, contentTypes, content, delivery, record, files, system, audit } = gazette;
  const clients = [auth, accounts, organisations, contentTypes, content, delivery, record, files, system, audit];
  expect(clients.flatMap((each) => Object.keys(each))).toHaveLength(names.length);
  expect(new Set(names).size).toBe(clients.length);
});
