// words.test.mjs: both languages, chosen by the browser and kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, reader, settled } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("the browser's language is spoken; a choice is kept", async () => {
  const { page, open, calm, close } = await reader(browser, { locale: "vi-VN" });
  await open("/");
  assert.equal(await page.locator("h1").textContent(), "Bạn muốn đọc gì?");
  assert.equal(await page.locator("html").getAttribute("lang"), "vi");
  await page.getByRole("button", { name: "English" }).click();
  await page.locator("h1", { hasText: "What would you like to read?" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.reload();
  await settled(page);
  assert.equal(await page.locator("h1").textContent(), "What would you like to read?");
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await page.locator("h1", { hasText: "Bạn muốn đọc gì?" }).waitFor();
  calm();
  await close();
});

test("a browser of another language gets English", async () => {
  const { page, open, close } = await reader(browser, { locale: "fr-FR" });
  await open("/search");
  assert.equal(await page.locator("h1").textContent(), "All titles");
  await close();
});
