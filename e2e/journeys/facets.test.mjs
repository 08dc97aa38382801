// facets.test.mjs: results narrowed by the year, and on a phone, where the filters are folded away, by keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, PHONE, picture, reader, settled, WIDE } from "../browser.mjs";
import { keyboard } from "../keyboard.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

const YEARS = "/search?year_from=1900&year_to=1950";

/** @type {import("playwright-core").Browser} */
let browser;
/** The first titles of 1900 to 1950, as the library finds them. @type {{title: string, published_year: number}[]} */
let found;
before(async () => {
  browser = await launch();
  const librarian = await hand("librarian");
  ({ items: found } = await librarian.get("/api/catalog/v1/books?year_from=1900&year_to=1950&limit=24"));
});
after(() => browser.close());

const WORDS = /** @type {const} */ ([
  ["en-GB", WIDE, { filters: "Filters", from: "From", to: "To", nothing: "Nothing found", all: "Search without the filters" }],
  ["vi-VN", PHONE, { filters: "Bộ lọc", from: "Từ", to: "Đến", nothing: "Không tìm thấy", all: "Tìm lại, bỏ các bộ lọc" }],
]);

for (const [locale, viewport, words] of WORDS) {
  test(`titles are narrowed to the years between two, or after one (${locale})`, async () => {
    const { page, open, calm, close } = await reader(browser, { locale, viewport });
    const [from, to] = [page.getByRole("spinbutton", { name: words.from }), page.getByRole("spinbutton", { name: words.to })];
    /** On a phone they are folded away in every new page. */
    const unfolded = async () => {
      if (viewport === PHONE) await page.locator(".facet-panel > summary").click();
    };
    const year = async (/** @type {import("playwright-core").Locator} */ box, /** @type {string} */ value, /** @type {string} */ address) => {
      await unfolded();
      await box.fill(value);
      await box.press("Tab");
      await page.waitForURL(`**${address}`);
      await settled(page);
    };
    await open("/search");
    const all = await page.locator(".results-head p").textContent();
    await year(from, "1900", "/search?year_from=1900");
    await year(to, "1950", YEARS);
    assert.ok(found.length > 3 && found.every(({ published_year }) => published_year >= 1900 && published_year <= 1950));
    assert.deepEqual(await page.locator(".row h2").allTextContents(), found.map(({ title }) => title));
    assert.notEqual(await page.locator(".results-head p").textContent(), all);
    assert.match((await page.locator(".facet-panel > summary").textContent()) ?? "", new RegExp(`^${words.filters} \\(2\\)$`));
    await unfolded();
    assert.deepEqual([await from.inputValue(), await to.inputValue()], ["1900", "1950"]);
    await accessible(page, `results of some years (${locale})`);
    await picture(page, `results-years-${locale}`);
    if (locale === "vi-VN") await speaksVietnamese(page, "results of some years");

    for (const [box, beyond] of /** @type {const} */ ([[from, "2099"], [to, "-5000"]])) {
      await box.fill(beyond);
      await box.press("Tab");
      assert.equal(await box.evaluate((input) => /** @type {HTMLInputElement} */ (input).checkValidity()), false, "no title can be of that year");
      assert.ok(page.url().endsWith(YEARS), "so nothing is asked");
    }
    await open(YEARS);
    await unfolded();
    await from.fill("");
    await from.press("Enter");
    await page.waitForURL("**/search?year_to=1950");
    await settled(page);
    await year(to, "-3999", "/search?year_to=-3999");
    await page.getByRole("heading", { name: words.nothing }).waitFor();
    await page.getByRole("link", { name: words.all }).click();
    await page.waitForURL("**/search");
    await settled(page);
    assert.equal(await page.locator(".results-head p").textContent(), all);
    calm();
    await close();
  });
}

test("on a phone the filters are unfolded, used and taken off by keyboard alone", async () => {
  const { page, open, calm, close } = await reader(browser, { viewport: PHONE });
  const { isAt, kept, tabTo, backTo, press, type } = keyboard(page);
  const panel = page.locator(".facet-panel");
  const isOpen = async (/** @type {boolean} */ open) => assert.equal(await panel.getAttribute("open"), open ? "" : null);
  await open("/search");
  await isOpen(false);
  await tabTo(/^summary Filters$/);
  await press("Enter");
  await isOpen(true);
  await tabTo(/^input Available now/);
  await picture(page, "facets-keyboard-phone");
  await accessible(page, "filters that are unfolded, on a phone");
  await press("Space");
  await page.waitForURL("**/search?available=true");
  await kept("filtering");
  await isOpen(false);
  await isAt(/^h1 All titles/, "the filters are folded away again, and what they left is read");

  await backTo(/^summary Filters \(1\)/);
  await press("Space");
  await tabTo(/^summary \d+ more/);
  await press("Enter");
  await page.locator(".facets details[open] li").first().waitFor();
  await tabTo(/^input From/);
  await type("1900");
  await press("Enter");
  await page.waitForURL("**/search?available=true&year_from=1900");
  await kept("a year");
  await isOpen(false);

  await backTo(/^summary Filters \(2\)/);
  await press("Enter");
  await tabTo(/^input Available now/);
  await press("Space");
  await page.waitForURL("**/search?year_from=1900");
  await kept("taking a filter off");
  await backTo(/^summary Filters \(1\)/);
  await press("Enter");
  await isOpen(true);
  await press("Enter");
  await isOpen(false);
  calm();
  await close();
});
