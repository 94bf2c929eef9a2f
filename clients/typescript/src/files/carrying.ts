/** Requests that carry a file, or a piece of one: how they go, and who is told how far they are. */
import { type Attempt, converse } from "../calls/conversation.js";
import { type Deadline, linked } from "../calls/deadlines.js";
import type { Called } from "../calls/methods.js";
import type { Connection } from "../connection.js";
import { refusal } from "../errors/http.js";
import type { Progress, Source } from "./streams.js";

/** How a file goes. */
export interface SendingOptions {
  /** Its name, with its extension; by default that of the source, and of a replacement the one that the file has. */
  readonly name?: string;
  /**
   * Told the bytes done and the bytes in all. An upload that begins again counts from 0 again, and one that goes on from where the server
   * has it. What it throws ends the upload.
   */
  readonly onProgress?: (progress: Progress) => void;
  /** Gives the upload up. Nothing is kept of it, unless it was `begun`. */
  readonly signal?: AbortSignal;
  /** Milliseconds for everything; by default as long as it takes. */
  readonly timeoutMs?: number;
  /** Repeats an upload safely; by default one is made, for the repetitions of this call. */
  readonly idempotencyKey?: string;
  /** In one request, or in pieces that go on after a break; by default in pieces what has more than 8 MiB. */
  readonly way?: "auto" | "stream" | "resumable";
  /** Told the id of an upload in pieces, with which a later one can go on. */
  readonly onBegun?: (uploadId: string) => void;
  /** The id of an upload of the same bytes that was begun earlier, and is gone on with. */
  readonly resume?: string;
}

/** One request that carries a file, or a piece of one. */
export interface Outgoing {
  readonly method: "POST" | "PATCH";
  readonly url: string;
  readonly headers: Headers;
  readonly source: Source;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly fetch: typeof globalThis.fetch;
}

/** Sends the file, and tells how far it is. */
export type Carrier = (outgoing: Outgoing) => Promise<Response>;

/** What carries a file. */
export interface Sending {
  readonly connection: Connection;
  readonly carry: Carrier;
  readonly source: Source;
  readonly options: SendingOptions;
  readonly deadline: Deadline;
  /** Of the source's bytes. */
  readonly sha256: string;
}

/** A call over HTTP that carries bytes: what its answer says. */
export function carried<T>(
  { connection, carry, options, deadline }: Sending,
  method: Called,
  given: { headers?: HeadersInit | undefined; canRepeat?: boolean },
  request: Pick<Outgoing, "method" | "url" | "source">,
  read: (response: Response) => Promise<T>,
  before = 0,
  total = request.source.size,
): Promise<T> {
  const { reach, conduct } = connection;
  const limits = { signal: options.signal, timeoutMs: deadline.remaining() };
  return converse(conduct, method, { ...limits, ...given }, (attempt) =>
    bounded(attempt, async (ending) => {
      const { headers } = attempt;
      headers.set("content-type", "application/octet-stream");
      const onProgress = ({ loaded }: Progress): void => {
        try {
          options.onProgress?.({ loaded: before + loaded, total });
        } catch (error) {
          ending.abort(error);
        }
      };
      const url = `${reach.httpUrl}/v1/${request.url}`;
      const response = await carry({ ...request, url, headers, onProgress, fetch: reach.fetch, signal: ending.signal });
      if (!response.ok) {
        throw await refusal(response);
      }
      return read(response);
    }),
  );
}

/** Work that ends with its attempt's time, or when its caller gives it up. */
async function bounded<T>(attempt: Attempt, work: (ending: AbortController) => Promise<T>): Promise<T> {
  const ending = linked(attempt.signal, attempt.timeoutMs);
  try {
    return await work(ending);
  } finally {
    ending.abort();
  }
}
