/** A service of the contract as an object with a typed method for each RPC. */
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions, StreamResponse, Transport } from "@connectrpc/connect";
import { failed } from "../errors/errors.js";
import { type IsList, type Listing, listing, walk } from "./lists.js";

export type { CallOptions } from "@connectrpc/connect";

type Request = MessageInitShape<DescMessage>;
type Answer = MessageShape<DescMessage>;

/** How a method is called. */
type MethodCall<Method> =
  Method extends DescMethodUnary<infer I, infer O>
    ? (
        request: MessageInitShape<I>,
        options?: CallOptions,
      ) => IsList<MessageShape<I>, MessageShape<O>> extends true ? Listing<MessageShape<O>> : Promise<MessageShape<O>>
    : Method extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : Method extends DescMethodClientStreaming<infer I, infer O>
        ? (
            requests: Iterable<MessageInitShape<I>> | AsyncIterable<MessageInitShape<I>>,
            options?: CallOptions,
          ) => Promise<MessageShape<O>>
        : never;

/** The methods of a service: `getPage(request, options)` returns a promise, or an async iterable for a stream. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: MethodCall<Service["method"][Name]>;
};

/** The service's methods, called by this transport. The contract has no method in which both sides stream. */
export function serviceClient<Service extends DescService>(service: Service, transport: Transport): ServiceClient<Service> {
  const methods = service.methods.map((method) => {
    switch (method.methodKind) {
      case "unary":
        return [method.localName, unary(transport, method as DescMethodUnary)];
      case "server_streaming":
        return [method.localName, serverStreaming(transport, method as DescMethodServerStreaming)];
      default:
        return [method.localName, clientStreaming(transport, method as DescMethodStreaming)];
    }
  });
  return Object.fromEntries(methods) as ServiceClient<Service>;
}

function unary(transport: Transport, method: DescMethodUnary) {
  const call = async (request: Request, options: CallOptions = {}): Promise<Answer> => {
    const { signal, timeoutMs, headers, contextValues, onHeader, onTrailer } = options;
    const answer = await transport.unary(method, signal, timeoutMs, headers, request, contextValues);
    onHeader?.(answer.header);
    onTrailer?.(answer.trailer);
    return answer.message;
  };
  const walked = walk(method);
  return walked ? (request: Request, options?: CallOptions) => listing(call, walked, request, options) : call;
}

function serverStreaming(transport: Transport, method: DescMethodServerStreaming) {
  return async function* (request: Request, options: CallOptions = {}): AsyncGenerator<Answer> {
    yield* read(await stream(transport, method, [request], options), options);
  };
}

function clientStreaming(transport: Transport, method: DescMethodStreaming) {
  return async (requests: Iterable<Request> | AsyncIterable<Request>, options: CallOptions = {}): Promise<Answer> => {
    let answer: Answer | undefined;
    for await (const each of read(await stream(transport, method, requests, options), options)) {
      answer = each;
    }
    if (!answer) {
      throw failed("The call ended without an answer.", { code: "INTERNAL" });
    }
    return answer;
  };
}

function stream(
  transport: Transport,
  method: DescMethodStreaming,
  requests: Iterable<Request> | AsyncIterable<Request>,
  { signal, timeoutMs, headers, contextValues }: CallOptions,
): Promise<StreamResponse> {
  return transport.stream(method, signal, timeoutMs, headers, asynchronous(requests), contextValues);
}

async function* read({ header, trailer, message }: StreamResponse, options: CallOptions): AsyncGenerator<Answer> {
  options.onHeader?.(header);
  yield* message;
  options.onTrailer?.(trailer);
}

/** What can be iterated, for transports. A list stays one that can be iterated again. */
function asynchronous(requests: Iterable<Request> | AsyncIterable<Request>): AsyncIterable<Request> {
  if (Symbol.asyncIterator in requests) {
    return requests;
  }
  if ("next" in requests) {
    return (async function* () {
      yield* requests;
    })();
  }
  return {
    async *[Symbol.asyncIterator]() {
      yield* requests;
    },
  };
}
