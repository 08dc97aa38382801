// desk.mjs: a desk with somebody signed in, and a scanner.

import assert from "node:assert/strict";
import { reader, signIn } from "./browser.mjs";

/** @param {import("playwright-core").Browser} browser @param {Parameters<typeof reader>[1]} [options] */
export async function atDesk(browser, options) {
  const at = await reader(browser, { expected: [404, 409], ...options });
  await at.open("/sign-in?next=/desk");
  await signIn(at.page, "desk");
  await at.page.waitForURL("**/desk");
  await at.page.locator("#scan").waitFor();
  const line = (/** @type {number} */ i) => at.page.locator(".scan").nth(i);
  /** Types as a scanner does: at once, Enter at the end, no matter what has the focus. @param {...string} codes */
  const scan = async (...codes) => {
    for (const code of codes) {
      await at.page.keyboard.type(code);
      await at.page.keyboard.press("Enter");
    }
  };
  const quiet = () => at.page.waitForFunction(() => document.querySelectorAll(".scan.waiting, .scan.held").length === 0 && document.querySelector("#queue")?.textContent === "");
  const focused = async () => assert.equal(await at.page.evaluate(() => document.activeElement?.id), "scan", "the focus is where the next scan goes");
  return { ...at, line, scan, quiet, focused };
}
