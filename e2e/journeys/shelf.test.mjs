// shelf.test.mjs: what a reader recognises: the words searched for, a book by its cover, copies by branch; and all loans renewed at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, newReader, PHONE, picture, reader } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("the words of a search are marked, with or without accents; a book has the same cover wherever it stands", async () => {
  const { page, open, calm, close } = await reader(browser);
  const cover = async () => (await page.locator("main bv-cover > svg").first().innerHTML()).replace(/\s+/g, " ");
  await open("/search?q=truyen%20kieu");
  assert.deepEqual(await page.locator(".row").first().locator("h2 mark").allTextContents(), ["Truyện", "Kiều"]);
  const first = await cover();
  const drawn = await page.locator(".row bv-cover > svg").evaluateAll((all) => all.map((one) => one.innerHTML));
  assert.equal(new Set(drawn).size, drawn.length, "no two of them look alike");
  await page.locator(".row h2 a").first().click();
  await page.waitForURL("**/books/*");
  await page.locator(".title bv-cover > svg").waitFor();
  assert.equal(await cover(), first);
  calm();
  await close();
  const elsewhere = await reader(browser, { viewport: PHONE, locale: "vi-VN", scheme: "dark" });
  await elsewhere.open("/search?q=truyen%20kieu");
  assert.equal((await elsewhere.page.locator("main bv-cover > svg").first().innerHTML()).replace(/\s+/g, " "), first, "on every machine");
  await elsewhere.close();
});

test("what can be searched for is read to its end in every box of a phone", async () => {
  for (const locale of ["en-GB", "vi-VN"]) {
    const { page, open, calm, close } = await reader(browser, { viewport: { ...PHONE, width: 320 }, locale });
    for (const path of ["/", "/search"]) {
      await open(path);
      const room = await page.locator("main bv-search input").evaluate((box) => {
        const input = /** @type {HTMLInputElement} */ (box);
        const { font, paddingLeft, paddingRight } = getComputedStyle(input);
        const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
        pen.font = font;
        return input.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - pen.measureText(input.placeholder).width;
      });
      assert.ok(room >= 0, `${path} (${locale}) lacks ${-room} px`);
    }
    calm();
    await close();
  }
});

test("the copies of a title stand branch by branch, with the day when each is back", async () => {
  const { items: places } = await librarian.get("/api/borrowing/v1/branches");
  const { id } = await librarian.post("/api/catalog/v1/books", { title: "Đứng theo chi nhánh", authors: [{ name: "Người Xếp Giá" }] });
  const codes = [1, 0, 1, 0].map((_, i) => `SHELF${Date.now()}${i}`);
  for (const [i, at] of [1, 0, 1, 0].entries()) await librarian.post("/api/borrowing/v1/items", { book_id: id, barcode: codes[i], branch: places[at].code, call_number: `895 ${i}` });
  const { card } = await newMember(librarian, "Đang Mượn Một");
  await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode: codes[0], branch: places[1].code });
  const { page, open, calm, close } = await reader(browser);
  await open(`/books/${id}`);
  const rows = await page.locator("#copies tbody tr").evaluateAll((all) => all.map((one) => [...one.querySelectorAll("td")].map((cell) => (cell.textContent ?? "").trim())));
  const named = [places[0].name, places[1].name].sort((a, b) => a.localeCompare(b, "en"));
  assert.deepEqual(rows.map(([where]) => where), [named[0], named[0], named[1], named[1]]);
  assert.equal(rows.filter(([, mark, status]) => mark === "895 0" && /^On loan due \w+day, .* \(in \d+ days\)$/.test(status.replace(/\s+/g, " "))).length, 1, JSON.stringify(rows));
  calm();
  await close();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: codes[0], branch: places[1].code });
});

test("all loans are renewed at once; what cannot be has its reason beside it", async () => {
  const copies = await freeCopies(librarian, 2, 192);
  const { page, open, calm, close, card } = await newReader(browser, librarian, "Gia Hạn Hết", { expected: [409] });
  const [spent] = await Promise.all(copies.map(({ barcode, branch }) => librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode, branch })));
  for (let more = true; more; ) more = await librarian.post(`/api/borrowing/v1/loans/${spent.id}/renewals`).then(() => true, (error) => assert.match(String(error), /409/) ?? false);
  await open("/loans");
  await page.getByRole("button", { name: "Renew all" }).dblclick();
  await page.locator("#said", { hasText: "1 of 2 renewed" }).waitFor();
  const row = (/** @type {string} */ title) => page.locator("bv-loan", { hasText: title });
  assert.match((await row(copies[0].title).locator(".note.bad").textContent()) ?? "", /renewed as often as the rules allow/);
  assert.match((await row(copies[1].title).textContent()) ?? "", /renewed once/);
  await accessible(page, "loans renewed at once");
  await picture(page, "loans-renewed");
  calm();
  await close();
  for (const { barcode, branch } of copies) await librarian.post("/api/borrowing/v1/check-ins", { barcode, branch });
});
