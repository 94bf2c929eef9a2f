/** The README shows code that is there, and that other tests run. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");
const examples = readdirSync(new URL("examples/", root)).map((name) => readFileSync(new URL(`examples/${name}`, root), "utf8"));
const shown = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map((found) => found[1] ?? "");

test("The README shows each example", () => {
  expect(shown.length).toBeGreaterThan(examples.length);
  expect(examples.filter((example) => !shown.some((block) => example.includes(block)))).toEqual([]);
});

test.each(shown)("What the README shows is in an example: %s", (block) => {
  expect(examples.some((example) => example.includes(block))).toBe(true);
});
