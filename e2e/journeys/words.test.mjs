// words.test.mjs: both languages, chosen by the browser and kept; every journey by keyboard alone; hostile text is only text.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, PHONE, picture, reader, settled, signInOf, WIDE } from "../browser.mjs";

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

test("search, sign in, borrow and renew by keyboard alone", async () => {
  const librarian = await hand("librarian");
  const [copy] = await freeCopies(librarian, 1, 70);
  const { card, password } = signInOf("patron");
  const { page, open, calm, close } = await reader(browser, { expected: [409] });
  /** Tab until the element that has the focus reads so. @param {RegExp} words */
  const tabTo = async (words) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const text = await page.evaluate(() => {
        const at = document.activeElement;
        const seen = at && (at.matches(":focus-visible") || at.matches("input"));
        return seen ? `${at.tagName} ${at.getAttribute("aria-label") ?? at.textContent}` : "";
      });
      if (words.test(text)) return;
    }
    assert.fail(`no tab stop reads ${words}`);
  };
  await open("/search");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "skip", "the first stop skips to the page");
  await page.keyboard.press("/");
  await page.keyboard.type(copy.title);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/search?q=*");
  await settled(page);
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1", "the focus follows to the new page");
  await tabTo(new RegExp(`^A ${copy.title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`));
  await page.keyboard.press("Enter");
  await page.waitForURL("**/books/*");
  await settled(page);
  await tabTo(/^A Sign in to borrow/);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/sign-in");
  await settled(page);
  await page.keyboard.type(card);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/books/*");
  await settled(page);
  await tabTo(/^BUTTON Borrow/);
  await page.keyboard.press("Space");
  await page.locator("#borrow .note.good").waitFor();
  await tabTo(/^A My library/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/loans");
  await settled(page);
  await tabTo(/^BUTTON Renew /);
  await page.keyboard.press("Enter");
  await page.locator(".answer .note").first().waitFor();
  calm();
  await close();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
});

test("hostile titles show as text and break no layout", async () => {
  const librarian = await hand("librarian");
  const word = "Llanfairpwll".repeat(42).slice(0, 500);
  const hostile = [
    { title: `<img src=x onerror="document.title='owned'"> "'><script>alert(1)</script>`, authors: [{ name: `</a><b>O’Hostile ${Date.now()}` }] },
    { title: word, authors: [{ name: word.slice(0, 200) }] },
    { title: "\u202Eesrever ni ti daer\u202C ← שלום עליכם →", authors: [{ name: "كاتب مجهول" }] },
    { title: "🚀📚👩🏽‍🚀👨‍👩‍👧‍👦 🏴‍☠️", authors: [{ name: "Zoë Ǆ ﷽" }] },
    { title: "${7*7} {{7*7}} %s %00 &lt;b&gt; &amp;", authors: [{ name: "' OR 1=1 --" }] },
  ];
  const books = [];
  for (const one of hostile) {
    books.push(await librarian.post("/api/catalog/v1/books", { ...one, genres: ["<i>Genre</i>"], description: `${one.title}\n<iframe src="javascript:alert(1)">` }));
  }
  for (const viewport of [WIDE, PHONE]) {
    const { page, open, calm, close } = await reader(browser, { viewport });
    for (const [i, book] of books.entries()) {
      await open(`/books/${book.id}`);
      assert.equal((await page.locator("h1").textContent())?.trim(), book.title.trim());
      assert.equal(await page.locator("main :is(img, script, iframe, i)").count(), 0, "no element came from text");
      assert.doesNotMatch(await page.title(), /^owned/);
      await accessible(page, `the title ${i}`);
      await picture(page, `hostile-${i}-${viewport.width}`);
      await open(`/search?author=${book.authors[0].id}`);
      assert.equal((await page.locator(".row h2").first().textContent())?.trim(), book.title.trim());
    }
    await open(`/search?genre=${encodeURIComponent("<i>Genre</i>")}`);
    await accessible(page, "results full of hostile titles");
    await picture(page, `hostile-results-${viewport.width}`);
    await open("/");
    await accessible(page, "a shelf full of hostile titles");
    await picture(page, `hostile-shelf-${viewport.width}`);
    calm();
    await close();
  }
});
