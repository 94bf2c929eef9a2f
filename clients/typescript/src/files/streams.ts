/** Bytes on their way. */

/** How far a transfer is. */
export interface Progress {
  /** Bytes that are done. */
  readonly loaded: number;
  /** Bytes in all. */
  readonly total: number;
}

/** What can be uploaded: a browser's `File` or `Blob`, or in Node what `fileSource` opens. It is read from its beginning each time. */
export interface Source {
  readonly size: number;
  readonly name?: string;
  stream(): ReadableStream<Uint8Array>;
  /** A part of it, for pieces that need not read what is before them. */
  slice?(start: number, end: number): Source;
}

/** The chunks of a stream, which not every browser can iterate. Whoever stops reading ends the stream. */
export async function* chunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield next.value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A stream of what a generator yields. */
export function streamOf(generator: AsyncGenerator<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await generator.next();
      if (done) {
        controller.close();
      } else {
        controller.enqueue(value);
      }
    },
    async cancel() {
      await generator.return(undefined);
    },
  });
}
