// keyboard-desk.test.mjs: by keyboard alone what happens now and then: an outage at the desk, the receipt, undo, the book drop, a new member with a card, letters; a reader's hold is suspended, their history kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newMember, newReader, picture, reader, signInOf } from "../browser.mjs";
import { exactly, keyboard } from "../keyboard.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("an outage, the receipt, undo, the book drop, a new member, what was lent against the rules, a letter", async () => {
  const expired = await librarian.post("/api/members/v1/members", { name: "Ngô Phím Sóng", category: "adult", expires_on: "2020-01-31" });
  const waits = await newMember(librarian, "Khúc Phím Thư");
  const [copy, held] = await freeCopies(librarian, 2, 32);
  await librarian.post("/api/borrowing/v1/holds", { member_card: waits.card, book_id: held.book_id, pickup_branch: held.branch });
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: held.barcode, branch: held.branch });
  const { context, page, open, close } = await reader(browser, { expected: [404, 409] });
  const { isAt, kept, tabTo, backTo, press, type, follow, signIn } = keyboard(page);
  const scan = async (/** @type {string} */ code) => {
    await type(code);
    await press("Enter");
  };
  const first = page.locator(".scan").first();
  const done = (/** @type {string} */ sign) => first.locator(".sign", { hasText: sign }).waitFor();
  const words = (/** @type {string} */ some) => first.locator(".words", { hasText: some }).waitFor();
  await open("/sign-in?next=/desk");
  await signIn(signInOf("desk"));
  await isAt(/^input Scan/);
  await scan(expired.card);
  await done("NOTE");
  await context.setOffline(true);
  await scan(copy.barcode);
  await page.locator(".scan.held").waitFor();
  await context.setOffline(false);
  await done("NO");
  await tabTo(/^button The book has left: record it/);
  await press("Enter");
  await done("OK");
  await isAt(/^input Scan/);

  await page.evaluate(() => (window.print = () => document.body.setAttribute("data-printed", "")));
  await tabTo(/^button Print what is due/);
  await press("Enter");
  await page.locator("[data-printed]").waitFor();
  await isAt(/^input Scan/);
  await press("Control+z");
  await words("taken back");
  await isAt(/^input Scan/);

  await press("F4");
  await backTo(/^input From the book drop/);
  await press("Space");
  await tabTo(/^input Scan/);
  const drop = page.waitForRequest("**/api/borrowing/v1/check-ins");
  await scan(copy.barcode);
  assert.equal((await drop).postDataJSON().book_drop, true);
  await words("was not on loan");

  await press("F2");
  const card = `${Date.now()}`;
  await press("Escape");
  await scan(card);
  await done("NO");
  await tabTo(/^a New member with this card/);
  await press("Enter");
  await page.waitForURL(`**/members/new?card=${card}`);
  await kept("the way to a new member");
  await tabTo(/^input Name/);
  await type("Mới Bằng Phím");
  await press("Enter");
  await page.waitForURL(`**/members/${card}`);
  await kept("a new member");

  await follow(/^a Exceptions/, "**/desk/exceptions", "Shift+Tab");
  await follow(/^a Notices/, "**/desk/notices", "Shift+Tab");
  const told = new RegExp(`^button Told ${waits.card}`);
  for (let left = 100; (await librarian.get(`/api/borrowing/v1/notices?member_card=${waits.card}`)).items.length === 0; left--) {
    assert.ok(left > 0, "no letter was written");
    await page.waitForTimeout(100);
  }
  await follow(/^a All/, "**/desk/notices?status=all");
  await tabTo(told);
  await picture(page, "keyboard-letter");
  await press("Enter");
  await isAt(/^td told at the desk/);
  await close();
});

test("a hold is suspended, and the history kept and forgotten", async () => {
  const [copy] = await freeCopies(librarian, 1, 36);
  const { page, open, calm, close, card } = await newReader(browser, librarian, "Phím Tạm Ngưng");
  const hold = await librarian.post("/api/borrowing/v1/holds", { member_card: card, book_id: copy.book_id, pickup_branch: copy.branch });
  const { isAt, tabTo, press, type, follow } = keyboard(page);
  const said = (/** @type {string} */ words) => page.locator("bv-toast", { hasText: words }).waitFor();
  await open("/loans");
  await tabTo(/^summary Change/);
  await press("Enter");
  await tabTo(/^input Suspend until/);
  await type("01012099"); // the same in every order of day and month
  await press("Enter");
  await said("Saved");
  await page.locator(".when", { hasText: "Suspended until Thursday, 1 January 2099" }).waitFor();
  await isAt(new RegExp(`^a ${exactly(copy.title)}`));
  await follow(/^a History/, "**/history", "Shift+Tab");
  await tabTo(/^button Keep my history/);
  await press("Enter");
  await said("Your history is kept from now on");
  await isAt(/^button /, "the focus stays with what can be done now");
  await press("Enter");
  await page.getByRole("button", { name: "Keep my history from now on" }).waitFor();
  await isAt(/^button Keep my history/);
  calm();
  await close();
  await librarian.remove(`/api/borrowing/v1/holds/${hold.id}`);
});
