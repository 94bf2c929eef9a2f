/** How what went wrong in a call becomes a GazetteError: the server's `google.rpc` details, or what a transport says by itself. */
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { type Detail, type Failure, failed, GazetteError, statusCode } from "./errors.js";

/** How gRPC itself refuses what is far too large, before the server hears of it. */
const TOO_LARGE = "Received message larger than max";
/** What browsers and Node say of a connection that breaks while an answer is read. */
const BROKEN_OFF = /network|terminated|load failed|fetch/i;

/** The same failure as a GazetteError; takes whatever a transport throws. */
export function typed(error: unknown): GazetteError {
  if (error instanceof GazetteError) {
    return error;
  }
  const known = ConnectError.from(error);
  const code = known.code === Code.Unknown && isBrokenOff(known.cause) ? "UNAVAILABLE" : statusCode(known.code);
  if (code === "RESOURCE_EXHAUSTED" && known.rawMessage.includes(TOO_LARGE)) {
    return failed(known.rawMessage, { code: "INVALID_ARGUMENT", reason: "REQUEST_TOO_LARGE" }, error);
  }
  return failed(known.rawMessage, { code, ...said(known.details.filter(isIncoming).map(detail)) }, error);
}

/** What a batch says of the one of its requests that failed. */
export function fromStatus({ code, message, details }: Status): GazetteError {
  const read = details.map(({ typeUrl, value }) => detail({ type: typeUrl.replace(/^.*\//, ""), value }));
  return failed(message, { ...said(read), code: statusCode(code) });
}

/** What the details say; of kinds that are not known here they are kept as they are. */
export function said(details: readonly Detail[]): Omit<Failure, "code"> {
  const find = (type: string): Detail | undefined => details.find((each) => each.type === type);
  const info = find(ErrorInfoSchema.typeName)?.read(ErrorInfoSchema);
  const delay = find(RetryInfoSchema.typeName)?.read(RetryInfoSchema).retryDelay;
  return {
    details,
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    fieldViolations: (find(BadRequestSchema.typeName)?.read(BadRequestSchema).fieldViolations ?? []).map(
      ({ field, description }) => ({ field, description }),
    ),
    preconditions: details
      .filter((each) => each.type === PreconditionFailureSchema.typeName)
      .flatMap((each) => each.read(PreconditionFailureSchema).violations)
      .map(({ type, subject, description }) => ({ reason: type, subject, description })),
    requestId: find(RequestInfoSchema.typeName)?.read(RequestInfoSchema).requestId ?? "",
    retryAfter: delay && Number(delay.seconds) + delay.nanos / 1e9,
  };
}

/** A detail as gRPC sends it. */
function detail({ type, value }: { type: string; value: Uint8Array }): Detail {
  return { type, read: (schema) => fromBinary(schema, value) };
}

function isIncoming(each: ConnectError["details"][number]): each is { type: string; value: Uint8Array } {
  return "type" in each;
}

function isBrokenOff(cause: unknown): boolean {
  return cause instanceof TypeError && BROKEN_OFF.test(cause.message);
}
