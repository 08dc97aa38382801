// lists.test.mjs: the desk's lists by scanner: what is fetched is kept or sent, what nobody fetches is cleared, an unknown barcode becomes a copy, an outage is explained.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, PHONE, picture, reader, settled, signIn, WIDE } from "../browser.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
/** @type {Awaited<ReturnType<typeof reader>>} */
let desk;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
  desk = await reader(browser, { expected: [404, 409] });
  await desk.open("/sign-in?next=/desk");
  await signIn(desk.page, "desk");
});
after(() => browser.close());

/** Types as a scanner does. @param {string} code */
async function scan(code) {
  await desk.page.keyboard.type(code);
  await desk.page.keyboard.press("Enter");
}
const line = (/** @type {number} */ i) => desk.page.locator(".scan").nth(i);
const row = (/** @type {string} */ barcode) => desk.page.locator(`tr[data-barcode="${barcode}"]`);

test("a hold is pulled, waits with a slip that names nobody, is given up, and is cleared", async () => {
  const { page, open, calm } = desk;
  const member = await newMember(librarian, "Châu Thị Đợi");
  const [copy] = await freeCopies(librarian, 1, 130);
  const hold = await librarian.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: copy.book_id, pickup_branch: copy.branch });
  await page.evaluate((branch) => localStorage.setItem("bookvault.desk.branch", branch), copy.branch);
  await open("/desk/pull-list");
  const pulled = page.locator("#list tr", { hasText: copy.title }).first();
  const barcode = (await pulled.getAttribute("data-barcode")) ?? "";
  assert.match((await pulled.textContent()) ?? "", new RegExp(`card ending ${member.card.slice(-4)}`));
  await accessible(page, "the pull list");
  await picture(page, "pull-list");
  await scan(`]C1${barcode}`);
  await line(0).locator(".words", { hasText: "put it on the hold shelf" }).waitFor();
  await row(barcode).waitFor({ state: "detached" });

  await page.evaluate(() => (window.print = () => {})); // paper is looked at below
  await line(0).getByRole("button", { name: "Print slip" }).click();
  await page.emulateMedia({ media: "print" });
  const slip = await page.locator(".slip").innerText();
  assert.match(slip, new RegExp(`····${member.card.slice(-4)}`));
  assert.ok(!slip.includes(member.card) && !slip.includes("Châu"), "neither the whole card nor a name");
  assert.equal(await page.locator("main").isVisible(), false, "only the slip is printed");
  await picture(page, "slip");
  await page.emulateMedia({ media: "screen" });
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));

  await page.getByRole("link", { name: "Hold shelf" }).click();
  await page.waitForURL("**/desk/hold-shelf");
  await settled(page);
  await row(barcode).getByRole("button", { name: "Print slip" }).waitFor();
  await librarian.remove(`/api/borrowing/v1/holds/${hold.id}`); // the member thinks better of it
  await open("/desk/hold-shelf");
  const clear = page.locator("section", { hasText: "To clear" });
  assert.match((await clear.locator(`tr[data-barcode="${barcode}"]`).textContent()) ?? "", /the hold was given up/);
  await accessible(page, "the hold shelf");
  await picture(page, "hold-shelf");
  await scan(barcode);
  await row(barcode).waitFor({ state: "detached" });
  assert.equal((await librarian.get(`/api/borrowing/v1/items/${barcode}`)).status, "available");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "scan", "the focus is where the next scan goes");
  calm();
});

test("what is not found is missing; what is to be fetched elsewhere travels, and arrives by a scan", async () => {
  const { page, open, calm } = desk;
  const { items: places } = await librarian.get("/api/borrowing/v1/branches");
  const member = await newMember(librarian, "Tô Chi Nhánh");
  const [copy] = await freeCopies(librarian, 1, 140);
  const other = places.find((/** @type {{code: string}} */ { code }) => code !== copy.branch);
  await librarian.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: copy.book_id, pickup_branch: other.code });
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode, branch: copy.branch });
  await page.evaluate((branch) => localStorage.setItem("bookvault.desk.branch", branch), other.code);
  await open("/desk/transit");
  await row(copy.barcode).waitFor();
  await accessible(page, "the transit list");
  await scan(copy.barcode);
  await line(0).locator(".words", { hasText: "put it on the hold shelf" }).waitFor();
  await row(copy.barcode).waitFor({ state: "detached" });

  const [gone] = await freeCopies(librarian, 1, 145);
  await librarian.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: gone.book_id, pickup_branch: gone.branch });
  await page.evaluate((branch) => localStorage.setItem("bookvault.desk.branch", branch), gone.branch);
  await open("/desk/pull-list");
  const wanted = page.locator("#list tr", { hasText: gone.title }).first();
  const barcode = await wanted.getAttribute("data-barcode");
  await wanted.getByRole("button", { name: "Not found" }).click();
  await row(barcode ?? "").waitFor({ state: "detached" });
  assert.equal((await librarian.get(`/api/borrowing/v1/items/${barcode}`)).status, "missing");
  calm();
});

test("what a member says they returned is listed with its shelf mark, and leaves the list when it is found", async () => {
  const { page, open, calm } = desk;
  const member = await newMember(librarian, "Sử Đã Trả");
  const [copy] = await freeCopies(librarian, 1, 155);
  await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode: copy.barcode, branch: copy.branch });
  await librarian.post(`/api/borrowing/v1/items/${copy.barcode}/claimed-returned`, {});
  const { call_number: mark } = await librarian.get(`/api/borrowing/v1/items/${copy.barcode}`);
  await page.evaluate((branch) => localStorage.setItem("bookvault.desk.branch", branch), copy.branch);
  await open("/desk/claims");
  assert.match((await row(copy.barcode).textContent()) ?? "", new RegExp(`${mark.replaceAll(".", "\\.")}.*${member.card}.*today`, "s"));
  await accessible(page, "claims");
  await picture(page, "claims");
  await scan(copy.barcode);
  await row(copy.barcode).waitFor({ state: "detached" });
  await line(0).locator(".sign", { hasText: "OK" }).waitFor();
  assert.deepEqual((await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`)).items, []);
  calm();
});

test("an unknown barcode becomes a copy on the spot, and is lent at once", async () => {
  const { page, open, calm } = desk;
  const member = await newMember(librarian, "Quách Sách Lạ");
  const { items } = await librarian.get("/api/catalog/v1/books?q=truyen+kieu&limit=1");
  const code = `NEW${Date.now()}`;
  await open("/desk");
  await scan(member.card);
  await scan(code);
  await line(0).locator("summary", { hasText: "Add it as a copy" }).click();
  await page.getByLabel("Of which title?").fill("truyen kieu");
  await page.keyboard.press("Enter");
  await line(0).getByRole("radio").first().waitFor();
  await page.getByLabel("Shelf mark").fill("895.922 <b>NGU</b>");
  await accessible(page, "the desk with an unknown barcode");
  await picture(page, "desk-add-copy");
  await page.getByRole("button", { name: "Add the copy" }).click();
  await line(0).locator(".sign", { hasText: "OK" }).waitFor();
  assert.equal(await line(0).locator(".name").textContent(), items[0].title);
  assert.equal((await librarian.get(`/api/borrowing/v1/items/${code}`)).status, "checked_out");
  calm();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: code });
});

test("after an outage every scan is told for itself: what the rules say against it, and what cannot have been", async () => {
  const { context, page, open } = desk;
  const member = await librarian.post("/api/members/v1/members", { name: "Kha Mất Sóng", category: "adult", expires_on: "2020-01-31" });
  const copies = await freeCopies(librarian, 2, 150);
  await open("/desk");
  await scan(member.card);
  await line(0).locator(".sign", { hasText: "NOTE" }).waitFor();
  await context.setOffline(true);
  await scan(copies[0].barcode);
  await page.locator(".scan.held").waitFor();
  await scan(copies[1].barcode);
  await context.setOffline(false);
  await page.waitForFunction(() => document.querySelectorAll(".scan.waiting, .scan.held").length === 0);
  // the second was scanned while it was known that there was no connection: it is told with its time, and what policy says is kept beside it
  assert.match((await line(0).textContent()) ?? "", /OK.*Recorded all the same, against:.*membership has run out/s);
  // the first was sent, and may have arrived: it stands refused until somebody says that the book has left
  assert.match((await line(1).textContent()) ?? "", /NO.*while it could not be recorded.*membership has run out/s);
  await picture(page, "desk-after-outage");
  await accessible(page, "the desk after an outage");
  await line(1).getByRole("button", { name: "The book has left: record it" }).click();
  await line(1).locator(".sign", { hasText: "OK" }).waitFor();
  const { items } = await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`);
  assert.equal(items.length, 2);
  await open("/desk/exceptions");
  assert.equal(await page.locator("tr", { hasText: member.card }).count(), 2);
  await accessible(page, "exceptions");
  await picture(page, "exceptions");
  for (const { barcode } of copies) await librarian.post("/api/borrowing/v1/check-ins", { barcode });
});

for (const [locale, viewport, words] of /** @type {const} */ ([["en-GB", WIDE, { do: "Told", done: "told at the desk" }], ["vi-VN", PHONE, { do: "Đã báo", done: "đã báo tại quầy" }]])) {
  test(`a letter that nobody could be sent is told at the desk (${locale})`, async () => {
    const member = await newMember(librarian, "Thái Không Thư");
    const [copy] = await freeCopies(librarian, 1, 135);
    await librarian.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: copy.book_id, pickup_branch: copy.branch });
    await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode, branch: copy.branch });
    const letters = async () => (await librarian.get(`/api/borrowing/v1/notices?member_card=${member.card}`)).items.length;
    for (let left = 100; (await letters()) === 0; left--) {
      assert.ok(left > 0, "no letter was written");
      await new Promise((done) => setTimeout(done, 100));
    }
    const { page, open, calm, close } = await reader(browser, { viewport, locale });
    await open("/sign-in?next=/desk/notices");
    await signIn(page, "desk");
    await accessible(page, "notices");
    await picture(page, `notices-${locale}`);
    const letter = page.locator("tr", { hasText: member.card });
    await letter.getByRole("button", { name: words.do }).click();
    await letter.locator(".status-cell", { hasText: words.done }).waitFor();
    if (locale === "vi-VN") await speaksVietnamese(page, "a letter that was told");
    calm();
    await close();
  });
}
