// idle.test.mjs: a public computer that is left alone signs out, and keeps nothing of who sat there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, reader, settled, signIn, signInOf } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("a page that nobody uses says so, stays for who is there, and else signs out and wipes itself", async () => {
  const { page, context, open, calm, close } = await reader(browser, { expected: [401] });
  await page.clock.install();
  await open("/");
  await open("/sign-in?next=/loans");
  await signIn(page, "patron");
  assert.ok(page.url().endsWith("/loans"));
  const soon = page.locator(".idle");
  await page.clock.fastForward("28:00");
  assert.equal(await soon.isVisible(), false);
  await page.clock.fastForward("01:30");
  await soon.waitFor();
  await page.keyboard.press("Shift");
  await soon.waitFor({ state: "hidden" });
  await page.clock.fastForward("28:00");
  assert.ok(page.url().endsWith("/loans"), "who pressed a key stays");

  const other = await context.newPage(); // a second window of the same reader: somebody is there
  await other.goto(page.url());
  await settled(other);
  await page.clock.fastForward("30:10");
  await page.waitForURL((url) => url.pathname === "/");
  await settled(page);
  await page.getByText("You were signed out").waitFor();
  await page.locator("[data-sign-in]").waitFor();
  assert.equal(await page.evaluate(() => fetch("/api/members/v1/me").then((answer) => answer.status)), 401, "also at the library");
  await page.goBack();
  await settled(page);
  assert.equal(await page.getByText(signInOf("patron").card).count(), 0);
  assert.equal(await page.locator(".loan").count(), 0, "going back shows no loans");
  await other.locator("[data-sign-in]").waitFor(); // the other window heard of it
  calm();
  await close();
});
