// words.test.mjs: both languages, chosen by the browser and kept, also where the library itself says why.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, PHONE, reader, settled, signIn } from "../browser.mjs";

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

test("why a row of a file was refused, and who read an account, is told in Vietnamese", async () => {
  const librarian = await hand("librarian");
  const { card } = await librarian.get("/api/members/v1/me");
  await librarian.get(`/api/borrowing/v1/holds?member_card=${card}`);
  const { page, open, calm, close } = await reader(browser, { viewport: PHONE, locale: "vi-VN" });
  await open("/sign-in?next=/catalogue/import");
  await signIn(page, "librarian");
  const rows = [`Sách có mã lạ ${Date.now()},Ai Đó,xx-bad-language-code-very-long,MDCC`, ",Ai Đó,vi,1999", `${"x".repeat(2000)},Ai Đó,vi,1999`];
  await page.getByLabel("Tệp", { exact: true }).setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: Buffer.from(`title,authors,language,year\n${rows.join("\n")}\n`) });
  await page.getByRole("button", { name: "Nhập" }).click();
  await page.locator("#left-out tbody tr").nth(1).waitFor();
  const whys = await page.locator("#refused td[data-label='Vì sao'], #left-out td[data-label='Vì sao']").allTextContents();
  assert.deepEqual(whys.map((why) => why.replace(/\d+/g, "#")).sort(), ["có # ký tự; tối đa là #", "không phải là mã ngôn ngữ", "không phải là số nguyên", "để trống"]);
  await open("/audit?of=accounts");
  await page.locator("tbody tr").first().waitFor();
  const done = await page.locator("td[data-label='Việc']").allTextContents();
  assert.deepEqual(done.filter((words) => /\b(read|made|set|changed|searched)\b/.test(words)), [], "no word of English");
  calm();
  await close();
});
