// still.test.mjs: no page moves while its answers come, however late: each is opened anew, on a desk or a phone, by somebody who is signed in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newReader, PHONE, reader, settled, signIn, WIDE } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

/**
 * Opens pages one after the other and tells which of them moved, and what moved there.
 * @param {import("playwright-core").Page} page
 * @param {(path: string) => Promise<void>} open
 * @param {string[]} paths
 */
async function moving(page, open, paths) {
  await page.addInitScript(() => {
    const moved = (/** @type {any} */ (window).moved = /** @type {string[]} */ ([]));
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of /** @type {any[]} */ (list.getEntries())) {
        if (!hadRecentInput && value > 0.001) moved.push(`${value.toFixed(4)} ${sources.map((/** @type {{node?: Node}} */ { node }) => (node instanceof Element ? node.outerHTML.slice(0, 60) : node?.textContent)).join(", ")}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.route("**/api/**", async (route) => {
    if (!route.request().url().includes("/events")) await new Promise((done) => setTimeout(done, 120));
    await route.continue().catch(() => {}); // the page has gone on
  });
  /** @type {string[]} */
  const found = [];
  for (const path of paths) {
    await open(path);
    await page.waitForTimeout(200);
    found.push(...(await page.evaluate(() => /** @type {any} */ (window).moved)).map((/** @type {string} */ what) => `${path}: ${what}`));
  }
  await page.unrouteAll({ behavior: "ignoreErrors" });
  return found;
}

const STAFF = ["/desk", "/desk/pull-list", "/desk/hold-shelf", "/desk/transit", "/desk/claims", "/desk/notices", "/desk/exceptions", "/desk/reports", "/members?q=nguyen", "/members/patron", "/members/new", "/catalogue/new", "/catalogue/import", "/rules", "/calendar", "/house", "/audit", "/ops"];

for (const [name, viewport, half] of /** @type {const} */ ([["wide", WIDE, 0], ["phone", PHONE, 1]])) {
  test(`a reader's pages (${name})`, async () => {
    const copies = await freeCopies(librarian, 2, 167);
    const { page, open, calm, close, card } = await newReader(browser, librarian, "Đứng Yên", { viewport });
    for (const { barcode, branch } of copies) await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode, branch });
    assert.deepEqual(await moving(page, open, ["/", "/search?q=the", `/books/${copies[0].book_id}`, "/loans", "/charges", "/reading-lists", "/ratings", "/history", "/profile"]), []);
    calm();
    await close();
    for (const { barcode, branch } of copies) await librarian.post("/api/borrowing/v1/check-ins", { barcode, branch });
  });

  test(`the pages of the staff (${name})`, async () => {
    const [copy] = await freeCopies(librarian, 1, 169);
    const { page, open, calm, close } = await reader(browser, { viewport, expected: [401] });
    await open("/sign-in?next=/desk");
    await signIn(page, "administrator");
    await settled(page);
    assert.deepEqual(await moving(page, open, [`/books/${copy.book_id}/edit`, ...STAFF.filter((_, i) => i % 2 === half)]), []);
    calm();
    await close();
  });
}
