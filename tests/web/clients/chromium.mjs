// Opens a page of another origin in Chromium, and passes on what the client in it says.
import { given } from "./steps.mjs";
import { opened } from "./browser.mjs";

await opened(async (browser) => {
  const page = await browser.newPage();
  page.on("console", (message) => (message.type() === "log" ? console.log : console.error)(message.text()));
  page.on("pageerror", (error) => console.error(error.stack));
  await page.addInitScript((value) => {
    globalThis.GIVEN = value;
  }, given);
  await page.goto(given.url);
  await page.waitForFunction(() => globalThis.finished, null, { timeout: 100_000 });
});
