// keyboard.test.mjs: a reader does all of it by keyboard alone; every stop shows the focus, and no action loses it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newMember, picture, reader } from "../browser.mjs";
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

test("a reader searches, narrows, waits for a title, borrows, renews and gives up", async () => {
  const password = "by keyboard alone";
  const { card } = await librarian.post("/api/members/v1/members", { name: "Phím Một Mình", category: "adult", password });
  const [free, out] = await freeCopies(librarian, 2, 70);
  const { items } = await librarian.get(`/api/borrowing/v1/items?book_id=${out.book_id}`);
  const other = await newMember(librarian, "Bùi Mượn Trước");
  for (const { barcode, status } of items) if (status === "available") await librarian.post("/api/borrowing/v1/loans", { member_card: other.card, barcode });

  const { page, open, calm, close } = await reader(browser, { expected: [409] });
  const { isAt, kept, tabTo, backTo, press, type, follow, signIn } = keyboard(page);
  await open("/search");
  await tabTo(/./);
  await isAt(/^a Skip to the page/, "the first stop skips to the page");
  await picture(page, "keyboard-skip");
  await press("Enter");
  await isAt(/^main/);
  await tabTo(/./);
  assert.ok(await page.evaluate(() => document.activeElement?.closest("main")), "and Tab goes on from there");

  await press("/");
  await isAt(/^input Search/);
  await type("truyen k");
  const options = page.locator("bv-search.in-header [role=option]");
  await options.first().waitFor();
  await press("ArrowDown", "Escape");
  assert.equal(await options.first().isVisible(), false, "Escape closes the suggestions");
  await type("i");
  await options.first().waitFor();
  await press("ArrowUp", "ArrowDown", "ArrowDown");
  assert.equal(await page.locator("bv-search.in-header [aria-selected=true]").count(), 1);
  await press("Enter");
  await page.waitForURL((url) => url.pathname !== "/search" || url.search !== "");
  await kept("taking a suggestion");
  await isAt(/^h1/, "the focus follows to the new page");

  await press("/");
  await page.keyboard.press("Control+A");
  await type(out.title);
  await press("Enter");
  await page.waitForURL("**/search?q=*");
  await kept("searching");
  await tabTo(/^input Available now/);
  await press("Space");
  await page.waitForURL("**/search?*available=true*");
  await kept("filtering");
  await isAt(/^input Available now/, "the focus stays on the filter");
  await press("Space");
  await page.waitForURL((url) => !url.searchParams.has("available"));
  await kept("filtering");
  await tabTo(/^select Sort/);
  await press("ArrowDown");
  await page.waitForURL("**/search?*sort=title*");
  await kept("sorting");
  await isAt(/^select Sort/);

  await follow(new RegExp(`^a ${exactly(out.title)}`), "**/books/*");
  await isAt(/^h1/);
  await follow(/^a Sign in to place a hold/, (url) => url.pathname === "/sign-in");
  await signIn({ card, password });
  await page.locator("#borrow form").waitFor();
  await tabTo(/^button Place a hold/);
  await press("Space");
  await page.locator("#borrow .note.good").waitFor();
  await isAt(/^p You are number 1/, "the answer is read, and Tab goes on from there");
  await follow(/^a My library/, "**/loans");
  await tabTo(/^summary Change/);
  await press("Enter");
  await tabTo(/^select Pick up at/);
  await press("ArrowDown");
  await tabTo(/^button Save/);
  await press("Enter");
  await page.locator("bv-toast", { hasText: "Saved" }).waitFor();
  await kept("changing a hold");
  await page.waitForFunction(() => document.activeElement?.closest("bv-hold"));
  await tabTo(/^button Cancel/);
  await picture(page, "keyboard-loans");
  await press("Enter");
  await page.getByText("Cancelled").waitFor();
  await isAt(/^p Cancelled/, "the button is gone, its answer has the focus");

  await press("/");
  await type(free.title);
  await press("Enter");
  await page.waitForURL("**/search?q=*");
  await kept("searching");
  await follow(new RegExp(`^a ${exactly(free.title)}`), "**/books/*");
  await page.locator("#borrow form").waitFor();
  await tabTo(/^button Borrow/);
  await press("Enter");
  await page.locator("#borrow .note.good").waitFor();
  await follow(/^a My library/, "**/loans");
  await tabTo(/^button Renew/);
  await press("Enter");
  await page.locator(".answer .note").first().waitFor();
  await isAt(/^button Renew/);
  await backTo(/^button Tiếng Việt/);
  await press("Enter");
  await page.locator("h1", { hasText: "Thư viện của tôi" }).waitFor();
  await isAt(/^button English/, "the focus stays where the language is chosen");
  calm();
  await close();
  for (const { barcode } of [...items, free]) await librarian.post("/api/borrowing/v1/check-ins", { barcode });
});
