/** What the contract says of each method: who may call it, and whether a call may be repeated. Read from the descriptors. */
import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { access } from "../gen/gazette/access/v1/access_pb.js";
import { starts_session, takes_idempotency_key } from "../gen/gazette/calls/v1/calls_pb.js";

/** How one RPC of the contract is called. */
export interface Called {
  /** Whether anyone may call it, signed in or not. */
  readonly isPublic: boolean;
  /** Whether calling it twice does no more than calling it once. */
  readonly isSafe: boolean;
  /** Whether it changes something. */
  readonly changes: boolean;
  /** Whether an `idempotency-key` makes it safe. */
  readonly takesKey: boolean;
  /** Whether it is signing in itself, and carries no token. */
  readonly startsSession: boolean;
  /** Whether either side sends a stream of messages. */
  readonly isStream: boolean;
  /** Whether it reads what is public, no older than the caller says. */
  readonly takesMinimum: boolean;
}

const known = /* @__PURE__ */ new WeakMap<DescMethod, Called>();

/** What the contract says of the method. */
export function called(method: DescMethod): Called {
  let found = known.get(method);
  if (!found) {
    found = described(method);
    known.set(method, found);
  }
  return found;
}

function described(method: DescMethod): Called {
  const rule = hasOption(method, access) ? getOption(method, access).rule.case : "public";
  const startsSession = getOption(method, starts_session);
  return {
    isPublic: rule === "public" || rule === undefined,
    isSafe: startsSession || method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
    changes: method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    takesKey: getOption(method, takes_idempotency_key),
    startsSession,
    isStream: method.methodKind !== "unary",
    takesMinimum: "minRecordNumber" in method.input.field,
  };
}
