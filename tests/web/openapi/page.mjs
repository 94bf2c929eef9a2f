// Opens the page at /docs in Chromium, signs in there and tries two calls. Says what it saw, as one object of JSON.

import { chromium } from "playwright-core";

const given = JSON.parse(process.env.GIVEN);
const saw = { outside: [], complaints: [], calls: {} };
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage();
page.setDefaultTimeout(60_000);
page.on("request", (request) => {
  const url = request.url();
  if (!url.startsWith(given.url) && !url.startsWith("data:")) saw.outside.push(url);
});
page.on("pageerror", (error) => saw.complaints.push(error.message));
page.on("console", (message) => {
  if (message.type() === "error" && !message.text().includes("401")) saw.complaints.push(message.text());
});

async function signIn(password) {
  await page.fill("[name=email]", "author@example.gov");
  await page.fill("[name=password]", password);
  await page.click("#sign-in button");
}

async function call(tag, id, fill = async () => {}) {
  const operation = page.locator(`#operations-${tag}-${id}`);
  if (!(await operation.isVisible())) await page.click(`#operations-tag-${tag}`);
  await operation.locator(".opblock-summary-control").click();
  await fill(operation);
  await operation.locator(".execute").click();
  const status = operation.locator(".live-responses-table td.response-col_status:not(.col_header)").first();
  saw.calls[id] = [await status.innerText(), await operation.locator(".live-responses-table pre").first().innerText()];
}

await page.goto(`${given.url}/docs`);
await page.waitForSelector(".opblock-tag");
saw.services = await page.locator(".opblock-tag").count();
await signIn("another");
await page.waitForSelector("#said:not(:empty)");
saw.refused = await page.textContent("#said");
await signIn(given.password);
await page.waitForSelector("#sign-out:not([hidden])");
saw.who = await page.textContent("#who");
await call("AuthService", "getMe");
await call("DeliveryService", "getPage", (operation) => operation.locator("tr[data-param-name=path] input").fill(given.path));
await page.click("#sign-out button");
await page.waitForSelector("#sign-in:not([hidden])");
await browser.close();
console.log(JSON.stringify(saw));
