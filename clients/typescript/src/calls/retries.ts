/** When a call that failed is worth another attempt, and how long to wait for it. */
import { type GazetteError, ResourceExhausted, Unavailable } from "../errors/errors.js";

/** Exponential backoff with jitter, for calls that are safe to repeat. All attempts share the call's deadline. */
export interface Retry {
  /** How many in all; 1 for no retries. By default 5. */
  readonly attempts: number;
  /**
   * Milliseconds before the second attempt, by default 200; doubled before each further one. Half of each pause is left to chance, so
   * that clients that failed together do not come back together.
   */
  readonly firstPauseMs: number;
  /** Where the doubling ends, by default at 5000. */
  readonly longestPauseMs: number;
}

export const RETRY: Retry = { attempts: 5, firstPauseMs: 200, longestPauseMs: 5000 };

/** All that a stopping gRPC server says of a call that reaches it too late. What was cancelled on this side says so. */
const CUT_OFF = "CANCELLED";

/** Milliseconds to wait after the given attempt (from 1), never less than the server asks; undefined when no other is worth it. */
export function pause(retry: Retry, error: GazetteError, attempt: number): number | undefined {
  if (attempt >= retry.attempts || !isPassing(error)) {
    return undefined;
  }
  const longest = Math.min(retry.longestPauseMs, retry.firstPauseMs * 2 ** (attempt - 1));
  return (error.retryAfter ?? 0) * 1000 + longest * (0.5 + Math.random() / 2);
}

/** Whether the same call may well succeed in a moment. */
function isPassing(error: GazetteError): boolean {
  return (
    error instanceof Unavailable ||
    (error instanceof ResourceExhausted && error.retryAfter !== undefined) ||
    (error.code === "CANCELLED" && error.message === CUT_OFF)
  );
}
