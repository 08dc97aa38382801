// title.test.mjs: what a title's page and a first visit weigh and move; more by the author, like it, cited and shared; what a crawler reads.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, PHONE, picture, reader, settled, URL_, weighed, WIDE } from "../browser.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

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

for (const [locale, viewport, words] of /** @type {const} */ ([["en-GB", WIDE, { open: "Cite and share", share: "Share…", copy: "Copy Address", copied: "Copied", not: "The browser did not allow it." }], ["vi-VN", PHONE, { open: "Trích dẫn và chia sẻ", share: "Chia sẻ…", copy: "Chép Địa chỉ", copied: "Đã chép", not: "Trình duyệt không cho phép." }]])) {
  test(`a title is shared by the device's own ways where it has them, and by its address where not (${locale})`, async () => {
    const { context, page, open, calm, close } = await reader(browser, { locale, viewport });
    const address = `${URL_}/books/${book.id}`;
    const share = page.getByRole("button", { name: words.share });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.addInitScript(() => {
      delete (/** @type {{share?: unknown}} */ (Navigator.prototype).share);
      const how = sessionStorage.getItem("share"); // what the device does when it is asked to share
      if (how === null) return;
      /** @type {any} */ (window).shared = [];
      Object.defineProperty(navigator, "share", { value: async (/** @type {ShareData} */ what) => (how ? Promise.reject(new DOMException("", how)) : /** @type {any} */ (window).shared.push(what)) });
    });
    /** Opens the title on a device that does so, or (null) has no way to share. @param {"" | "AbortError" | "NotAllowedError" | null} how */
    const unfolded = async (how) => {
      await page.evaluate((what) => (what === null ? sessionStorage.clear() : sessionStorage.setItem("share", what)), how);
      await open(`/books/${book.id}`);
      await page.getByText(words.open).click();
      await page.getByRole("button", { name: words.copy }).waitFor();
    };
    await open("/");
    await unfolded(null);
    assert.equal(await share.count(), 0, "no way to share, no button for it");
    await page.getByRole("button", { name: words.copy }).click();
    await page.locator("bv-toast", { hasText: words.copied }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address);

    await unfolded("");
    await accessible(page, `a title to be shared (${locale})`);
    if (locale === "vi-VN") await speaksVietnamese(page, "a title to be shared");
    await share.click();
    await page.waitForFunction(() => /** @type {any} */ (window).shared.length > 0);
    assert.deepEqual(await page.evaluate(() => /** @type {any} */ (window).shared), [{ title: "Truyện Kiều", url: address }]);
    await unfolded("NotAllowedError");
    await share.click();
    await page.locator("bv-toast", { hasText: words.not }).waitFor();
    await unfolded("AbortError");
    await share.click();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    assert.equal(await page.locator("bv-toast").textContent(), "", "a reader who thinks better of it is told nothing");
    calm();
    await close();
  });
}

test("a crawler that runs no scripts reads what a title is", async () => {
  const text = await (await fetch(`${URL_}/books/${book.id}`)).text();
  assert.match(text, /<title>Truyện Kiều · BookVault<\/title>/);
  assert.equal(JSON.parse(/<script type="application\/ld\+json">(.*?)<\/script>/s.exec(text)?.[1] ?? "{}").name, "Truyện Kiều");
  assert.equal((await fetch(`${URL_}/books/1`, { headers: { Accept: "text/html" } })).status, 404);
});
