/** What failures become: classes by their status, with all that the server says. */

import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { typed } from "../src/errors/decoding.js";
import { refusal } from "../src/errors/http.js";
import { EditConflictSchema } from "../src/gen/content.js";
import { DeliveryService } from "../src/gen/delivery.js";
import { ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../src/gen/google/rpc/status_pb.js";
import * as client from "../src/index.js";
import { failure, scripted } from "./scripted.js";

const CLASSES: [Code, client.StatusCode, typeof client.GazetteError][] = [
  [Code.Canceled, "CANCELLED", client.Cancelled],
  [Code.Unknown, "UNKNOWN", client.GazetteError],
  [Code.InvalidArgument, "INVALID_ARGUMENT", client.InvalidArgument],
  [Code.DeadlineExceeded, "DEADLINE_EXCEEDED", client.DeadlineExceeded],
  [Code.NotFound, "NOT_FOUND", client.NotFound],
  [Code.AlreadyExists, "ALREADY_EXISTS", client.AlreadyExists],
  [Code.PermissionDenied, "PERMISSION_DENIED", client.PermissionDenied],
  [Code.ResourceExhausted, "RESOURCE_EXHAUSTED", client.ResourceExhausted],
  [Code.FailedPrecondition, "FAILED_PRECONDITION", client.FailedPrecondition],
  [Code.Aborted, "ABORTED", client.Aborted],
  [Code.OutOfRange, "OUT_OF_RANGE", client.GazetteError],
  [Code.Unimplemented, "UNIMPLEMENTED", client.GazetteError],
  [Code.Internal, "INTERNAL", client.Internal],
  [Code.Unavailable, "UNAVAILABLE", client.Unavailable],
  [Code.DataLoss, "DATA_LOSS", client.DataLoss],
  [Code.Unauthenticated, "UNAUTHENTICATED", client.Unauthenticated],
];

test.each(CLASSES)("Status %i is %s", (number, code, kind) => {
  const error = typed(failure(number, "REASON"));
  expect(error).toBeInstanceOf(kind);
  expect(error.name).toBe(kind === client.GazetteError ? "GazetteError" : kind.name);
  expect(error).toMatchObject({ code, message: "it is REASON" });
});

test("A failed call says its reason, its metadata, the fields, and the request's id", async () => {
  const fields = [{ field: "path", description: "is too long" }];
  const { gazette } = scripted((router) =>
    router.service(DeliveryService, {
      getPage: () => {
        throw failure(Code.InvalidArgument, "INVALID_ARGUMENT", { fields, metadata: { limit: "512" }, retryAfterMs: 1500 });
      },
    }),
  );
  const error = await gazette.delivery.getPage({}).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    name: "InvalidArgument",
    reason: "INVALID_ARGUMENT",
    metadata: { limit: "512" },
    fieldViolations: fields,
    preconditions: [],
    requestId: "request-1",
    retryAfter: 1.5,
  });
});

test("A stale etag and a conflict are kinds of Aborted, by their reasons", () => {
  const told = (reason: string, code = 10) => {
    const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason }))];
    return client.fromStatus(create(StatusSchema, { code, details }));
  };
  expect(told("STALE_ETAG")).toBeInstanceOf(client.StaleEtag);
  expect(told("STALE_ETAG")).toBeInstanceOf(client.Aborted);
  expect(told("MERGE_CONFLICT")).toBeInstanceOf(client.MergeConflict);
  expect(told("OTHER").constructor).toBe(client.Aborted);
  expect(told("STALE_ETAG", 13)).toBeInstanceOf(client.Internal);
});

test("A detail of any kind can be read", async () => {
  const { gazette } = scripted((router) =>
    router.service(DeliveryService, {
      getPage: () => {
        throw new ConnectError("stale", Code.Aborted, undefined, [
          { desc: EditConflictSchema, value: create(EditConflictSchema, { currentEtag: "4" }) },
        ]);
      },
    }),
  );
  const error = await gazette.delivery.getPage({}).catch((caught: client.GazetteError) => caught);
  expect(error).toBeInstanceOf(client.Aborted);
  const stale = error as client.GazetteError;
  expect(stale.detail(EditConflictSchema)?.currentEtag).toBe("4");
  expect(stale.detail(ErrorInfoSchema)).toBeUndefined();
});

test("What is far too large is the request's fault, though gRPC speaks of exhaustion", () => {
  const error = typed(new ConnectError("SERVER: Received message larger than max (5 vs. 4)", Code.ResourceExhausted));
  expect(error).toMatchObject({ name: "InvalidArgument", reason: "REQUEST_TOO_LARGE" });
});

test("A connection that breaks while an answer is read is the service's being away", () => {
  const broken = new ConnectError("network error", Code.Unknown, undefined, undefined, new TypeError("network error"));
  expect(typed(broken)).toBeInstanceOf(client.Unavailable);
  const defect = new ConnectError("x", Code.Unknown, undefined, undefined, new TypeError("x is not a function"));
  expect(typed(defect).code).toBe("UNKNOWN");
});

test("One that failed in a batch is told as the single call would be", () => {
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "STALE_ETAG", metadata: { current: "4" } }))];
  const error = client.fromStatus(create(StatusSchema, { code: 10, message: "it has changed", details }));
  expect(error).toBeInstanceOf(client.StaleEtag);
  expect(error).toMatchObject({ message: "it has changed", metadata: { current: "4" } });
});

describe("over HTTP", () => {
  test("A status in JSON says the same as over gRPC", async () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "NOT_APPROVED", domain: "gazette", metadata: { a: "b" } },
      {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        violations: [{ type: "BLOCKING_COMMENTS", subject: "comments", description: "one is open" }],
      },
      { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId: "request-2", servingData: "" },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.250s" },
    ];
    const response = Response.json({ code: 9, message: "not yet", details }, { status: 400 });
    expect(await refusal(response)).toMatchObject({
      name: "FailedPrecondition",
      message: "not yet",
      reason: "NOT_APPROVED",
      metadata: { a: "b" },
      preconditions: [{ reason: "BLOCKING_COMMENTS", subject: "comments", description: "one is open" }],
      requestId: "request-2",
      retryAfter: 1.25,
    });
  });

  test.each([
    ["<html>busy</html>", 503, "UNAVAILABLE"],
    ["", 404, "NOT_FOUND"],
    ["[1]", 413, "INVALID_ARGUMENT"],
    ['{"code": "x", "details": 4}', 429, "RESOURCE_EXHAUSTED"],
    ["null", 418, "UNKNOWN"],
  ])("What is not ours, %s with %i, is told by its status", async (body, status, code) => {
    const headers = { "retry-after": "3", "x-request-id": "request-3" };
    expect(await refusal(new Response(body, { status, headers }))).toMatchObject({
      code,
      reason: "",
      retryAfter: 3,
      requestId: "request-3",
    });
  });
});

test("No reason is named for any method that the documentation does not list for any", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const [table = ""] = /Any method may answer these.*?(?=Which method answers)/s.exec(read("../../../docs/api.md")) ?? [];
  const documented = [...table.matchAll(/^\| ([^|]*) \|/gm)]
    .flatMap((row) => [...(row[1] ?? "").matchAll(/`(\w+)`/g)])
    .map((one) => one[1]);
  const [type = ""] = /type GeneralReason =[^;]*/.exec(read("../src/errors/errors.ts")) ?? [];
  const listed = [...type.matchAll(/"(\w+)"/g)].map((one) => one[1]);
  expect(listed).toContain("RATE_LIMITED");
  expect(listed.filter((reason) => !documented.includes(reason))).toEqual([]);
});
