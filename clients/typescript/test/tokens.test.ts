/** Where tokens are kept. */
import { afterEach, expect, test, vi } from "vitest";
import { memoryStore, type Tokens, webStore } from "../src/index.js";

const TOKENS: Tokens = { accessToken: "access", freshUntil: 5, refreshToken: "refresh", deviceToken: "device" };

/** A browser's storage. */
function storage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    key: (index) => [...items.keys()][index] ?? null,
    removeItem: (key) => void items.delete(key),
    setItem: (key, value) => void items.set(key, value),
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("Memory keeps what it was given, and nothing outside it does", () => {
  const store = memoryStore({ deviceToken: "device" });
  expect(store.load()).toEqual({ accessToken: "", freshUntil: 0, refreshToken: "", deviceToken: "device" });
  store.save(TOKENS);
  expect(store.load()).toEqual(TOKENS);
  expect(memoryStore().load()).toMatchObject({ accessToken: "" });
});

test("A browser's storage keeps tokens under one key, for all who share the key", () => {
  const shared = storage();
  webStore(shared).save(TOKENS);
  expect(webStore(shared).load()).toEqual(TOKENS);
  expect(webStore(shared, "other").load()).toBeUndefined();
  expect(shared.length).toBe(1);
});

test.each(["", "{", "null", "4", "[]x", '{"accessToken": 4}', '{"freshUntil": "soon"}'])(
  "What is not ours, %s, is no session",
  (stored) => {
    const shared = storage();
    shared.setItem("gazette", stored);
    expect(webStore(shared).load()).toBeUndefined();
  },
);

test("What an earlier release stored without all members is taken with the rest empty", () => {
  const shared = storage();
  shared.setItem("gazette", '{"refreshToken": "refresh"}');
  expect(webStore(shared).load()).toEqual({ accessToken: "", freshUntil: 0, refreshToken: "refresh", deviceToken: "" });
});

test("Tabs take turns by the browser's lock of the key, where there are locks", async () => {
  const request = vi.fn(async (_name: string, work: () => Promise<unknown>) => work());
  vi.stubGlobal("navigator", { locks: { request } });
  expect(await webStore(storage(), "desk").alone?.(async () => "done")).toBe("done");
  expect(request.mock.calls[0]?.[0]).toBe("desk:session");
  vi.stubGlobal("navigator", {});
  expect(await webStore(storage()).alone?.(async () => "done")).toBe("done");
  expect(request).toHaveBeenCalledOnce();
});
