/** One account's session: who is signed in, and with which tokens. Decides when they are used, renewed and given up. */
import { type DescMethod, isMessage } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Transport } from "@connectrpc/connect";
import { type ServiceClient, serviceClient } from "../calls/services.js";
import { failed, Unauthenticated } from "../errors/errors.js";
import type { Account } from "../gen/gazette/auth/v1/account_pb.js";
import { AuthService, type LoginResponse } from "../gen/gazette/auth/v1/auth_service_pb.js";
import {
  AcceptInvitationResponseSchema,
  type ChangePasswordRequest,
  ChangePasswordResponseSchema,
  ResetPasswordResponseSchema,
} from "../gen/gazette/auth/v1/password_pb.js";
import type { Credentials } from "./credentials.js";
import { memoryStore, NO_TOKENS, type TokenStore, type Tokens } from "./tokens.js";

/** An access token is renewed so many milliseconds before its end, at most; a tenth of its life if that is less. */
const MARGIN_MS = 60_000;

/** A code of the authenticator app, or how to get one: it is asked for at each sign-in that needs one. */
export type Totp = string | (() => string | Promise<string>);

/** How a session begins. */
export interface SessionOptions {
  /** With `password`: signs in by itself when a call needs it, and again when the session has ended. For services and scripts. */
  readonly email?: string;
  readonly password?: string;
  readonly totp?: Totp;
  /** Continues an earlier session. */
  readonly refreshToken?: string;
  /** Makes this a known device: `deviceToken` of an earlier client. */
  readonly deviceToken?: string;
  /** Where tokens are kept; by default in memory. */
  readonly store?: TokenStore;
}

/** What somebody signs in with. */
export interface SignIn {
  readonly email: string;
  readonly password: string;
  readonly totp?: Totp;
}

/** What the server answers with new tokens. */
interface NewTokens {
  readonly accessToken: string;
  readonly accessTokenExpireTime?: Timestamp | undefined;
  readonly refreshToken: string;
  readonly deviceToken?: string;
}

/** The session of one client. */
export class Session implements Credentials {
  readonly #store: TokenStore;
  readonly #begun: Promise<void>;
  #known: SignIn | undefined;
  #auth: ServiceClient<typeof AuthService> | undefined;
  #pending: Promise<string> | undefined;

  constructor(options: SessionOptions = {}) {
    const { email, password, totp, refreshToken, deviceToken, store } = options;
    this.#store = store ?? memoryStore();
    this.#known = email && password ? { email, password, ...(totp && { totp }) } : undefined;
    this.#begun = this.#begin({ ...(refreshToken && { refreshToken }), ...(deviceToken && { deviceToken }) });
    this.#begun.catch(() => undefined); // whoever reads the tokens hears of it
  }

  attach(transport: Transport): void {
    this.#auth = serviceClient(AuthService, transport);
  }

  /**
   * Signs in, and stays signed in with the tokens alone: when the session ends, calls fail with Unauthenticated. An account with an
   * authenticator app needs `totp`, and is refused with the reason `TOTP_REQUIRED` without.
   */
  async signIn(signIn: SignIn): Promise<Account | undefined> {
    return (await this.#signIn(signIn)).account;
  }

  /** Ends the session on the server, and forgets it here in any case. The device stays known. */
  async signOut(): Promise<void> {
    await this.#pending?.catch(() => undefined); // else it would bring the session back
    const { refreshToken } = await this.tokens();
    try {
      if (refreshToken) {
        const token = (await this.held()) || (await this.renew(""));
        await this.#calls().logout({}, { headers: { authorization: `Bearer ${token}` } });
      }
    } catch (error) {
      if (!(error instanceof Unauthenticated)) {
        throw error;
      } // else it has ended already
    } finally {
      this.#known = undefined;
      await this.#end();
    }
  }

  /** Whether there is a session, as far as is known here. */
  async isSignedIn(): Promise<boolean> {
    return Boolean((await this.tokens()).refreshToken);
  }

  /** All that is kept. Secrets: `refreshToken` continues the session in a later client, `deviceToken` makes that a known device. */
  async tokens(): Promise<Tokens> {
    await this.#begun;
    return (await this.#store.load()) ?? NO_TOKENS;
  }

  async held(): Promise<string> {
    const { accessToken, freshUntil } = await this.tokens();
    return Date.now() < freshUntil ? accessToken : "";
  }

  async canRenew(): Promise<boolean> {
    return this.#known !== undefined || (await this.isSignedIn());
  }

  /** All that wait at once wait for one renewal. */
  renew(refused: string): Promise<string> {
    this.#pending ??= this.#renew(refused).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /**
   * Takes over what the answer to another call says of this account's way in: that its mailbox was proved makes this a known device,
   * and another password begins another session.
   */
  async learn(_method: DescMethod, request: object, answer: object): Promise<void> {
    if (isMessage(answer, ChangePasswordResponseSchema)) {
      const { newPassword } = request as ChangePasswordRequest;
      this.#known &&= { ...this.#known, password: newPassword };
      await this.#keep(answer);
    } else if (
      isMessage(answer, ResetPasswordResponseSchema) ||
      (isMessage(answer, AcceptInvitationResponseSchema) && this.#isOwn(answer.account))
    ) {
      await this.#store.save({ ...(await this.tokens()), deviceToken: answer.deviceToken });
    }
  }

  async #begin(given: Partial<Tokens>): Promise<void> {
    if (Object.keys(given).length > 0) {
      await this.#store.save({ ...NO_TOKENS, ...(await this.#store.load()), ...given });
    }
  }

  /** Refreshes the session, unless somebody else has; starts another, if the password is known, when there is none or it has ended. */
  async #renew(refused: string): Promise<string> {
    const alone = this.#store.alone ?? ((work) => work());
    return alone(async () => {
      const held = await this.held();
      if (held && held !== refused) {
        return held;
      }
      const { refreshToken } = await this.tokens();
      if (refreshToken) {
        try {
          return await this.#keep(await this.#calls().refreshToken({ refreshToken }));
        } catch (error) {
          if (!(error instanceof Unauthenticated)) {
            throw error;
          }
          await this.#end();
          if (!this.#known) {
            throw error;
          }
        }
      }
      if (!this.#known) {
        throw failed("Nobody is signed in.", { code: "UNAUTHENTICATED", reason: "UNAUTHENTICATED" });
      }
      return (await this.#signIn(this.#known)).accessToken;
    });
  }

  async #signIn({ email, password, totp }: SignIn): Promise<LoginResponse> {
    const { deviceToken } = await this.tokens();
    const request = { email, password, deviceToken };
    const known = typeof totp === "string" ? { totpCode: totp } : {};
    let answer: LoginResponse;
    try {
      answer = await this.#calls().login({ ...request, ...known });
    } catch (error) {
      if (!(error instanceof Unauthenticated && error.reason === "TOTP_REQUIRED" && typeof totp === "function")) {
        throw error;
      }
      answer = await this.#calls().login({ ...request, totpCode: await totp() });
    }
    await this.#keep(answer);
    return answer;
  }

  /** Takes over new tokens. One that has ended on arrival means that the clocks disagree; it is used until refused. */
  async #keep(answer: NewTokens): Promise<string> {
    const life = answer.accessTokenExpireTime ? timestampMs(answer.accessTokenExpireTime) - Date.now() : 0;
    const freshUntil = life > 0 ? Date.now() + life - Math.min(MARGIN_MS, life / 10) : Number.MAX_SAFE_INTEGER;
    const { accessToken, refreshToken } = answer;
    const deviceToken = answer.deviceToken ?? (await this.tokens()).deviceToken;
    await this.#store.save({ accessToken, freshUntil, refreshToken, deviceToken });
    return accessToken;
  }

  async #end(): Promise<void> {
    await this.#store.save({ ...NO_TOKENS, deviceToken: (await this.tokens()).deviceToken });
  }

  #isOwn(account: Account | undefined): boolean {
    return !this.#known || this.#known.email.toLowerCase() === account?.email.toLowerCase();
  }

  #calls(): ServiceClient<typeof AuthService> {
    if (!this.#auth) {
      throw new Error("The session belongs to no client yet: pass it to connect() first.");
    }
    return this.#auth;
  }
}
