/**
 * Prints what browsers load, bundled, minified and compressed with brotli: of a page that reads one page (`examples/page.ts`), and of one
 * that makes the client with every service. Fails where one is larger than it may be. `--json` for programs. Build first.
 */
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const everything = 'import { createClient } from "@gazette/client"; globalThis.gazette = createClient({ baseUrl: "/" });';
const pages = {
  "a page that reads one page": { entry: { entryPoints: ["examples/page.ts"] }, most: 36_000 },
  "every service": { entry: { stdin: { contents: everything, resolveDir: root } }, most: 60_000 },
};

const sizes = {};
for (const [name, { entry, most }] of Object.entries(pages)) {
  const bundle = { bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", write: false };
  const { outputFiles } = await build({ ...entry, ...bundle, absWorkingDir: root });
  const [{ contents }] = outputFiles;
  sizes[name] = { minified: contents.length, brotli: brotliCompressSync(contents).length, most };
}
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(sizes));
} else {
  for (const [name, { minified, brotli, most }] of Object.entries(sizes)) {
    console.log(`${name}: ${brotli} bytes with brotli (at most ${most}), ${minified} minified`);
  }
}
process.exitCode = Object.values(sizes).some(({ brotli, most }) => brotli > most) ? 1 : 0;
