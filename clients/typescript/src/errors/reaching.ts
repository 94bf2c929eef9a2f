/** A `fetch` that says so when nobody answers. */
import { Code, ConnectError } from "@connectrpc/connect";

/** Says UNAVAILABLE where nobody answers, for which `fetch` has a TypeError as for its caller's mistakes. */
export function reaching(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      if (init?.signal?.aborted || !(error instanceof TypeError)) {
        throw error;
      }
      throw new ConnectError("The server cannot be reached.", Code.Unavailable, undefined, undefined, error);
    }
  };
}
