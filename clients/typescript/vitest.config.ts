import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/**/*.test.ts"], exclude: ["test/server/**"] } },
      { test: { name: "server", include: ["test/server/**/*.test.ts"], testTimeout: 60_000, fileParallelism: false } },
    ],
  },
});
