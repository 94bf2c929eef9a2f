// Chromium, driven by playwright-core: headless, with a profile of its own that nobody had before, and with no work but ours.
import { chromium } from "playwright-core";

const CALM = [
  "--no-sandbox", // root may not have one
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-dev-shm-usage",
  "--disable-sync",
];

/** Does it with a browser, and closes that however it ends. */
export async function opened(act) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: CALM });
  try {
    return await act(browser);
  } finally {
    await browser.close();
  }
}
