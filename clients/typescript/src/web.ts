/** How browsers reach the server: gRPC-Web by `fetch`, through Envoy. */
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Reach } from "./connection.js";
import { reaching } from "./errors/reaching.js";

/** Where the server is. */
export interface WebOptions {
  /** Where HTTP is served: `https://gazette.example.gov`. */
  readonly baseUrl: string;
  /** Fetches, in place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Of `@connectrpc/connect`: each sees every attempt, as it goes out. */
  readonly interceptors?: Interceptor[];
  /** Carries calls in place of gRPC-Web: in a test, say. */
  readonly transport?: Transport;
}

/** The server behind this address. */
export function webReach(options: WebOptions): Reach {
  const fetch = reaching(options.fetch ?? globalThis.fetch);
  const { baseUrl, interceptors = [] } = options;
  const httpUrl = baseUrl.replace(/\/+$/, "");
  return { transport: options.transport ?? createGrpcWebTransport({ baseUrl: httpUrl, fetch, interceptors }), httpUrl, fetch };
}
