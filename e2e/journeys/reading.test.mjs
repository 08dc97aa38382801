// reading.test.mjs: a reader gives stars, keeps titles in lists, and finds, renames, empties and deletes them in their own library.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newReader, PHONE, picture, settled } from "../browser.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("a reader gives stars by keyboard, sees the average, thinks better of it", async () => {
  const [copy] = await freeCopies(librarian, 1, 180);
  const { page, open, calm, close } = await newReader(browser, librarian, "Sao Năm Cánh", { expected: [503] });
  const address = `/api/catalog/v1/ratings?book_ids=${copy.book_id}`;
  const before = (await librarian.get(address)).items[0]?.ratings ?? 0;
  await open(`/books/${copy.book_id}`);
  const stars = page.getByRole("group", { name: "Your stars" });
  await stars.getByRole("radio").first().waitFor({ state: "attached" });
  await stars.getByRole("radio", { name: "1 star of 5" }).focus();
  await page.keyboard.press("Space");
  await page.locator("bv-toast", { hasText: "your stars are counted" }).waitFor();
  await page.route("**/rating", async (route) => {
    if (route.request().postDataJSON()?.stars === 2) await new Promise((done) => setTimeout(done, 400)); // on its way for longer than what comes after it
    await route.continue();
  });
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(600);
  await page.unroute("**/rating");
  await page.locator(".average", { hasText: /of 5 stars, by / }).waitFor();
  await until(async () => (await mine(page, copy.book_id)) === 4);
  assert.equal(await stars.locator("label.on").count(), 4);
  await accessible(page, "a title with one's stars");
  await picture(page, "title-stars");
  await page.reload();
  await settled(page);
  await stars.locator("label.on").nth(3).waitFor();
  assert.equal((await librarian.get(address)).items[0].ratings, before + 1, "one reader is counted once");
  await open("/ratings");
  const given = page.locator("li.kept", { hasText: copy.title });
  assert.match((await given.textContent()) ?? "", /4 stars of 5/);
  await accessible(page, "one's stars");
  await picture(page, "ratings");
  await given.getByRole("button", { name: `Take back ${copy.title}` }).click();
  await page.getByText("Stars that you give titles are found here again").waitFor();
  await until(async () => (await mine(page, copy.book_id)) === null);
  await open(`/books/${copy.book_id}`);
  await stars.getByRole("radio", { name: "3 stars of 5" }).check({ force: true });
  await page.locator("bv-toast", { hasText: "your stars are counted" }).waitFor();
  await stars.getByRole("button", { name: "Take back" }).click();
  await page.locator("bv-toast", { hasText: "taken back" }).waitFor();
  assert.equal(await stars.locator("label.on").count(), 0);
  await page.route("**/rating", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"code":"unavailable","detail":"Not now."}' }));
  await stars.getByRole("radio", { name: "2 stars of 5" }).check({ force: true });
  await page.locator(".own .note.bad").waitFor();
  assert.equal(await stars.locator("label.on").count(), 0, "what was refused is taken back");
  calm();
  await close();
});

test("titles are kept in lists, which are found in one's library (phone, Vietnamese, dark)", async () => {
  const copies = await freeCopies(librarian, 2, 182);
  const { page, open, calm, close } = await newReader(browser, librarian, "Danh Sách Dài", { viewport: PHONE, locale: "vi-VN", scheme: "dark" });
  const name = "Mùa hè <b>này</b> 🌞";
  await open("/reading-lists");
  await page.getByText("Danh sách những gì bạn muốn đọc").waitFor();
  await accessible(page, "no reading lists");
  await open(`/books/${copies[0].book_id}`);
  await page.locator("summary", { hasText: "Đưa vào danh sách đọc" }).click();
  await page.getByLabel("Danh sách mới").fill(name);
  await page.getByRole("button", { name: "Lập và đưa sách vào" }).dblclick();
  await page.getByRole("checkbox", { name }).waitFor();
  assert.equal(await page.getByRole("checkbox", { name }).count(), 1, "a double click makes one list");
  assert.equal(await page.getByRole("checkbox", { name }).isChecked(), true);
  await accessible(page, "a title in a list");
  await picture(page, "title-lists-phone-vi", true);
  await open(`/books/${copies[1].book_id}`);
  await page.locator("summary", { hasText: "Đưa vào danh sách đọc" }).click();
  await page.getByRole("checkbox", { name }).check();
  await page.locator("bv-toast", { hasText: "Đã đưa vào danh sách" }).waitFor();

  await page.getByRole("link", { name: "Danh sách đọc" }).click();
  await page.waitForURL("**/reading-lists");
  await settled(page);
  const list = page.getByRole("region", { name });
  assert.deepEqual((await list.locator("h3").allTextContents()).sort(), copies.map(({ title }) => title).sort());
  await accessible(page, "reading lists");
  await speaksVietnamese(page, "reading lists");
  await picture(page, "reading-lists-phone-vi", true);
  await list.getByRole("button", { name: `Lấy ra ${copies[0].title}` }).click();
  await list.locator("h3", { hasText: copies[0].title }).waitFor({ state: "detached" });
  await list.locator("summary").click();
  await list.getByLabel("Tên danh sách").fill("Mùa thu");
  await list.getByRole("button", { name: "Đổi tên" }).click();
  const renamed = page.getByRole("region", { name: "Mùa thu" });
  await renamed.locator("summary").click();
  await renamed.getByRole("button", { name: "Xóa danh sách" }).click();
  await renamed.waitFor({ state: "detached" });
  calm();
  await close();
});

/** What the reader of a page gave a title. @param {import("playwright-core").Page} page @param {number} book */
const mine = (page, book) => page.evaluate((id) => fetch(`/api/catalog/v1/books/${id}/rating`).then((answer) => answer.json()).then(({ stars }) => stars), book);

/** @param {() => Promise<boolean>} holds */
async function until(holds) {
  for (let left = 100; !(await holds()); left--) {
    assert.ok(left > 0, "it did not come to hold");
    await new Promise((done) => setTimeout(done, 100));
  }
}
