/** Where a session's tokens are kept: in memory, or in a browser's storage. */

/** A session's way on. All of it is secret but `freshUntil`. */
export interface Tokens {
  /** Goes with calls. Empty once the session has ended. */
  readonly accessToken: string;
  /** Until when the access token is used, in milliseconds since 1970 by this machine's clock. */
  readonly freshUntil: number;
  /** Continues the session. Empty once it has ended. */
  readonly refreshToken: string;
  /** Makes this a known device at the next sign-in, which strangers' attempts do not keep out. It outlives the session. */
  readonly deviceToken: string;
}

/** No session, on a device that nobody knows. */
export const NO_TOKENS: Tokens = { accessToken: "", freshUntil: 0, refreshToken: "", deviceToken: "" };

/** Keeps tokens. Two clients that share what is kept share the session. */
export interface TokenStore {
  /** What is kept; undefined if nothing is. */
  load(): Tokens | undefined | Promise<Tokens | undefined>;
  save(tokens: Tokens): void | Promise<void>;
  /** Does work while no other client of what is kept does such work: renewing, so that only one of several tabs does. */
  alone?<T>(work: () => Promise<T>): Promise<T>;
}

/** What of a browser's `Storage` is used. */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Keeps tokens for as long as the page or process is there; nobody else can read them. */
export function memoryStore(tokens?: Partial<Tokens>): TokenStore {
  let kept: Tokens = { ...NO_TOKENS, ...tokens };
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
  };
}

/**
 * Keeps tokens in `localStorage`, for all tabs of the origin, or in `sessionStorage`, for one. Every script of the origin can read them
 * there. Where the browser has locks, tabs renew one at a time, and take what another has stored.
 */
export function webStore(storage: TextStorage, key = "gazette"): TokenStore {
  return {
    load: () => parsed(storage.getItem(key)),
    save: (tokens) => storage.setItem(key, JSON.stringify(tokens)),
    alone: (work) => (globalThis.navigator?.locks ? navigator.locks.request(`${key}:session`, work) : work()),
  };
}

/** What was stored; undefined for what is not ours. */
function parsed(stored: string | null): Tokens | undefined {
  try {
    const value: unknown = JSON.parse(stored ?? "null");
    if (typeof value !== "object" || value === null) {
      return undefined;
    }
    const tokens = { ...NO_TOKENS, ...value };
    const isWhole = Object.entries(NO_TOKENS).every(([name, none]) => typeof tokens[name as keyof Tokens] === typeof none);
    return isWhole ? tokens : undefined;
  } catch {
    return undefined;
  }
}
