/** Files on their way to the server, over HTTP: browsers cannot stream calls. */
import { type DescMethod, fromJsonString, type Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { Deadline } from "../calls/deadlines.js";
import { called } from "../calls/methods.js";
import type { Connection } from "../connection.js";
import { failed } from "../errors/errors.js";
import type { File } from "../gen/gazette/files/v1/file_pb.js";
import { FileService, UploadFileContentResponseSchema } from "../gen/gazette/files/v1/file_service_pb.js";
import { ReplaceFileContentResponseSchema } from "../gen/gazette/files/v1/managing_pb.js";
import { type Carrier, carried, type Sending, type SendingOptions } from "./carrying.js";
import { inPieces, STREAMED_BYTES } from "./pieces.js";
import { chunks, type Source } from "./streams.js";

/** What is said of a file, and how it goes. */
export interface UploadOptions extends SendingOptions {
  /** Whose it shall be. */
  readonly organisationId: string;
  /** What it shows or says, for those who cannot see it. */
  readonly alternativeText?: string;
}

/** What is said of new bytes for a file. */
export interface ReplaceOptions extends SendingOptions {
  /** The file's etag, as it was read; without it whatever is there is replaced. */
  readonly etag?: string;
}

/**
 * Uploads a file. Its SHA-256 is declared first, so the server refuses what does not arrive as it was read here.
 */
export async function upload(connection: Connection, carry: Carrier, source: Source, options: UploadOptions): Promise<File> {
  const sending = await measured(connection, carry, source, options);
  const { organisationId, alternativeText = "", name = source.name ?? "" } = options;
  if (isLarge(source, options)) {
    return inPieces(sending, { upload: { organisationId, name, alternativeText } });
  }
  const query = asked({ organisationId, name, alternativeText, sha256: sending.sha256 });
  return inOne(sending, `files:upload?${query}`, FileService.method.uploadFileContent, UploadFileContentResponseSchema);
}

/** Takes new bytes for a file, which keeps its id. They are what it is as soon as they have been examined. */
export async function replace(
  connection: Connection,
  carry: Carrier,
  id: string,
  source: Source,
  options: ReplaceOptions = {},
): Promise<File> {
  const sending = await measured(connection, carry, source, options);
  const { name = "", etag = "" } = options;
  if (!isLarge(source, options)) {
    const url = `files/${encodeURIComponent(id)}:replace?${asked({ etag, name, sha256: sending.sha256 })}`;
    return inOne(sending, url, FileService.method.replaceFileContent, ReplaceFileContentResponseSchema);
  }
  const { file } = await connection.service(FileService).getFile({ id });
  if (etag && etag !== file?.etag) {
    throw failed("The file has changed since it was read.", { code: "ABORTED", reason: "STALE_ETAG" });
  }
  const { organisationId = "", name: own = "", alternativeText = "" } = file ?? {};
  return inPieces(sending, { upload: { organisationId, name: name || own, alternativeText }, replacesFileId: id });
}

async function measured(connection: Connection, carry: Carrier, source: Source, options: SendingOptions): Promise<Sending> {
  const deadline = new Deadline(options.timeoutMs, options.signal);
  return { connection, carry, source, options, deadline, sha256: await digest(source, deadline) };
}

function isLarge(source: Source, { way = "auto", resume }: SendingOptions): boolean {
  return way === "resumable" || (way === "auto" && (resume !== undefined || source.size > STREAMED_BYTES));
}

function asked(given: Record<string, string>): URLSearchParams {
  return new URLSearchParams(Object.entries(given).filter(([name, value]) => value || name === "name"));
}

/** What both ways in one request are answered. */
type Answer = Message & { file?: File | undefined };

/** Sends all of it in one request, and again from the beginning where that is worth it. */
function inOne(sending: Sending, url: string, method: DescMethod, schema: GenMessage<Answer>): Promise<File> {
  const { source, options } = sending;
  const key = options.idempotencyKey;
  const given = { headers: key ? { "idempotency-key": key } : undefined };
  return carried(sending, called(method), given, { method: "POST", url, source }, async (response) => {
    const { file } = fromJsonString(schema, await response.text(), { ignoreUnknownFields: true });
    if (!file) {
      throw failed("The server answered an upload without a file.", { code: "INTERNAL" });
    }
    return file;
  });
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
