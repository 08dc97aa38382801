// patron.test.mjs: a reader searches with and without accents, looks at a title, signs in, borrows, renews, signs out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, PHONE, picture, reader, settled, signIn, signInOf, URL_, WIDE } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("searching finds the same with and without accents, and forgives a slip", async () => {
  const { page, open, calm, close } = await reader(browser);
  await open("/");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "q", "the box has the focus");
  await page.keyboard.type("truyen kieu", { delay: 15 });
  await page.locator("bv-search.large [role=option]", { hasText: "Truyện Kiều" }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/search?q=truyen%20kieu");
  await settled(page);
  const first = await page.locator(".row h2").first().textContent();
  assert.equal(first, "Truyện Kiều");
  await page.keyboard.press("/");
  await page.keyboard.insertText("truyện kiều");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("q") === "truyện kiều");
  await settled(page);
  assert.equal(await page.locator(".row h2").first().textContent(), first);
  await open("/search?q=truyn%20kieu");
  assert.equal(await page.locator(".row h2").first().textContent(), first, "a letter left out");
  assert.equal(await page.locator(".corrected").count(), 1, "and the page says so");
  calm();
  await close();
});

test("the front page says how many titles there are, and is found again as it was left", async () => {
  const statistics = async () => (await (await fetch(`${URL_}/api/catalog/v1/statistics?genres=1`)).json()).all;
  let all = await statistics();
  for (let left = 100; all.titles === 0; left--) { // they are made soon after a library has begun
    assert.ok(left > 0, "no statistics were made");
    await new Promise((done) => setTimeout(done, 200));
    all = await statistics();
  }
  const { page, open, calm, close } = await reader(browser, { viewport: PHONE });
  await open("/");
  await page.locator("#size:not(:empty)").waitFor();
  assert.equal(await page.locator("#size").textContent(), `${all.titles.toLocaleString("en")} titles on the shelves`);
  await page.locator(".drawers a").nth(8).scrollIntoViewIfNeeded();
  await page.waitForTimeout(250); // where a reader is, is kept with the history once they stand still
  const at = await page.evaluate(() => scrollY);
  assert.ok(at > 200);
  await page.locator(".drawers a").nth(8).click();
  await page.waitForURL("**/search?genre=*");
  await settled(page);
  await page.goBack();
  await page.locator(".drawers").waitFor();
  assert.ok(Math.abs((await page.evaluate(() => scrollY)) - at) < 5, "at the same height");
  calm();
  await close();
});

test("filters narrow, the address says so, back goes back to the same place", async () => {
  const { page, open, calm, close } = await reader(browser);
  await open("/search");
  const all = await page.locator(".results-head p").textContent();
  await page.getByRole("button", { name: "Show more" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".row").length === 48);
  await page.evaluate(() => scrollTo(0, 2500));
  await page.waitForTimeout(250);
  const [address, at] = [page.url(), await page.evaluate(() => scrollY)];
  const link = page.locator(".row h2 a").nth(18);
  const title = await link.textContent();
  await link.click();
  await page.waitForURL("**/books/*");
  await settled(page);
  assert.equal(await page.locator("h1").textContent(), title);
  await page.goBack();
  await page.waitForURL(address);
  await settled(page);
  assert.equal(await page.locator(".row").count(), 48, "as many rows as before");
  assert.ok(Math.abs((await page.evaluate(() => scrollY)) - at) < 5, "at the same height");
  await page.evaluate(() => scrollTo(0, 0));
  await page.locator(".facets details summary").first().click();
  await page.locator(".facets details[open] li").first().waitFor(); // the rest of a long list of filters
  await page.locator(".facets label", { hasText: "Poetry" }).click();
  await page.waitForURL("**/search?genre=Poetry");
  await settled(page);
  const poems = await page.locator(".results-head p").textContent();
  assert.notEqual(poems, all);
  assert.equal(await page.locator("h1").textContent(), "Poetry");
  await page.selectOption("#sort", "title");
  await page.waitForURL("**/search?genre=Poetry&sort=title");
  await settled(page);
  assert.equal(await page.locator(".results-head p").textContent(), poems, "another order, the same titles");
  calm();
  await close();
});

for (const [name, viewport] of /** @type {const} */ ([["wide", WIDE], ["phone", PHONE]])) {
  test(`a reader signs in from a title, borrows it, renews, signs out (${name})`, async () => {
    const librarian = await hand("librarian");
    const [copy] = await freeCopies(librarian, 1, name === "wide" ? 60 : 61);
    const { page, open, calm, close } = await reader(browser, { viewport, expected: [409] });
    await open(`/books/${copy.book_id}`);
    assert.equal(await page.locator("h1").textContent(), copy.title);
    await page.getByRole("link", { name: "Sign in to borrow" }).click();
    await page.waitForURL((url) => url.pathname === "/sign-in");
    await settled(page);
    await signIn(page, "patron");
    assert.equal(new URL(page.url()).pathname, `/books/${copy.book_id}`, "back where the reader was");
    await page.getByRole("button", { name: "Borrow" }).dblclick(); // a double click is one wish
    await page.locator("#borrow .note.good").waitFor();
    assert.match((await page.locator("#borrow .note.good").textContent()) ?? "", /^It is yours: due \w+day, \d+ \w+( \d{4})? \(in \d+ days\)\./);
    await picture(page, `borrowed-${name}`);
    await page.locator("#borrow").getByRole("link", { name: "My library" }).click();
    await page.waitForURL("**/loans");
    await settled(page);
    const row = page.locator("bv-loan", { hasText: copy.title });
    assert.equal(await row.count(), 1);
    const due = await row.locator(".when").textContent();
    await row.getByRole("button", { name: "Renew" }).click();
    await row.locator(".answer .note").waitFor();
    const renewed = (await row.locator(".note.good").count()) === 1;
    if (renewed) assert.match((await row.locator(".when").textContent()) ?? "", /renewed once/);
    else assert.equal(await row.locator(".when").textContent(), due, "refused: the date stands, and the reason is told");
    assert.doesNotMatch((await row.locator(".answer").textContent()) ?? "", /_/, "in words, not in codes");
    await picture(page, `loans-${name}`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${URL_}/`);
    await page.getByRole("link", { name: "Sign in" }).waitFor();
    calm();
    await close();
    await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
  });
}

test("a reader waits for a title that is out, sees the place in the queue, gives it up", async () => {
  const librarian = await hand("librarian");
  const [copy] = await freeCopies(librarian, 1, 63);
  const { items } = await librarian.get(`/api/borrowing/v1/items?book_id=${copy.book_id}`);
  const other = await newMember(librarian, "Bùi Mượn Hết");
  for (const { barcode, status } of items) {
    if (status === "available") await librarian.post("/api/borrowing/v1/loans", { member_card: other.card, barcode });
  }
  const { page, open, calm, close } = await reader(browser);
  await open(`/sign-in?next=/books/${copy.book_id}`);
  await signIn(page, "patron");
  assert.match((await page.locator("bv-availability").textContent()) ?? "", /^(All \d+ copies are|The only copy is) out/);
  assert.equal(await page.getByRole("button", { name: "Borrow" }).count(), 0);
  await page.getByRole("button", { name: "Place a hold" }).dblclick();
  await page.locator("#borrow .note.good", { hasText: "You are number 1 in the queue; it will wait for you at " }).waitFor();
  await page.locator("bv-availability", { hasText: "1 waiting" }).waitFor();
  await picture(page, "held");
  await open("/loans");
  const row = page.locator("bv-hold", { hasText: copy.title });
  assert.equal(await row.count(), 1, "a double click makes one hold");
  assert.match((await row.textContent()) ?? "", /Number 1 of 1 in the queue for \d+ cop(y|ies), to pick up at /);
  await picture(page, "holds");
  await accessible(page, "loans with a hold");
  await page.route("**/api/borrowing/v1/holds/*", async (route) => {
    const response = await route.fetch();
    await page.waitForTimeout(500); // the news of it overtakes the answer
    await route.fulfill({ response });
  });
  await row.getByRole("button", { name: "Cancel" }).click();
  await page.locator("bv-toast", { hasText: "Cancelled" }).waitFor();
  assert.equal(await row.count(), 0, "and the page has it no more");
  const left = await librarian.get(`/api/borrowing/v1/availability?book_ids=${copy.book_id}`);
  assert.equal(left.items[0].holds, 0);
  calm();
  await close();
  for (const { barcode } of items) await librarian.post("/api/borrowing/v1/check-ins", { barcode });
});

test("a wrong password is told kindly, and nothing else is given away", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [401] });
  await open("/sign-in");
  await page.keyboard.press("Enter");
  assert.match((await page.locator("#wrong").textContent()) ?? "", /Enter your card number/);
  await page.keyboard.type(signInOf("patron").card);
  await page.keyboard.press("Tab");
  await page.keyboard.type("not the password");
  await page.keyboard.press("Enter");
  await page.locator("#wrong", { hasText: "is not right" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "password", "the focus is where it is mended");
  await picture(page, "sign-in-wrong");
  calm();
  await close();
});

test("a limit that is reached is refused with its reason", async () => {
  const librarian = await hand("librarian");
  const member = await newMember(librarian, "Trần Thử Hạn Mức");
  const copies = await freeCopies(librarian, 40, 80);
  /** @type {string | undefined} */
  let refused;
  for (const { barcode } of copies) {
    try {
      await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode });
    } catch (error) {
      refused = String(error);
      break;
    }
  }
  assert.match(refused ?? "no limit was met", /409 .*loan_limit_reached/);
});
