// A day at two sites of other origins than Gazette's, in Chromium: each step with all requests that it caused, a line of JSON each.
import { opened } from "./browser.mjs";
import { watch } from "./wire.mjs";

const given = JSON.parse(process.env.GIVEN);
const [MOORING, TIDES] = [given.page, given.path];

await opened(async (browser) => {
  const context = await browser.newContext();

  /** A site's page, and how to take a step in it. */
  async function visit(origin) {
    const page = await context.newPage();
    const wire = await watch(await context.newCDPSession(page));
    page.on("pageerror", (error) => console.error(error.stack));
    await page.addInitScript((value) => Object.assign(globalThis, { GIVEN: value }), given);
    await page.goto(`${origin}/journey.html`);
    await page.waitForFunction(() => globalThis.finished);
    const take = async (step, name, ...words) => {
      wire.requests.length = 0;
      const saw = await page.evaluate(([name, words]) => globalThis.journey[name](...words), [name, words]);
      await wire.settled();
      console.log(JSON.stringify({ origin, step, saw, requests: wire.requests.filter(({ url }) => url.startsWith(given.http)) }));
      return saw;
    };
    return { take, wire };
  }

  const front = await visit(given.front);
  await front.take("reads a page as the public", "read", MOORING);
  await front.take("looks at a picture", "look", "/welcome", 400);
  await front.take("reads it over HTTP", "readOverHttp", MOORING);
  await front.take("reads it over HTTP again", "readOverHttp", MOORING);
  const desk = await visit(given.console);
  await desk.take("reads it over HTTP, through the other site's cache", "readOverHttp", MOORING);
  await desk.take("looks where nothing is", "read", TIDES);

  await desk.take("the author signs in", "signIn", "author");
  await desk.wire.slow(4_000_000);
  const file = await desk.take("uploads a picture", "upload", "waves.png");
  await desk.take("gives an upload up", "giveUp", "waves.png");
  await desk.take("uploads in pieces", "uploadInPieces", "waves.png");
  await desk.wire.slow(-1);
  await desk.take("downloads the picture", "download", file.id);
  await desk.take("writes at a path that is none", "writeWrongly");
  let document = await desk.take("writes", "write", "Tide tables", file.id);
  await desk.take("goes on with a token that the server refuses", "outliveToken", false);
  await desk.take("goes on with a token whose end is known", "outliveToken", true);
  document = await desk.take("submits", "step", "submitDocument", document.id, document.etag);
  await desk.take("the editor signs in", "signIn", "editor");
  await desk.take("approves what has changed since", "step", "approveDocument", document.id, "1");
  document = await desk.take("approves", "step", "approveDocument", document.id, document.etag);
  await desk.take("the publisher signs in", "signIn", "publisher");
  await desk.take("publishes", "step", "publishDocument", document.id, document.etag);
  await desk.take("reads what was published", "read", TIDES);
  await front.take("reads it at the other site", "read", TIDES);

  const stranger = await visit(given.stranger);
  await stranger.take("a site that is not let in reads a page", "readOverHttp", MOORING);
});
