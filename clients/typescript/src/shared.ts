/** What the client for browsers and the client for Node have in common. */

export type { ItemOf, Listing } from "./calls/lists.js";
export type { Retry } from "./calls/retries.js";
export type { CallOptions, ServiceClient } from "./calls/services.js";
export { type CallingOptions, Connection, type Reach } from "./connection.js";
export { fromStatus } from "./errors/decoding.js";
export * from "./errors/errors.js";
export type { SendingOptions } from "./files/carrying.js";
export { Download, type DownloadOptions, download } from "./files/downloads.js";
export { renditionPath, type WaitOptions } from "./files/examined.js";
export type { Progress, Source } from "./files/streams.js";
export type { ReplaceOptions, UploadOptions } from "./files/uploads.js";
export { type ClientOptions, Gazette } from "./gazette.js";
export { apiKey, type Credentials } from "./sessions/credentials.js";
export { Session, type SessionOptions, type SignIn, type Totp } from "./sessions/session.js";
export { memoryStore, type TokenStore, type Tokens, webStore } from "./sessions/tokens.js";
