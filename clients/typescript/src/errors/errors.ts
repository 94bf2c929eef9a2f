/** What a call can fail with: a class for each status code, and what the server says of it. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { MethodReason } from "../gen/reasons.js";

/** The status codes of gRPC, in the order of their numbers. */
const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** The name of a failed call's status. */
export type StatusCode = Exclude<(typeof CODES)[number], "OK">;

/** What any method may answer; `docs/api.md` says what each means. */
type GeneralReason =
  | "ANSWER_TOO_LARGE"
  | "DATABASE_UNAVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "IDEMPOTENCY_KEY_REUSED"
  | "INTERNAL"
  | "INVALID_ACCESS_TOKEN"
  | "INVALID_API_KEY"
  | "INVALID_ARGUMENT"
  | "INVALID_JSON"
  | "MALFORMED_MESSAGE"
  | "MESSAGE_TOO_LATE"
  | "MISSING_MESSAGE"
  | "NEEDS_SESSION"
  | "PERMISSION_DENIED"
  | "RATE_LIMITED"
  | "REQUEST_TOO_LARGE"
  | "SERVER_STOPPING"
  | "STREAM_IDLE"
  | "TOO_MANY_CALLS"
  | "TOO_MANY_STREAMS"
  | "TOO_MUCH_AT_ONCE"
  | "TOTP_ENROLMENT_REQUIRED"
  | "UNAUTHENTICATED"
  | "UNKNOWN_FIELD"
  | "UPLOAD_TOO_SLOW";

/** Why a call failed, for programs: what the contract names, and what a later server may name. */
export type Reason = MethodReason | GeneralReason | (string & {});

/** One field of the request that is wrong. */
export interface FieldViolation {
  /** Its path, such as `document.title`. */
  readonly field: string;
  /** Why. */
  readonly description: string;
}

/** One thing that does not hold, and would have to. */
export interface Precondition {
  /** As `GazetteError.reason`; of a failed publish check its name, `LINK_TEXT_SAYS_NOTHING`. */
  readonly reason: string;
  /** What it is about, such as `draft.approvals`, or where it is: `document.body:12`. */
  readonly subject: string;
  /** Why, for people. */
  readonly description: string;
}

/** One detail of a failure, as it came: a message of the kind `type`. */
export interface Detail {
  /** The message's full name: `gazette.content.v1.EditConflict`. */
  readonly type: string;
  /** Reads it as a message of this kind. */
  read<Desc extends DescMessage>(schema: Desc): MessageShape<Desc>;
}

/** All that is known of a failure. */
export interface Failure {
  readonly code: StatusCode;
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly preconditions: readonly Precondition[];
  readonly requestId: string;
  readonly retryAfter: number | undefined;
  readonly details: readonly Detail[];
}

/**
 * A call that failed. Its class stands for its status code, `reason` says more exactly what happened, and `message` is for people.
 */
export class GazetteError extends Error implements Failure {
  override readonly name: string = "GazetteError";
  /** The status: `NOT_FOUND`. */
  readonly code: StatusCode;
  /** Stable, part of the contract: `PATH_TAKEN`. Empty when the answer is not the server's, as when it cannot be reached. */
  readonly reason: Reason;
  /** What belongs to the reason: for `STALE_ETAG` the etags `given` and `current`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For InvalidArgument: what is wrong with which field. */
  readonly fieldViolations: readonly FieldViolation[];
  /** For FailedPrecondition: all that stands in the way, as far as the server tells it. */
  readonly preconditions: readonly Precondition[];
  /** What the server's log knows the request by. Empty when it was not told. */
  readonly requestId: string;
  /** How many seconds the server asks to wait before the next attempt; undefined when it does not say. */
  readonly retryAfter: number | undefined;
  /** All that came with the status; `detail` reads one of them. */
  readonly details: readonly Detail[];

  constructor(message: string, failure: Pick<Failure, "code"> & Partial<Failure>, options?: ErrorOptions) {
    super(message, options);
    this.code = failure.code;
    this.reason = failure.reason ?? "";
    this.metadata = failure.metadata ?? {};
    this.fieldViolations = failure.fieldViolations ?? [];
    this.preconditions = failure.preconditions ?? [];
    this.requestId = failure.requestId ?? "";
    this.retryAfter = failure.retryAfter;
    this.details = failure.details ?? [];
  }

  /** The detail of this kind, if one came: `error.detail(EditConflictSchema)` of StaleEtag and MergeConflict. */
  detail<Desc extends DescMessage>(schema: Desc): MessageShape<Desc> | undefined {
    return this.details.find((each) => each.type === schema.typeName)?.read(schema);
  }
}

/** Given up by the caller, by its AbortSignal. */
export class Cancelled extends GazetteError {
  override readonly name = "Cancelled";
}

/** The request itself is wrong; `fieldViolations` says where. */
export class InvalidArgument extends GazetteError {
  override readonly name = "InvalidArgument";
}

/** It took longer than it may. */
export class DeadlineExceeded extends GazetteError {
  override readonly name = "DeadlineExceeded";
}

/** There is none, or none that the caller may know of. */
export class NotFound extends GazetteError {
  override readonly name = "NotFound";
}

/** What is to be made is there already. */
export class AlreadyExists extends GazetteError {
  override readonly name = "AlreadyExists";
}

/** The caller may not. */
export class PermissionDenied extends GazetteError {
  override readonly name = "PermissionDenied";
}

/** Too much, or too often. */
export class ResourceExhausted extends GazetteError {
  override readonly name = "ResourceExhausted";
}

/** Right in itself, but not as things stand. */
export class FailedPrecondition extends GazetteError {
  override readonly name = "FailedPrecondition";
}

/** Somebody else was faster: read again, decide again. */
export class Aborted extends GazetteError {
  override readonly name: string = "Aborted";
}

/** The document has changed since it was read. */
export class StaleEtag extends Aborted {
  override readonly name = "StaleEtag";
}

/** Others have changed the same as the caller, each otherwise. */
export class MergeConflict extends Aborted {
  override readonly name = "MergeConflict";
}

/** Something went wrong on the server's side; its log knows more, under `requestId`. */
export class Internal extends GazetteError {
  override readonly name = "Internal";
}

/** The service, or something that it needs, is away. */
export class Unavailable extends GazetteError {
  override readonly name = "Unavailable";
}

/** What arrived is not what was sent. */
export class DataLoss extends GazetteError {
  override readonly name = "DataLoss";
}

/** Nobody is signed in, or signing in was refused. */
export class Unauthenticated extends GazetteError {
  override readonly name = "Unauthenticated";
}

const BY_CODE: Partial<Record<StatusCode, typeof GazetteError>> = {
  CANCELLED: Cancelled,
  INVALID_ARGUMENT: InvalidArgument,
  DEADLINE_EXCEEDED: DeadlineExceeded,
  NOT_FOUND: NotFound,
  ALREADY_EXISTS: AlreadyExists,
  PERMISSION_DENIED: PermissionDenied,
  RESOURCE_EXHAUSTED: ResourceExhausted,
  FAILED_PRECONDITION: FailedPrecondition,
  ABORTED: Aborted,
  INTERNAL: Internal,
  UNAVAILABLE: Unavailable,
  DATA_LOSS: DataLoss,
  UNAUTHENTICATED: Unauthenticated,
};

const BY_REASON: Readonly<Record<string, typeof GazetteError | undefined>> = {
  STALE_ETAG: StaleEtag,
  MERGE_CONFLICT: MergeConflict,
};

/** The failure as an error of its class. */
export function failed(message: string, failure: Pick<Failure, "code"> & Partial<Failure>, cause?: unknown): GazetteError {
  const kind = (failure.code === "ABORTED" && BY_REASON[failure.reason ?? ""]) || BY_CODE[failure.code] || GazetteError;
  return new kind(message, failure, cause === undefined ? undefined : { cause });
}

/** The name of a status by its number; what is no failure's number is unknown. */
export function statusCode(number: number): StatusCode {
  const code = CODES[number];
  return code === undefined || code === "OK" ? "UNKNOWN" : code;
}
