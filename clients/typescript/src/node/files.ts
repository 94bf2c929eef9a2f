/** Files of Node: what is uploaded from a path, and what is saved to one. */
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Outgoing } from "../files/carrying.js";
import type { Download } from "../files/downloads.js";
import { chunks, type Source, streamOf } from "../files/streams.js";

/** A file to upload. It has the name of its path, without the folders. */
export async function fileSource(path: string): Promise<Source & { name: string }> {
  const { size } = await stat(path);
  return { name: basename(path), ...part(path, 0, size) };
}

function part(path: string, start: number, end: number): Source {
  return {
    size: end - start,
    stream: () => Readable.toWeb(createReadStream(path, { start, end: Math.max(end - 1, 0) })) as ReadableStream<Uint8Array>,
    slice: (first, last) => part(path, start + first, start + last),
  };
}

/**
 * Writes a download to a path, replacing what is there. Until all of it has come and its SHA-256 agrees, nothing is there; of a download
 * that fails nothing stays.
 */
export async function save(download: Download, path: string): Promise<void> {
  const part = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await pipeline(chunks(download.body), createWriteStream(part, { flags: "wx" }));
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

/** Sends a file as a stream of the declared length, and tells how far it is. */
export function carriedAsStream({ method, url, headers, source, signal, onProgress, fetch }: Outgoing): Promise<Response> {
  async function* told() {
    let loaded = 0;
    for await (const chunk of chunks(source.stream())) {
      yield chunk;
      loaded += chunk.length;
      onProgress({ loaded, total: source.size });
    }
  }
  headers.set("content-length", String(source.size));
  return fetch(url, { method, headers, body: streamOf(told()), duplex: "half", signal } as RequestInit);
}
