/** Lists that come in parts: the first part is a promise, and all items are an async iterable. */
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions } from "@connectrpc/connect";

/** What one item of a list's answers is: the element of its only list. */
export type ItemOf<Answer> = Extract<Answer[Exclude<keyof Answer, `$${string}`>], readonly unknown[]>[number];

/**
 * The answer to a call that lists. `await` gives one part as the server sent it; `for await` gives the items of this and all further
 * parts, each of which is asked for when it is needed.
 */
export type Listing<Answer> = Promise<Answer> & AsyncIterable<ItemOf<Answer>>;

/** Whether answers to such requests are parts of a list. */
export type IsList<Request, Answer> = Answer extends { nextPageToken: string }
  ? true
  : Request extends { afterNumber: bigint }
    ? true
    : false;

type Call<I extends DescMessage, O extends DescMessage> = (
  request: MessageInitShape<I>,
  options?: CallOptions,
) => Promise<MessageShape<O>>;

/** How a list goes on: its items, and what to ask for after a part. Read from the contract's shapes. */
interface Walk {
  readonly items: string;
  /** The fields that the next request has in place of the last one's; undefined at the end. */
  next(answer: Record<string, unknown>): object | undefined;
}

/** How the method's list goes on; undefined if it is none. */
export function walk(method: DescMethodUnary): Walk | undefined {
  const { input, output } = method;
  const lists = output.fields.filter((field) => field.fieldKind === "list");
  const [list] = lists;
  if (!list || lists.length > 1) {
    return undefined;
  }
  const items = list.localName;
  if ("pageToken" in input.field && "nextPageToken" in output.field) {
    return { items, next: ({ nextPageToken }) => (nextPageToken ? { pageToken: nextPageToken } : undefined) };
  }
  if ("afterNumber" in input.field && "body" in (list.message?.field ?? {})) {
    return {
      items,
      next: (answer) => {
        const number = (answer[items] as { body?: { number: bigint } }[]).at(-1)?.body?.number;
        return number ? { afterNumber: number } : undefined;
      },
    };
  }
  return undefined;
}

/** A call that lists. It goes out at once, and its further parts while the items are read. */
export function listing<I extends DescMessage, O extends DescMessage>(
  call: Call<I, O>,
  { items, next }: Walk,
  request: MessageInitShape<I>,
  options?: CallOptions,
): Listing<MessageShape<O>> {
  const first = call(request, options);
  async function* all(): AsyncGenerator {
    for (let part = first; ; ) {
      const answer = (await part) as Record<string, unknown>;
      yield* answer[items] as unknown[];
      const following = next(answer);
      if (!following) {
        return;
      }
      part = call({ ...request, ...following } as MessageInitShape<I>, options);
    }
  }
  return Object.assign(first, { [Symbol.asyncIterator]: all }) as Listing<MessageShape<O>>;
}
