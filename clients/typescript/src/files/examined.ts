/** Files that are being examined, and the addresses of images that are made of them. */
import { Deadline } from "../calls/deadlines.js";
import type { Connection } from "../connection.js";
import { failed } from "../errors/errors.js";
import { type File, FileState } from "../gen/gazette/files/v1/file_pb.js";
import { FileService } from "../gen/gazette/files/v1/file_service_pb.js";
import { taken } from "./pieces.js";

const FIRST_MS = 100;
const LONGEST_MS = 2000;

/** How long to wait for a file. */
export interface WaitOptions {
  /** Milliseconds; by default a minute. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The file, once it and what replaces it have been examined. Fails with `DEADLINE_EXCEEDED`, and with the reason of what was refused.
 */
export async function untilReady(connection: Connection, id: string, options: WaitOptions = {}): Promise<File> {
  const deadline = new Deadline(options.timeoutMs ?? 60_000, options.signal);
  for (let ms = FIRST_MS; ; ms = Math.min(2 * ms, LONGEST_MS)) {
    const { file } = await connection.service(FileService).getFile({ id });
    if (file && !isUnderWay(file.state) && !isUnderWay(file.replacement?.state)) {
      return taken(file);
    }
    if (!deadline.allows(ms)) {
      throw failed("The file is still being examined.", { code: "DEADLINE_EXCEEDED", reason: "FILE_NOT_READY" });
    }
    await deadline.wait(ms);
  }
}

function isUnderWay(state: FileState | undefined): boolean {
  return state === FileState.PENDING || state === FileState.SCANNING;
}

/**
 * The path, below Gazette's address, of an image of one of the listed widths. It names the file's version, so whoever keeps what is there
 * may keep it for good. Others are signed: `createRenditionUrl` says theirs.
 */
export function renditionPath(file: Pick<File, "id" | "version">, width: number, format = "webp"): string {
  return `/v1/files/${file.id}/versions/${file.version || 1}/renditions/w${width}.${format}`;
}
