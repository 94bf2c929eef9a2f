/** Gazette's client for Node: gRPC over HTTP/2, to the service itself or through Envoy. */
import type { SecureClientSessionOptions } from "node:http2";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type CallingOptions, Connection, type Reach } from "../connection.js";
import { reaching } from "../errors/reaching.js";
import type { Source } from "../files/streams.js";
import { type UploadOptions, upload as uploadBy } from "../files/uploads.js";
import { type ClientOptions, Gazette } from "../gazette.js";
import type { File } from "../gen/gazette/files/v1/file_pb.js";
import { carriedAsStream } from "./files.js";

export * from "../shared.js";
export { fileSource, save } from "./files.js";

/** How long a connection may be silent before it is asked whether it still is one. The server answers less than five minutes with GOAWAY. */
const PING_MS = 360_000;

/** Where the server is. */
export interface NodeOptions {
  /** Where gRPC is served: `http://127.0.0.1:50051`, or Envoy's address; `https:` for TLS. */
  readonly baseUrl: string;
  /** Where HTTP is served, for uploads and downloads; by default `baseUrl`, which then must be Envoy's. */
  readonly httpUrl?: string;
  /** Of the connection, for TLS: `ca`, `cert`, `key`… */
  readonly sessionOptions?: SecureClientSessionOptions;
  /** Of `@connectrpc/connect`: each sees every attempt, as it goes out. */
  readonly interceptors?: Interceptor[];
  /** Carries calls in place of gRPC: in a test, say. */
  readonly transport?: Transport;
}

/** A client with every service of the contract, over gRPC. Its connection keeps no process alive that has nothing else to do. */
export function createClient(options: NodeOptions & ClientOptions): Gazette {
  return new Gazette(nodeReach(options), carriedAsStream, options);
}

/** A connection over gRPC: `connect({ baseUrl }).service(DeliveryService)`. */
export function connect(options: NodeOptions & CallingOptions): Connection {
  return new Connection(nodeReach(options), options);
}

/** Uploads a file by a connection. */
export function upload(connection: Connection, source: Source, options: UploadOptions): Promise<File> {
  return uploadBy(connection, carriedAsStream, source, options);
}

function nodeReach(options: NodeOptions): Reach {
  const { baseUrl, interceptors = [], httpUrl = baseUrl } = options;
  const connections = new Http2SessionManager(baseUrl, { pingIntervalMs: PING_MS }, options.sessionOptions);
  return {
    transport: options.transport ?? createGrpcTransport({ baseUrl, interceptors, sessionManager: connections }),
    httpUrl: httpUrl.replace(/\/+$/, ""),
    fetch: reaching(globalThis.fetch),
    close: () => connections.abort(),
  };
}
