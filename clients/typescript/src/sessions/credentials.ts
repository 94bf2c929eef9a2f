/** What lets a client's calls in: nothing, an API key, or a session (`session.ts`). */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { failed } from "../errors/errors.js";

/** Gives calls their token. */
export interface Credentials {
  /** Told once how the server is reached, without credentials. */
  attach?(transport: Transport): void;
  /** The token that is at hand and fresh, without asking the server; empty if there is none. */
  held(): Promise<string>;
  /** Whether asking the server could bring a token. */
  canRenew(): Promise<boolean>;
  /** A token other than the refused one. Rejects with a GazetteError. */
  renew(refused: string): Promise<string>;
  /** Told what a call without an `authorization` of its own was answered. */
  learn?(method: DescMethod, request: object, answer: object): Promise<void>;
}

/** Nobody. */
export const ANONYMOUS: Credentials = {
  held: async () => "",
  canRenew: async () => false,
  renew: async () => "",
};

/** An API key, `gaz_…`, of a service account. White space around it is dropped: a file's last line feed, say. */
export function apiKey(key: string): Credentials {
  const held = key.trim();
  return {
    held: async () => held,
    canRenew: async () => true,
    renew: async () => {
      throw failed("The API key does not hold, or not any more.", { code: "UNAUTHENTICATED", reason: "INVALID_API_KEY" });
    },
  };
}
