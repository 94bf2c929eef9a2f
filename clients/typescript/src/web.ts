/** How browsers reach the server: gRPC-Web by `fetch`, through Envoy. */
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
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
  const transport = options.transport ?? oneWay(createGrpcWebTransport({ baseUrl: httpUrl, fetch, interceptors }));
  return { transport, httpUrl, fetch };
}

/** Refuses by a status what `fetch` cannot send. */
function oneWay(transport: Transport): Transport {
  return {
    unary: transport.unary,
    stream: async (method, ...given) => {
      if (method.methodKind !== "server_streaming") {
        const instead = "upload a file by upload(), and import by POST /v1/documents:import";
        throw new ConnectError(`A browser does not support streaming request bodies: ${instead}.`, Code.Unimplemented);
      }
      return transport.stream(method, ...given);
    },
  };
}
