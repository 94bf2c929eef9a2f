import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = fileURLToPath(new URL("src/", import.meta.url));
const resolve = {
  alias: [
    { find: /^@gazette\/client$/, replacement: `${src}index.ts` },
    { find: /^@gazette\/client\/node$/, replacement: `${src}node/index.ts` },
    { find: /^@gazette\/client\/(\w+)$/, replacement: `${src}gen/$1.ts` },
  ],
};

export default defineConfig({
  test: {
    projects: [
      // One process that loads the client once: most of the time would go into that.
      { resolve, test: { name: "unit", isolate: false, maxWorkers: 1, include: ["test/*.test.ts"], testTimeout: 60_000 } },
      {
        resolve,
        test: {
          name: "server",
          include: ["test/server/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
