/** A transport whose calls go as the client's do: whatever is made with it is signed in, repeated, and fails with a GazetteError. */
import type { DescMessage } from "@bufbuild/protobuf";
import type { StreamResponse, Transport } from "@connectrpc/connect";
import { typed } from "../errors/decoding.js";
import { type Conduct, converse } from "./conversation.js";
import { linked } from "./deadlines.js";
import { called } from "./methods.js";

/** Makes the calls of `inner` as `conduct` says. */
export function conversing(inner: Transport, conduct: Conduct): Transport {
  const { credentials, publications } = conduct;
  return {
    unary: (method, signal, timeoutMs, header, input, contextValues) =>
      converse(conduct, called(method), { signal, timeoutMs, headers: header }, async (attempt) => {
        const answer = await inner.unary(method, attempt.signal, attempt.timeoutMs, attempt.headers, input, contextValues);
        publications.learn(called(method), answer.message);
        if (!new Headers(header).has("authorization")) {
          await credentials.learn?.(method, input, answer.message);
        }
        return answer;
      }),
    stream: (method, signal, timeoutMs, header, input, contextValues) =>
      converse(
        conduct,
        called(method),
        { signal, timeoutMs, headers: header, canRepeat: isRepeatable(input) },
        async (attempt) => {
          const ending = linked(attempt.signal);
          try {
            const answers = await inner.stream(method, ending.signal, attempt.timeoutMs, attempt.headers, input, contextValues);
            return await begun(answers, ending, (answer) => publications.learn(called(method), answer));
          } catch (error) {
            ending.abort();
            throw error;
          }
        },
      ),
  };
}

/** The stream once its first answer is there: until then, it can begin again. Whoever stops reading ends the call. */
async function begun<I extends DescMessage, O extends DescMessage>(
  response: StreamResponse<I, O>,
  ending: AbortController,
  learn: (answer: object) => void,
): Promise<StreamResponse<I, O>> {
  const answers = response.message[Symbol.asyncIterator]();
  const first = await answers.next();
  async function* all(): AsyncGenerator<Awaited<typeof first>["value"]> {
    try {
      for (let next = first; !next.done; next = await answers.next()) {
        learn(next.value);
        yield next.value;
      }
    } catch (error) {
      throw typed(error);
    } finally {
      ending.abort();
    }
  }
  return { ...response, message: all() };
}

/** Whether iterating begins at the beginning each time: of a list, not of a generator. */
function isRepeatable(input: AsyncIterable<unknown>): boolean {
  return !("next" in input);
}
