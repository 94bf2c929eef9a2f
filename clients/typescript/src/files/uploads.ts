/** Files on their way to the server, over HTTP: browsers cannot stream calls. */
import { fromJsonString } from "@bufbuild/protobuf";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Attempt, converse } from "../calls/conversation.js";
import { Deadline, linked } from "../calls/deadlines.js";
import { called } from "../calls/methods.js";
import type { Connection } from "../connection.js";
import { failed } from "../errors/errors.js";
import { refusal } from "../errors/http.js";
import type { File } from "../gen/gazette/files/v1/file_pb.js";
import { FileService, UploadFileContentResponseSchema } from "../gen/gazette/files/v1/file_service_pb.js";
import { chunks, type Progress } from "./streams.js";

/** What can be uploaded: a browser's `File` or `Blob`, or in Node what `fileSource` opens. It is read from its beginning each time. */
export interface Source {
  readonly size: number;
  readonly name?: string;
  stream(): ReadableStream<Uint8Array>;
}

/** What is said of a file, and how it goes. */
export interface UploadOptions {
  /** Whose it shall be. */
  readonly organisationId: string;
  /** Its name, with its extension; by default that of the source. */
  readonly name?: string;
  /** What it shows or says, for those who cannot see it. */
  readonly alternativeText?: string;
  /** Told the bytes done and the bytes in all. An upload that begins again counts from 0 again. What it throws ends the upload. */
  readonly onProgress?: (progress: Progress) => void;
  /** Gives the upload up. Nothing is kept of it. */
  readonly signal?: AbortSignal;
  /** Milliseconds for everything; by default as long as it takes. */
  readonly timeoutMs?: number;
  /** Repeats an upload safely; by default one is made, for the repetitions of this call. */
  readonly idempotencyKey?: string;
}

/** One request that carries a file. */
export interface Outgoing {
  readonly url: string;
  readonly headers: Headers;
  readonly source: Source;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly fetch: typeof globalThis.fetch;
}

/** Sends the file, and tells how far it is. */
export type Carrier = (outgoing: Outgoing) => Promise<Response>;

/**
 * Uploads a file. Its SHA-256 is declared first, so the server refuses what does not arrive as it was read here.
 */
export async function upload(connection: Connection, carry: Carrier, source: Source, options: UploadOptions): Promise<File> {
  const { organisationId, alternativeText, signal, timeoutMs, idempotencyKey, onProgress = () => undefined } = options;
  const { reach, conduct } = connection;
  const deadline = new Deadline(timeoutMs, signal);
  const query = new URLSearchParams({ organisationId, name: options.name ?? source.name ?? "" });
  if (alternativeText) {
    query.set("alternativeText", alternativeText);
  }
  query.set("sha256", await digest(source, deadline));
  const url = `${reach.httpUrl}/v1/files:upload?${query}`;
  const given = {
    signal,
    timeoutMs: deadline.remaining(),
    headers: idempotencyKey ? { "idempotency-key": idempotencyKey } : undefined,
  };
  return converse(conduct, called(FileService.method.uploadFileContent), given, (attempt) =>
    bounded(attempt, async (ending) => {
      const { headers } = attempt;
      headers.set("content-type", "application/octet-stream");
      const told = (progress: Progress): void => {
        try {
          onProgress(progress);
        } catch (error) {
          ending.abort(error);
        }
      };
      const response = await carry({ url, headers, source, onProgress: told, fetch: reach.fetch, signal: ending.signal });
      if (!response.ok) {
        throw await refusal(response);
      }
      const { file } = fromJsonString(UploadFileContentResponseSchema, await response.text(), { ignoreUnknownFields: true });
      if (!file) {
        throw failed("The server answered an upload without a file.", { code: "INTERNAL" });
      }
      return file;
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

/** The SHA-256 of what is read, in hexadecimal. */
async function digest(source: Source, deadline: Deadline): Promise<string> {
  const hash = sha256.create();
  for await (const chunk of chunks(source.stream())) {
    deadline.check();
    hash.update(chunk);
  }
  return bytesToHex(hash.digest());
}
