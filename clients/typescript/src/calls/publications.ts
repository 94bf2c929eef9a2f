/** What this client has published, so that it reads nothing older afterwards, whichever process answers. */
import type { GazetteError } from "../errors/errors.js";
import type { Called } from "./methods.js";

export const MIN_RECORD_NUMBER = "x-min-record-number";
export const NOT_REACHED = "RECORD_NOT_REACHED";

/** The last entry of the record that this client's own publications have made. */
export class Publications {
  recordNumber = 0n;

  /** Takes over what the answer to a change says: `record_number`, of itself or of each result of a batch. */
  learn(method: Called, answer: object): void {
    if (!method.changes) {
      return;
    }
    this.#reach(numberOf(answer));
    for (const each of results(answer)) {
      this.#reach(numberOf(each));
    }
  }

  /** An import that ended early says what it had published until then. */
  learnOfFailure(error: GazetteError): void {
    const number = error.metadata.record_number ?? "";
    if (/^[0-9]{1,19}$/.test(number)) {
      this.#reach(BigInt(number));
    }
  }

  /** The record does not reach so far any more: it was set back, to a backup say. */
  forget(number: bigint): void {
    if (this.recordNumber <= number) {
      this.recordNumber = 0n;
    }
  }

  #reach(number: bigint): void {
    if (number > this.recordNumber) {
      this.recordNumber = number;
    }
  }
}

function numberOf(answer: object): bigint {
  return "recordNumber" in answer && typeof answer.recordNumber === "bigint" ? answer.recordNumber : 0n;
}

/** The single answers in the answer of a batch: each result is one of an answer and an error. */
function results(answer: object): object[] {
  const all: unknown[] = "results" in answer && Array.isArray(answer.results) ? answer.results : [];
  return all
    .map((each) => (isObject(each) && "result" in each ? each.result : each))
    .flatMap((either) => (isObject(either) && "value" in either && isObject(either.value) ? [either.value] : []));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
