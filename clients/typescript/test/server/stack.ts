/**
 * The running stack that these tests call: what `make run` starts, with its demo content. `GAZETTE_GRPC` is the gRPC port's address and
 * `GAZETTE_HTTP` Envoy's, `http://127.0.0.1:8080`.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";
import { type ClientOptions, createClient as createWebClient, type Gazette } from "../../src/index.js";
import { createClient as createNodeClient } from "../../src/node/index.js";

export const HTTP = address("GAZETTE_HTTP");
export const GRPC = address("GAZETTE_GRPC");
const PASSWORD = "gazette-demo-only";

function address(name: string): string {
  const given = process.env[name];
  if (!given) {
    throw new Error(`${name} is not set: start the stack by \`make run\`, and say where it is.`);
  }
  return given.includes("://") ? given : `http://${given}`;
}

/** The ways to the server, each with a client's options. */
export const WAYS: [string, (options?: ClientOptions) => Gazette][] = [
  ["gRPC", (options) => createNodeClient({ baseUrl: GRPC, httpUrl: HTTP, ...options })],
  ["gRPC through Envoy", (options) => createNodeClient({ baseUrl: HTTP, ...options })],
  ["gRPC-Web", (options) => createWebClient({ baseUrl: HTTP, ...options })],
];

/** Who signs in as one of the demo's people. */
export function as(name: "author" | "editor" | "publisher" | "admin"): { email: string; password: string } {
  return { email: `${name}@example.gov`, password: PASSWORD };
}

/** The demo's organisation. */
export async function organisation(gazette: Gazette): Promise<string> {
  const { organisations } = await gazette.organisations.listOrganisations({});
  const [first] = organisations;
  if (!first) {
    throw new Error("the stack has no organisation: it was started without its demo content");
  }
  return first.id;
}

/** A name that no other test has. */
export function unique(name: string): string {
  return `${name}-${randomUUID().slice(-12)}`;
}

/** A picture of noise, which is as large as it looks. */
export function picture(side: number): Uint8Array<ArrayBuffer> {
  const row = () => Buffer.concat([Buffer.from([0]), randomBytes(side * 3)]);
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, row)));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = [part("IHDR", header), part("IDAT", pixels), part("IEND", Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

function part(kind: string, data: Buffer): Buffer {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const named = Buffer.concat([Buffer.from(kind), data]);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
