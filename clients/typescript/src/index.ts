/** Gazette's client for browsers, and for whatever else has `fetch`. */
import { type CallingOptions, Connection } from "./connection.js";
import type { Source } from "./files/streams.js";
import { type UploadOptions, upload as uploadBy } from "./files/uploads.js";
import { carriedByXhr } from "./files/xhr.js";
import { type ClientOptions, Gazette } from "./gazette.js";
import type { File } from "./gen/gazette/files/v1/file_pb.js";
import { type WebOptions, webReach } from "./web.js";

export * from "./shared.js";
export type { WebOptions } from "./web.js";

/** A client with every service of the contract, over gRPC-Web. */
export function createClient(options: WebOptions & ClientOptions): Gazette {
  return new Gazette(webReach(options), carriedByXhr, options);
}

/** A connection over gRPC-Web, for pages that use few services: `connect({ baseUrl }).service(DeliveryService)`. */
export function connect(options: WebOptions & CallingOptions): Connection {
  return new Connection(webReach(options), options);
}

/** Uploads a file by a connection, for pages that use few services. */
export function upload(connection: Connection, source: Source, options: UploadOptions): Promise<File> {
  return uploadBy(connection, carriedByXhr, source, options);
}
