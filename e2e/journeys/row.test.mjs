// row.test.mjs: borrowing and waiting from a row of the results; what that changes is shown where it stands.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, newReader, picture, reader } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("from the results a reader borrows with one click, and waits where they choose; the copies below a title follow", async () => {
  const [free, out] = await freeCopies(librarian, 2, 186);
  await librarian.post("/api/borrowing/v1/items", { book_id: free.book_id, barcode: `ROW${Date.now()}`, branch: free.branch }); // one is left for the second reader
  const { items: copiesOf } = await librarian.get(`/api/borrowing/v1/items?book_id=${out.book_id}`);
  const other = await newMember(librarian, "Bùi Mượn Hết");
  for (const { barcode, status } of copiesOf) if (status === "available") await librarian.post("/api/borrowing/v1/loans", { member_card: other.card, barcode });
  const { page, open, calm, close, card } = await newReader(browser, librarian, "Lâm Mượn Nhanh");
  const row = (/** @type {string} */ title) => page.locator("li.row", { has: page.getByRole("link", { name: title, exact: true }) }).first();
  await open(`/search?q=${encodeURIComponent(free.title)}`);
  const borrow = row(free.title).getByRole("button", { name: `Borrow ${free.title}` });
  const before = await row(free.title).boundingBox();
  await borrow.dblclick();
  await row(free.title).locator(".note.good", { hasText: "It is yours: due" }).waitFor();
  assert.equal((await librarian.get(`/api/borrowing/v1/loans?member_card=${card}&status=open`)).items.length, 1, "a double click borrows once");
  assert.equal((await row(free.title).boundingBox())?.y, before?.y);
  await accessible(page, "results with a title borrowed");
  await picture(page, "results-borrowed");
  await open(`/search?q=${encodeURIComponent(out.title)}`);
  await row(out.title).getByRole("button", { name: `Place a hold ${out.title}` }).click();
  await page.waitForFunction(() => document.activeElement?.matches(".row-lend select"), undefined, { timeout: 5000 }); // where to pick it up is asked, and has the focus
  await accessible(page, "results with a hold to be placed");
  await picture(page, "results-hold");
  await row(out.title).getByRole("button", { name: "Place a hold" }).click();
  await row(out.title).locator(".note.good", { hasText: "You are number 1" }).waitFor();

  const { items } = await librarian.get(`/api/borrowing/v1/items?book_id=${free.book_id}`);
  const left = items.filter((/** @type {{status: string}} */ { status }) => status === "available");
  const second = await newReader(browser, librarian, "Lâm Mượn Chậm");
  await second.open(`/books/${free.book_id}`);
  await second.page.locator("#borrow button").click();
  await second.page.locator("#borrow .note.good").waitFor();
  await second.page.waitForFunction((n) => document.querySelectorAll("#copies .status.in").length === n, left.length - 1);
  calm();
  second.calm();
  await second.close();
  await close();
  for (const { barcode } of [...items, ...copiesOf]) await librarian.post("/api/borrowing/v1/check-ins", { barcode });
});

test("covers are drawn when a reader comes near, and all of them on paper", async () => {
  const { page, open, calm, close } = await reader(browser);
  await open("/search?q=the");
  const bare = () => page.locator(".row bv-cover:empty").count();
  const all = await page.locator(".row bv-cover").count();
  await page.locator(".row").first().locator("bv-cover > svg").waitFor();
  assert.ok(all > 12 && (await bare()) > 0 && (await bare()) < all, `${await bare()} of ${all} wait`);
  await page.locator(".row").last().scrollIntoViewIfNeeded();
  await page.locator(".row").last().locator("bv-cover > svg").waitFor();
  await open("/search?q=the");
  await page.locator(".row bv-cover > svg").first().waitFor();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.equal(await bare(), 0);
  calm();
  await close();
});

test("a page stands without what is drawn on its covers", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [404] });
  await page.route(/cover-drawing/, (route) => route.fulfill({ status: 404 }));
  await open("/search?q=the");
  assert.ok((await page.locator(".row bv-cover:empty").count()) > 12);
  await page.locator(".row h2 a").first().click();
  await page.locator(".title bv-cover:empty").waitFor();
  calm();
  await close();
});
