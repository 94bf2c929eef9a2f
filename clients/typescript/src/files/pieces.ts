/** Uploads that go in pieces: what was cut off goes on where it ended, in a later call, too. */
import { fromJsonString } from "@bufbuild/protobuf";
import { called } from "../calls/methods.js";
import { pause } from "../calls/retries.js";
import { typed } from "../errors/decoding.js";
import { failed, type GazetteError, NotFound, Unauthenticated } from "../errors/errors.js";
import { type File, FileState } from "../gen/gazette/files/v1/file_pb.js";
import { FileService } from "../gen/gazette/files/v1/file_service_pb.js";
import { AppendUploadResponseSchema, type Upload, UploadWay } from "../gen/gazette/files/v1/upload_pb.js";
import { carried, type Sending } from "./carrying.js";
import type { Source } from "./streams.js";

/** What has no more goes in one request, and begins again after a break. */
export const STREAMED_BYTES = 8 * 1024 * 1024;

/** A piece is a request of its own, with a token of its own. */
const PIECE_BYTES = 64 * 1024 * 1024;

/** What is said of the file. */
interface Said {
  readonly upload: { readonly organisationId: string; readonly name: string; readonly alternativeText: string };
  readonly replacesFileId?: string;
}

/** Sends a file, or what is still missing of it. */
export async function inPieces(sending: Sending, said: Said): Promise<File> {
  const { options } = sending;
  let begun = await earlier(sending);
  if (!begun) {
    begun = await begin(sending, said);
    options.onBegun?.(begun.id);
  }
  try {
    return taken(await sent(sending, begun));
  } catch (error) {
    if (!options.onBegun && options.resume === undefined) {
      await service(sending) // nobody could go on with it
        .cancelUpload({ id: begun.id })
        .catch(() => undefined);
    }
    throw error;
  }
}

/** The file, unless it was refused. */
export function taken(file: File): File {
  const { state, rejection } = file.replacement ?? file;
  if (state === FileState.REJECTED) {
    throw failed(rejection?.message ?? "", { code: "INVALID_ARGUMENT", reason: rejection?.reason ?? "" });
  }
  return file;
}

async function begin(sending: Sending, { upload, replacesFileId = "" }: Said): Promise<Upload> {
  const { source, sha256, options } = sending;
  const key = options.idempotencyKey;
  const answer = await service(sending).createUpload(
    { upload: { ...upload, sizeBytes: BigInt(source.size), sha256 }, way: UploadWay.RESUMABLE, replacesFileId },
    { ...limits(sending), ...(key && { headers: { "idempotency-key": key } }) },
  );
  return whole(answer.upload);
}

/** The upload that was begun earlier, if it has not been given up, and is of so many bytes. */
async function earlier(sending: Sending): Promise<Upload | undefined> {
  const { resume } = sending.options;
  if (resume === undefined) {
    return undefined;
  }
  try {
    const upload = await asked(sending, resume);
    return upload.sizeBytes === BigInt(sending.source.size) && upload.way === UploadWay.RESUMABLE ? upload : undefined;
  } catch (error) {
    if (error instanceof NotFound) {
      return undefined;
    }
    throw error;
  }
}

/** Sends what is missing. Only attempts that bring nothing are counted. */
async function sent(sending: Sending, begun: Upload): Promise<File> {
  let upload = begun;
  for (let attempt = 1; upload.offset < upload.sizeBytes; attempt++) {
    const before = upload.offset;
    try {
      upload = await append(sending, upload);
    } catch (error) {
      const failure = typed(error);
      const ms = pauseAfter(sending, failure, attempt);
      if (ms === undefined || !sending.deadline.allows(ms)) {
        throw failure;
      }
      await sending.deadline.wait(ms);
      upload = await asked(sending, upload.id);
    }
    if (upload.offset > before) {
      attempt = 0;
    }
  }
  return whole(upload.file);
}

function append(sending: Sending, { id, offset }: Upload): Promise<Upload> {
  const begin = Number(offset);
  const { source } = sending;
  return carried(
    sending,
    called(FileService.method.appendUpload),
    { headers: { "upload-offset": `${begin}` }, canRepeat: false }, // behind a break goes another piece
    { method: "PATCH", url: `uploads/${encodeURIComponent(id)}`, source: part(source, begin, begin + PIECE_BYTES) },
    async (response) => {
      const { upload } = fromJsonString(AppendUploadResponseSchema, await response.text(), { ignoreUnknownFields: true });
      return whole(upload);
    },
    begin,
    source.size,
  );
}

/** A part of a source. One that cannot be cut is read from its beginning, and what is before the part is left. */
function part(source: Source, begin: number, end: number): Source {
  const last = Math.min(end, source.size);
  if (source.slice) {
    return source.slice(begin, last);
  }
  let at = 0;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const fresh = chunk.subarray(Math.max(begin - at, 0), Math.max(last - at, 0));
      at += chunk.length;
      if (fresh.length > 0) {
        controller.enqueue(fresh);
      }
      if (at >= last) {
        controller.terminate();
      }
    },
  });
  return { size: last - begin, stream: () => source.stream().pipeThrough(cut) };
}

/** Milliseconds until an upload goes on; undefined if it does not. */
function pauseAfter(sending: Sending, failure: GazetteError, attempt: number): number | undefined {
  const { retry } = sending.connection.conduct;
  const isSettled = failure.reason === "OFFSET_MISMATCH" || failure instanceof Unauthenticated; // by the next question
  return isSettled && attempt < retry.attempts ? retry.firstPauseMs : pause(retry, failure, attempt);
}

async function asked(sending: Sending, id: string): Promise<Upload> {
  return whole((await service(sending).getUpload({ id }, limits(sending))).upload);
}

function service({ connection }: Sending) {
  return connection.service(FileService);
}

function limits({ options, deadline }: Sending) {
  const timeoutMs = deadline.remaining();
  return { ...(options.signal && { signal: options.signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
}

function whole<T>(found: T | undefined): T {
  if (found === undefined) {
    throw failed("The server answered an upload without it.", { code: "INTERNAL" });
  }
  return found;
}
