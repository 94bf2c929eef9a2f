/** A server that answers as a test says, and remembers what it was asked. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import type { AuthService, LoginRequest } from "../src/gen/auth.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../src/gen/google/rpc/error_details_pb.js";
import { type ClientOptions, createClient, type Gazette } from "../src/index.js";

/** One call as it arrived. */
export interface Heard {
  readonly method: string;
  readonly headers: Headers;
}

/** A client whose calls these routes answer, and all that was heard. Pauses between attempts are short. */
export function scripted(
  routes: (router: ConnectRouter) => void,
  options: ClientOptions = {},
): { gazette: Gazette; heard: Heard[] } {
  const heard: Heard[] = [];
  const transport = createRouterTransport(routes, {
    transport: {
      interceptors: [
        (next) => (request) => {
          heard.push({ method: request.method.name, headers: new Headers(request.header) });
          return next(request);
        },
      ],
    },
  });
  const retry = { firstPauseMs: 1, longestPauseMs: 2, ...options.retry };
  return { gazette: createClient({ baseUrl: "http://scripted", transport, timeoutMs: 60_000, ...options, retry }), heard };
}

/** The names of the methods, in the order of their calls. */
export function names(heard: readonly Heard[]): string[] {
  return heard.map((each) => each.method);
}

/** A failure as the server gives it. */
export function failure(
  code: Code,
  reason: string,
  said: {
    metadata?: Record<string, string>;
    retryAfterMs?: number;
    fields?: MessageInitShape<typeof BadRequestSchema>["fieldViolations"];
  } = {},
): ConnectError {
  const { metadata = {}, retryAfterMs, fields } = said;
  return new ConnectError(`it is ${reason}`, code, undefined, [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain: "gazette", metadata }) },
    { desc: RequestInfoSchema, value: create(RequestInfoSchema, { requestId: "request-1" }) },
    ...(fields ? [{ desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations: fields }) }] : []),
    ...(retryAfterMs === undefined
      ? []
      : [{ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: durationFromMs(retryAfterMs) }) }]),
  ]);
}

/** The part of AuthService that sessions need. Tokens are numbered; those that are not in `good` are refused. */
export class Office {
  readonly good = new Set<string>();
  readonly logins: LoginRequest[] = [];
  readonly refreshed: string[] = [];
  lifeMs = 900_000;
  #number = 0;

  readonly routes: Partial<ServiceImpl<typeof AuthService>> = {
    login: (request) => {
      this.logins.push(request);
      if (request.password === "wrong") {
        throw failure(Code.Unauthenticated, "INVALID_CREDENTIALS");
      }
      if (request.password === "with-app" && request.totpCode !== "123456") {
        throw failure(Code.Unauthenticated, "TOTP_REQUIRED");
      }
      return { ...this.pair(), account: { email: request.email }, deviceToken: "device-1" };
    },
    refreshToken: ({ refreshToken }) => {
      this.refreshed.push(refreshToken);
      if (!this.good.has(refreshToken)) {
        throw failure(Code.Unauthenticated, "INVALID_REFRESH_TOKEN");
      }
      this.good.delete(refreshToken);
      return this.pair();
    },
    getMe: (_, { requestHeader }) => {
      this.check(requestHeader);
      return { account: { email: "author@example.gov" } };
    },
    logout: (_, { requestHeader }) => {
      this.check(requestHeader);
      this.good.clear();
      return {};
    },
    changePassword: (_, { requestHeader }) => {
      this.check(requestHeader);
      this.good.clear();
      return { ...this.pair(), deviceToken: "device-2" };
    },
  };

  /** Two new tokens that hold. */
  pair() {
    this.#number += 1;
    const [accessToken, refreshToken] = [`access-${this.#number}`, `refresh-${this.#number}`];
    this.good.add(accessToken).add(refreshToken);
    return { accessToken, refreshToken, accessTokenExpireTime: timestampFromMs(Date.now() + this.lifeMs) };
  }

  /** Refuses who brings no token that holds. */
  check(headers: Headers): void {
    const token = (headers.get("authorization") ?? "").replace("Bearer ", "");
    if (!this.good.has(token)) {
      throw failure(Code.Unauthenticated, token ? "INVALID_ACCESS_TOKEN" : "UNAUTHENTICATED");
    }
  }
}
