/** When a call must have ended, and who may end it before. */
import { failed, type GazetteError } from "../errors/errors.js";

/** What bounds one call, however many attempts it takes. */
export class Deadline {
  readonly signal: AbortSignal | undefined;
  readonly #end: number;

  /** Without `timeoutMs` a call has as long as it takes. */
  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.signal = signal;
    this.#end = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  }

  /** Whole milliseconds, and at least one: what is shorter stands for no deadline. Undefined if there is none. */
  remaining(): number | undefined {
    return Number.isFinite(this.#end) ? Math.max(1, Math.ceil(this.#end - performance.now())) : undefined;
  }

  /** Whether so many milliseconds are left. */
  allows(ms: number): boolean {
    return performance.now() + ms < this.#end;
  }

  /** Raises what the call has come to, if its caller has given it up or its time is over. */
  check(): void {
    if (this.signal?.aborted) {
      throw givenUp(this.signal);
    }
    if (!this.allows(0)) {
      throw tooLate();
    }
  }

  /** What the promise comes to, or the end of this call before that. The promise itself goes on: others may wait for it. */
  async race<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined); // whoever leaves early hears of no failure
    this.check();
    let leave = (): void => undefined;
    const over = new Promise<never>((_, reject) => {
      const remaining = this.remaining();
      const timer = remaining === undefined ? undefined : setTimeout(() => reject(tooLate()), remaining);
      const abort = (): void => reject(this.signal && givenUp(this.signal));
      this.signal?.addEventListener("abort", abort);
      leave = () => {
        clearTimeout(timer);
        this.signal?.removeEventListener("abort", abort);
      };
    });
    try {
      return await Promise.race([promise, over]);
    } finally {
      leave();
    }
  }

  /** Lets some milliseconds pass. */
  async wait(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await this.race(new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A controller that the caller's signal aborts, too, and the end of this time. Abort it in the end: then nothing waits any more. */
export function linked(signal: AbortSignal | undefined, timeoutMs?: number): AbortController {
  const ending = new AbortController();
  const follow = (): void => ending.abort(signal?.reason);
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(tooLate()), timeoutMs);
  ending.signal.addEventListener("abort", () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", follow);
  });
  if (signal?.aborted) {
    follow();
  }
  signal?.addEventListener("abort", follow);
  return ending;
}

/** A call that was given up. The signal's own reason is the cause. */
export function givenUp(signal: AbortSignal): GazetteError {
  return failed("The call was given up.", { code: "CANCELLED" }, signal.reason);
}

function tooLate(): GazetteError {
  return failed("The deadline passed.", { code: "DEADLINE_EXCEEDED" });
}
