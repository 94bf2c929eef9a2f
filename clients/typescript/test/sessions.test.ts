/** Who is signed in, when tokens are renewed, and what tabs share. */
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AuthService } from "../src/gen/auth.js";
import { DeliveryService } from "../src/gen/delivery.js";
import { memoryStore, type TokenStore, type Tokens, Unauthenticated } from "../src/index.js";
import { failure, names, Office, scripted } from "./scripted.js";

const AUTHOR = { email: "author@example.gov", password: "right" };
let office: Office;

beforeEach(() => {
  office = new Office();
});
afterEach(() => {
  vi.useRealTimers();
});

function client(options: Parameters<typeof scripted>[1] = AUTHOR) {
  return scripted((router) => router.service(AuthService, office.routes), options);
}

test("The first call that needs it signs in, and the next one goes out with the same token", async () => {
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  await gazette.auth.getMe({});
  expect(names(heard)).toEqual(["Login", "GetMe", "GetMe"]);
  expect(heard[2]?.headers.get("authorization")).toBe("Bearer access-1");
});

test("However many calls need it at once, one signs in", async () => {
  const { gazette, heard } = client();
  await Promise.all(Array.from({ length: 20 }, () => gazette.auth.getMe({})));
  expect(names(heard).filter((name) => name === "Login")).toHaveLength(1);
});

test("A token is renewed before its end", async () => {
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  vi.setSystemTime(Date.now() + office.lifeMs - 59_000);
  await gazette.auth.getMe({});
  expect(names(heard)).toEqual(["Login", "GetMe", "RefreshToken", "GetMe"]);
  expect(heard.at(-1)?.headers.get("authorization")).toBe("Bearer access-2");
});

test("A token that the server refuses is renewed once, however many calls it is refused to", async () => {
  const { gazette } = client();
  await gazette.auth.getMe({});
  office.good.delete("access-1");
  await Promise.all(Array.from({ length: 20 }, () => gazette.auth.getMe({})));
  expect(office.refreshed).toEqual(["refresh-1"]);
});

test("What is refused with a new token stays refused", async () => {
  const { gazette, heard } = client();
  office.check = () => {
    throw failure(Code.Unauthenticated, "INVALID_ACCESS_TOKEN");
  };
  await expect(gazette.auth.getMe({})).rejects.toMatchObject({ reason: "INVALID_ACCESS_TOKEN" });
  expect(names(heard)).toEqual(["Login", "GetMe", "RefreshToken", "GetMe"]);
});

test("A session that has ended is begun again where the password is known", async () => {
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  office.good.clear();
  await gazette.auth.getMe({});
  expect(names(heard)).toEqual(["Login", "GetMe", "GetMe", "RefreshToken", "Login", "GetMe"]);
});

test("A session of signIn that has ended is not begun again, since nobody has kept the password", async () => {
  const { gazette } = client({});
  await gazette.signIn(AUTHOR);
  office.good.clear();
  await expect(gazette.auth.getMe({})).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  expect(await gazette.session.isSignedIn()).toBe(false);
  await expect(gazette.auth.getMe({})).rejects.toMatchObject({ reason: "UNAUTHENTICATED" });
  expect(office.logins).toHaveLength(1);
});

test("A wrong password is refused by its reason, to all who wait", async () => {
  const { gazette } = client({ ...AUTHOR, password: "wrong" });
  const refused = await Promise.allSettled([gazette.auth.getMe({}), gazette.auth.getMe({})]);
  expect(refused.map((each) => each.status === "rejected" && each.reason.reason)).toEqual(Array(2).fill("INVALID_CREDENTIALS"));
  expect(office.logins).toHaveLength(1);
});

test("A code of the authenticator app is asked for when the server wants one", async () => {
  const totp = vi.fn(async () => "123456");
  const { gazette } = client({ ...AUTHOR, password: "with-app", totp });
  await gazette.auth.getMe({});
  expect(totp).toHaveBeenCalledOnce();
  expect(office.logins.map((each) => each.totpCode)).toEqual(["", "123456"]);
});

test("Without a code an account with an authenticator app is refused as the form must know", async () => {
  const { gazette } = client({});
  await expect(gazette.signIn({ ...AUTHOR, password: "with-app" })).rejects.toMatchObject({ reason: "TOTP_REQUIRED" });
  const account = await gazette.signIn({ ...AUTHOR, password: "with-app", totp: "123456" });
  expect(account?.email).toBe(AUTHOR.email);
});

test("The device stays known from one sign-in to the next, signing out included", async () => {
  const { gazette } = client({});
  await gazette.signIn(AUTHOR);
  await gazette.signOut();
  await gazette.signIn(AUTHOR);
  expect(office.logins.map((each) => each.deviceToken)).toEqual(["", "device-1"]);
});

test("Signing out ends the session on the server and here", async () => {
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  await gazette.signOut();
  expect(heard.at(-1)?.method).toBe("Logout");
  expect(await gazette.session.tokens()).toEqual({ accessToken: "", freshUntil: 0, refreshToken: "", deviceToken: "device-1" });
  await expect(gazette.auth.getMe({})).rejects.toBeInstanceOf(Unauthenticated);
});

test("Signing out of a session that has ended already is no failure", async () => {
  const { gazette } = client({});
  await gazette.signIn(AUTHOR);
  office.good.clear();
  await gazette.signOut();
  expect(await gazette.session.isSignedIn()).toBe(false);
});

test("Signing out forgets the session here though the server is away, and says that it is", async () => {
  const { gazette } = client({ retry: { attempts: 1 } });
  await gazette.signIn(AUTHOR);
  office.check = () => {
    throw failure(Code.Unavailable, "DATABASE_UNAVAILABLE");
  };
  await expect(gazette.signOut()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(await gazette.session.isSignedIn()).toBe(false);
});

test("A refresh token continues an earlier session", async () => {
  office.good.add("refresh-0");
  const { gazette, heard } = client({ refreshToken: "refresh-0" });
  await gazette.auth.getMe({});
  expect(names(heard)).toEqual(["RefreshToken", "GetMe"]);
});

test("After another password the client goes on with the session that it began", async () => {
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  await gazette.auth.changePassword({ password: "right", newPassword: "other" });
  await gazette.auth.getMe({});
  expect(heard.at(-1)?.headers.get("authorization")).toBe("Bearer access-2");
  office.good.clear();
  await gazette.auth.getMe({});
  expect(office.logins.at(-1)).toMatchObject({ password: "other", deviceToken: "device-2" });
});

test("What is public goes out without signing in, and once more signed in where nothing is found", async () => {
  const { gazette, heard } = scripted((router) => {
    router.service(AuthService, office.routes);
    router.service(DeliveryService, {
      getPage: ({ path }, { requestHeader }) => {
        if (path === "/draft" && !requestHeader.has("authorization")) {
          throw failure(Code.NotFound, "PAGE_NOT_FOUND");
        }
        return { answer: { case: "page", value: { title: path } } };
      },
    });
  }, AUTHOR);
  await gazette.delivery.getPage({ path: "/open" });
  await gazette.delivery.getPage({ path: "/draft" });
  expect(names(heard)).toEqual(["GetPage", "GetPage", "Login", "GetPage"]);
});

test("An API key goes with every call, and when it holds no more the call fails by that reason", async () => {
  office.good.add("gaz_key");
  const { gazette, heard } = client({ apiKey: " gaz_key\n" });
  await gazette.auth.getMe({});
  expect(heard[0]?.headers.get("authorization")).toBe("Bearer gaz_key");
  office.good.clear();
  await expect(gazette.auth.getMe({})).rejects.toMatchObject({ code: "UNAUTHENTICATED", reason: "INVALID_API_KEY" });
});

test("An authorization of the call's own stands, and what it is answered changes no session", async () => {
  const { gazette, heard } = client();
  const { accessToken } = office.pair();
  const options = { headers: { authorization: `Bearer ${accessToken}` } };
  await gazette.auth.changePassword({ password: "right", newPassword: "other" }, options);
  expect(names(heard)).toEqual(["ChangePassword"]);
  expect(await gazette.session.isSignedIn()).toBe(false);
});

test("Login that is called by itself carries no token and is answered as it is", async () => {
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  await expect(gazette.auth.login({ email: "x@example.gov", password: "wrong" })).rejects.toMatchObject({
    reason: "INVALID_CREDENTIALS",
  });
  expect(names(heard)).toEqual(["Login", "GetMe", "Login"]);
  expect(heard.at(-1)?.headers.has("authorization")).toBe(false);
});

test("A token that has ended on arrival is used until it is refused: the clocks disagree", async () => {
  office.lifeMs = -3_600_000;
  const { gazette, heard } = client();
  await gazette.auth.getMe({});
  await gazette.auth.getMe({});
  expect(names(heard)).toEqual(["Login", "GetMe", "GetMe"]);
});

test("Two clients with one store share a session, and only one of them renews it", async () => {
  const store = locked(memoryStore());
  const [one, other] = [client({ store }), client({ store })];
  await one.gazette.signIn(AUTHOR);
  office.good.delete("access-1");
  await Promise.all([one.gazette.auth.getMe({}), other.gazette.auth.getMe({})]);
  expect(office.refreshed).toEqual(["refresh-1"]);
  expect(await other.gazette.session.tokens()).toEqual(await one.gazette.session.tokens());
});

test("Signing out in one client signs out the other that shares its store", async () => {
  const store = memoryStore();
  const [one, other] = [client({ store }), client({ store })];
  await one.gazette.signIn(AUTHOR);
  await other.gazette.auth.getMe({});
  await one.gazette.signOut();
  expect(await other.gazette.session.isSignedIn()).toBe(false);
  await expect(other.gazette.auth.getMe({})).rejects.toBeInstanceOf(Unauthenticated);
});

test("A store that fails is heard of by whoever calls", async () => {
  const broken: TokenStore = {
    load: () => {
      throw new Error("the storage is closed");
    },
    save: () => undefined,
  };
  await expect(client({ store: broken }).gazette.auth.getMe({})).rejects.toThrow("the storage is closed");
});

/** The store, with the locks that a browser has. */
function locked(store: TokenStore): TokenStore {
  let last: Promise<unknown> = Promise.resolve();
  return {
    load: async (): Promise<Tokens | undefined> => store.load(),
    save: (tokens) => store.save(tokens),
    alone: (work) => {
      const turn = last.then(work, work);
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
