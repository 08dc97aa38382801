// title.test.mjs: what a title's page and a first visit weigh and move; more by the author, like it, cited and shared; what a crawler reads.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, PHONE, picture, reader, settled, URL_, weighed, WIDE } from "../browser.mjs";

// Bytes over the wire of a first visit at most, with the headers of every answer.
const MOST = 60 * 1024;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {any} */
let book;
before(async () => {
  browser = await launch();
  const librarian = await hand("librarian");
  book = (await librarian.get("/api/catalog/v1/books?q=truyen+kieu&limit=1")).items[0];
});
after(() => browser.close());

for (const [locale, viewport] of /** @type {const} */ ([["en-GB", WIDE], ["vi-VN", PHONE]])) {
  test(`a first visit weighs little, and nothing moves once it stands (${locale})`, async () => {
    for (const path of viewport === WIDE ? ["/", "/search?q=the", `/books/${book.id}`] : ["/", `/books/${book.id}`]) {
      const { page, open, calm, close } = await reader(browser, { locale, viewport });
      await page.addInitScript(() => {
        /** @type {any} */ (window).moved = 0;
        new PerformanceObserver((list) => {
          for (const entry of /** @type {any[]} */ (list.getEntries())) if (!entry.hadRecentInput) /** @type {any} */ (window).moved += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
      });
      const weight = await weighed(page);
      await open(path);
      await page.waitForTimeout(300);
      const bytes = weight();
      assert.ok(bytes > 20_000 && bytes <= MOST, `${path} weighs ${bytes} bytes`);
      const moved = await page.evaluate(() => /** @type {any} */ (window).moved);
      assert.ok(moved < 0.02, `${path} moved by ${moved}`);
      calm();
      await close();
    }
  });
}

test("a title is cited, and leads to its neighbours", async () => {
  const { context, page, open, calm, close } = await reader(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(`/books/${book.id}`);
  await page.getByText("Cite and share").click();
  await page.getByRole("button", { name: "Copy BibTeX" }).click();
  await page.locator("bv-toast", { hasText: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), new RegExp(`@book\\{bookvault${book.id},\\n  title = \\{Truyện Kiều\\},\\n  author = \\{Nguyễn Du\\}`));
  await page.locator("#more").scrollIntoViewIfNeeded();
  await page.locator("#more section").last().waitFor();
  await accessible(page, "a title with its neighbours");
  await picture(page, "title-neighbours", true);
  await page.locator("#more a").first().click();
  await page.waitForURL((url) => url.pathname !== `/books/${book.id}`);
  await settled(page);
  calm();
  await close();
});

test("a crawler that runs no scripts reads what a title is", async () => {
  const text = await (await fetch(`${URL_}/books/${book.id}`)).text();
  assert.match(text, /<title>Truyện Kiều · BookVault<\/title>/);
  assert.equal(JSON.parse(/<script type="application\/ld\+json">(.*?)<\/script>/s.exec(text)?.[1] ?? "{}").name, "Truyện Kiều");
  assert.equal((await fetch(`${URL_}/books/1`, { headers: { Accept: "text/html" } })).status, 404);
});
