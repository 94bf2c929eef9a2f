/** How a call goes, from its first attempt to its answer: signing in, deadline, idempotency key, retries. */

import type { CallOptions } from "@connectrpc/connect";
import { typed } from "../errors/decoding.js";
import { type GazetteError, NotFound, Unauthenticated } from "../errors/errors.js";
import { ANONYMOUS, type Credentials } from "../sessions/credentials.js";
import { Deadline, givenUp } from "./deadlines.js";
import type { Called } from "./methods.js";
import { MIN_RECORD_NUMBER, NOT_REACHED, type Publications } from "./publications.js";
import { pause, type Retry } from "./retries.js";

/** How a client's calls go. */
export interface Conduct {
  readonly credentials: Credentials;
  readonly retry: Retry;
  /** Milliseconds for everything, of what has no time of its own and is no stream. */
  readonly timeoutMs: number;
  readonly publications: Publications;
}

/** What one call was given. */
export interface Given {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: CallOptions["headers"];
  /** A stream from the client that cannot be had twice cannot be repeated. */
  readonly canRepeat?: boolean;
}

/** What one attempt goes out with. */
export interface Attempt {
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Makes the call, in as many attempts as it takes. Rejects with a GazetteError. */
export async function converse<T>(
  conduct: Conduct,
  method: Called,
  given: Given,
  attempt: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { publications, retry } = conduct;
  const deadline = new Deadline(given.timeoutMs ?? (method.isStream ? undefined : conduct.timeoutMs), given.signal);
  const headers = keyed(method, given.headers);
  const credentials = headers.has("authorization") || method.startsSession ? ANONYMOUS : conduct.credentials;
  const canRepeat = given.canRepeat ?? true;
  let minimum = method.takesMinimum && !headers.has(MIN_RECORD_NUMBER) ? publications.recordNumber : 0n;
  let token = await credentials.held();
  let renews = await credentials.canRenew();
  if (!token && renews && !method.isPublic) {
    token = await deadline.race(credentials.renew(""));
  }
  for (let count = 1; ; count++) {
    let refusal: GazetteError;
    try {
      deadline.check();
      return await attempt({
        headers: complete(headers, token, minimum),
        timeoutMs: deadline.remaining(),
        signal: deadline.signal,
      });
    } catch (error) {
      refusal = given.signal?.aborted ? givenUp(given.signal) : typed(error);
    }
    publications.learnOfFailure(refusal);
    if (minimum && refusal.reason === NOT_REACHED) {
      publications.forget(minimum); // the caller has not asked for it
      minimum = 0n;
      continue;
    }
    if (renews && canRepeat && asksForToken(refusal, token)) {
      renews = false; // once: what is refused with a new token stays refused
      token = await renewed(credentials, deadline, token, refusal);
      continue;
    }
    const ms = canRepeat && (method.isSafe || method.takesKey) ? pause(retry, refusal, count) : undefined;
    if (ms === undefined || !deadline.allows(ms)) {
      throw refusal;
    }
    await deadline.wait(ms);
  }
}

/** Another token than the refused one. If there is none, what the refusal says of the call's doing outweighs that nobody is signed in. */
async function renewed(credentials: Credentials, deadline: Deadline, token: string, refusal: GazetteError): Promise<string> {
  try {
    return await deadline.race(credentials.renew(token));
  } catch (error) {
    throw Object.keys(refusal.metadata).length > 0 ? refusal : error;
  }
}

/** Whether signing in could help. A public method answers NOT_FOUND to strangers for what only some may know of. */
function asksForToken(error: GazetteError, token: string): boolean {
  return error instanceof Unauthenticated || (!token && error instanceof NotFound);
}

/** With an idempotency key, where the method takes one and the caller gave none: the same for all attempts of one call. */
function keyed(method: Called, given: CallOptions["headers"]): Headers {
  const headers = new Headers(given);
  if (method.takesKey && !headers.has("idempotency-key")) {
    headers.set("idempotency-key", unique());
  }
  return headers;
}

/** A UUID; or as much chance in another form, on pages that came over plain HTTP, whose browsers make none. */
function unique(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
}

function complete(given: Headers, token: string, minimum: bigint): Headers {
  const headers = new Headers(given);
  if (token) {
    headers.set("authorization", `Bearer ${token}`);
  }
  if (minimum) {
    headers.set(MIN_RECORD_NUMBER, `${minimum}`);
  }
  return headers;
}
