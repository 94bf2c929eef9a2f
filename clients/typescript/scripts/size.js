/**
 * Prints what browsers load, bundled, minified and compressed with brotli: of a page that reads one page (`examples/page.ts`), and of one
 * that makes the client with every service. `--json` for programs. Build first.
 */
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const everything = 'import { createClient } from "@gazette/client"; globalThis.gazette = createClient({ baseUrl: "/" });';
const pages = {
  "a page that reads one page": { entryPoints: ["examples/page.ts"] },
  "every service": { stdin: { contents: everything, resolveDir: root } },
};

const sizes = {};
for (const [name, entry] of Object.entries(pages)) {
  const bundle = { bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", write: false };
  const { outputFiles } = await build({ ...entry, ...bundle, absWorkingDir: root });
  const [{ contents }] = outputFiles;
  sizes[name] = { minified: contents.length, brotli: brotliCompressSync(contents).length };
}
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(sizes));
} else {
  for (const [name, { minified, brotli }] of Object.entries(sizes)) {
    console.log(`${name}: ${brotli} bytes with brotli, ${minified} minified`);
  }
}
