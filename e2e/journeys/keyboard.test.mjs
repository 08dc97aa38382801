// keyboard.test.mjs: a reader does all of it by keyboard alone; every stop shows the focus, and no action loses it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newMember, newReader, picture, reader, URL_ } from "../browser.mjs";
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
  await isAt(new RegExp(`^a ${exactly(out.title)}`), "the page is drawn anew, the focus is on its title");
  await tabTo(/^button Cancel/);
  await picture(page, "keyboard-loans");
  await press("Enter");
  await page.locator("bv-toast", { hasText: "Cancelled" }).waitFor();
  await isAt(/^h1 /, "the button is gone with its hold; the page has the focus");

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

test("a reader changes their details and password, signs out elsewhere, and makes and revokes a key", async () => {
  const { page, open, calm, close, card, password } = await newReader(browser, librarian, "Phím Hồ Sơ");
  const { isAt, tabTo, backTo, press, type, write, kept } = keyboard(page);
  const said = async (/** @type {string} */ words) => {
    await page.locator("bv-toast", { hasText: words }).waitFor();
    await kept(words);
  };
  const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  await fetch(`${URL_}/api/members/v1/sessions`, { method: "POST", headers: { "Content-Type": "application/json", "User-Agent": agent }, body: JSON.stringify({ login: card, password }) });
  await open("/profile");
  await tabTo(/^input Email/);
  await write("phim@example.org");
  await tabTo(/^select Language/);
  await press("ArrowDown");
  await tabTo(/^button Save/);
  await press("Enter");
  await said("Saved");
  await isAt(/^button Save/);
  await tabTo(/^button Sign out there Firefox/);
  await press("Space");
  await said("Signed out there");
  await isAt(/^h2 Where you are signed in/, "the button is gone");
  await backTo(/^summary Change the password/);
  await press("Enter");
  await tabTo(/^input Present password/);
  await type(password);
  await tabTo(/^input New password/);
  await type("another reading room");
  await press("Enter");
  await said("The password is changed");
  await isAt(/^input New password/);
  await tabTo(/^input What for/);
  await type("my script");
  await press("Enter");
  await page.locator("#made code").waitFor();
  await isAt(/^p Copy it now/, "what is shown once is read at once");
  await picture(page, "keyboard-profile");
  await backTo(/^button Revoke my script/);
  await press("Space");
  await page.locator("[data-token]").waitFor({ state: "detached" });
  await isAt(/^h2 Keys for programs/, "the button is gone");
  assert.equal((await page.evaluate(() => fetch("/api/members/v1/tokens").then((answer) => answer.json()))).items.length, 0);
  calm();
  await close();
});
