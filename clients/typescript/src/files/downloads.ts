/** Files on their way from the server, over HTTP. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { converse } from "../calls/conversation.js";
import { Deadline, linked } from "../calls/deadlines.js";
import { called } from "../calls/methods.js";
import { pause } from "../calls/retries.js";
import type { Connection } from "../connection.js";
import { typed } from "../errors/decoding.js";
import { failed } from "../errors/errors.js";
import { refusal } from "../errors/http.js";
import { FileService } from "../gen/gazette/files/v1/file_service_pb.js";
import { chunks, type Progress, streamOf } from "./streams.js";

/** How a file comes. */
export interface DownloadOptions {
  /** Of a preview link whose page has the file attached. */
  readonly previewToken?: string;
  /** Told the bytes done and the bytes in all. */
  readonly onProgress?: (progress: Progress) => void;
  /** Gives the download up. */
  readonly signal?: AbortSignal;
  /** Milliseconds for everything; by default as long as it takes. */
  readonly timeoutMs?: number;
}

/** A file that is coming. Its bytes are read once: as `body`, `blob()` or `bytes()`. */
export class Download {
  /** Its media type. */
  readonly contentType: string;
  /** Its length, in bytes. */
  readonly size: number;
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly sha256: string;
  /** The bytes. The stream fails at its end if they are not those that are stored, so nothing is to be trusted before. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(contentType: string, size: number, digest: string, body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.contentType = contentType;
    this.size = size;
    this.sha256 = digest;
    this.body = body;
  }

  /** All of it, for `URL.createObjectURL` say. */
  async blob(): Promise<Blob> {
    return new Blob(await all(this.body), { type: this.contentType });
  }

  /** All of it, in memory. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await new Blob(await all(this.body)).arrayBuffer());
  }
}

async function all(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>[]> {
  const read = [];
  for await (const chunk of chunks(body)) {
    read.push(chunk);
  }
  return read;
}

/** Asks for a file's bytes. What breaks off on the way is asked for again from there. */
export async function download(connection: Connection, id: string, options: DownloadOptions = {}): Promise<Download> {
  const incoming = new Incoming(connection, id, options);
  const { headers, ...first } = await incoming.begin();
  return new Download(headers.get("content-type") ?? "", first.size, first.sha256, streamOf(incoming.bytes(first)));
}

/** The first answer of a download, and what it says of the file. */
interface First {
  readonly response: Response;
  readonly size: number;
  readonly sha256: string;
}

/** One file on its way. */
class Incoming {
  readonly #connection: Connection;
  readonly #url: string;
  readonly #options: DownloadOptions;
  readonly #deadline: Deadline;
  /** Ends the answer that is being read. */
  readonly #ending: AbortController;

  constructor(connection: Connection, id: string, options: DownloadOptions) {
    const query = options.previewToken ? `?${new URLSearchParams({ previewToken: options.previewToken })}` : "";
    this.#connection = connection;
    this.#url = `${connection.reach.httpUrl}/v1/files/${encodeURIComponent(id)}:download${query}`;
    this.#options = options;
    this.#deadline = new Deadline(options.timeoutMs, options.signal);
    this.#ending = linked(options.signal, options.timeoutMs);
  }

  async begin(): Promise<First & { headers: Headers }> {
    try {
      const response = await this.#ask({});
      const { headers } = response;
      const sha256 = (headers.get("etag") ?? "").replace(/^W\/|"/g, "");
      return { response, headers, size: Number(headers.get("content-length")), sha256 };
    } catch (error) {
      this.#ending.abort();
      throw error;
    }
  }

  /** The bytes of the first answer and, where it breaks off, of those that go on from there. */
  async *bytes({ response: first, size: total, sha256: expected }: First): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const hash = sha256.create();
    let loaded = 0;
    let response = first;
    try {
      for (let attempt = 1; loaded < total; attempt++) {
        try {
          for await (const chunk of from(loaded, response)) {
            hash.update(chunk);
            loaded += chunk.length;
            this.#options.onProgress?.({ loaded, total });
            yield chunk;
          }
          if (loaded < total) {
            throw failed("The download broke off.", { code: "UNAVAILABLE" });
          }
        } catch (error) {
          await this.#outlast(error, attempt);
          response = await this.#ask({ range: `bytes=${loaded}-`, "if-range": `"${expected}"` });
        }
      }
      if (loaded !== total || bytesToHex(hash.digest()) !== expected) {
        throw failed("The file did not arrive as it is stored.", { code: "DATA_LOSS", reason: "SHA256_MISMATCH" });
      }
    } finally {
      this.#ending.abort();
    }
  }

  /** Waits for another attempt, if one is worth it; otherwise raises what the download has come to. */
  async #outlast(error: unknown, attempt: number): Promise<void> {
    this.#deadline.check();
    const failure = typed(error);
    const ms = pause(this.#connection.conduct.retry, failure, attempt);
    if (ms === undefined || !this.#deadline.allows(ms)) {
      throw failure;
    }
    await this.#deadline.wait(ms);
  }

  #ask(asked: Record<string, string>): Promise<Response> {
    const { conduct, reach } = this.#connection;
    const given = { signal: this.#options.signal, timeoutMs: this.#deadline.remaining() };
    return converse(conduct, called(FileService.method.downloadFile), given, async ({ headers }) => {
      for (const [name, value] of Object.entries(asked)) {
        headers.set(name, value);
      }
      const response = await reach.fetch(this.#url, { headers, signal: this.#ending.signal });
      if (!response.ok) {
        throw await refusal(response);
      }
      return response;
    });
  }
}

/** What an answer holds from this byte of the file on. A server that answers no parts begins at the beginning. */
async function* from(start: number, { status, body }: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let skipped = status === 206 ? start : 0;
  for await (const chunk of body ? chunks(body) : []) {
    const fresh = chunk.subarray(Math.min(start - skipped, chunk.length));
    skipped += chunk.length - fresh.length;
    if (fresh.length > 0) {
      yield fresh;
    }
  }
}
