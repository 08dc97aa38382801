// slips.test.mjs: what is printed at the desk, as paper shows it, whatever stands in its fields: markup, words of 500 letters, letters from right to left, faces, nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, picture, reader, signIn } from "../browser.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

const NOW = Date.now();
const WORD = "Llanfairpwll".repeat(42).slice(0, 500);
const HOSTILE = [
  `<img src=x onerror="document.title='owned'"><script>alert(1)</script>&lt;b&gt; ${"x".repeat(300)}`,
  WORD,
  "\u202Eesrever ni ti daer ← שלום עליכם ﷽",
  "🚀👩🏽‍🚀👨‍👩‍👧‍👦🏴‍☠️ Zoë Ǆ",
];
/** Both languages, with what stands on the button of a slip and on the slips themselves. */
const SPOKEN = /** @type {const} */ ([
  ["en-GB", { print: "Print slip", hold: "Held for card", send: "Send to", loans: "On loan to card" }],
  ["vi-VN", { print: "In phiếu", hold: "Giữ cho thẻ", send: "Gửi đến", loans: "Thẻ đang mượn" }],
]);
const ROLL = { width: 302, height: 900 }; // a roll of 80 mm, in CSS pixels

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let staff;
/** @type {{id: number, title: string, barcode: string}[]} */
const copies = [];
/** @type {{code: string, name: string}[]} */
let places;
before(async () => {
  browser = await launch();
  staff = await hand("administrator");
  ({ items: places } = await staff.get("/api/borrowing/v1/branches"));
  await staff.patch(`/api/borrowing/v1/branches/${places[1].code}`, { name: WORD.slice(0, 100) });
  for (const [i, title] of HOSTILE.entries()) {
    const { id } = await staff.post("/api/catalog/v1/books", { title, authors: [{ name: `Slip ${NOW}` }] });
    const barcode = `<b>"'&>SLIP${NOW}${i}`;
    await staff.post("/api/borrowing/v1/items", { book_id: id, barcode, branch: places[0].code });
    copies.push({ id, title, barcode });
  }
});
after(async () => {
  await staff.patch(`/api/borrowing/v1/branches/${places[1].code}`, { name: places[1].name });
  await browser.close();
});

/** A member with a hostile name, and a card of one's own choice. @param {string} card */
const member = (card) => staff.post("/api/members/v1/members", { name: `${HOSTILE[2]} ${HOSTILE[3]}`, card, category: "adult" });

/**
 * The desk, whose printer does nothing, and what lies on its paper.
 * @param {string} [locale]
 */
async function desk(locale) {
  const at = await reader(browser, { locale });
  await at.page.addInitScript((branch) => {
    localStorage.setItem("bookvault.desk.branch", branch);
    window.print = () => {};
  }, places[0].code);
  await at.open("/sign-in?next=/desk");
  await signIn(at.page, "desk");
  const line = at.page.locator(".scan").first();
  const scan = async (/** @type {string} */ code) => {
    const before = await at.page.locator(".scan").count();
    await at.page.keyboard.insertText(code);
    await at.page.keyboard.press("Enter");
    await at.page.waitForFunction((n) => document.querySelectorAll(".scan").length > n && !document.querySelector(".scan.waiting"), before);
  };
  /** Looks at the slip as the printer would, and lays it aside. @param {string} name @param {string[]} words that stand on it @param {string[]} secrets that do not */
  const paper = async (name, words, secrets) => {
    await at.page.emulateMedia({ media: "print" });
    await at.page.setViewportSize(ROLL);
    await picture(at.page, `slip-${name}`, true);
    const seen = await at.page.evaluate(() => {
      const slip = /** @type {HTMLElement} */ (document.querySelector(".slip"));
      const width = slip.getBoundingClientRect().right;
      const shown = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !one.closest(".slip") && one.getBoundingClientRect().height > 0);
      return {
        text: slip.innerText,
        made: [...slip.querySelectorAll("img, script, b, iframe, [onerror]")].length,
        beyond: [...slip.querySelectorAll("*")].filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline").map((one) => one.outerHTML.slice(0, 80)),
        wider: [...slip.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > width + 1).length,
        beside: shown.map((one) => one.outerHTML.slice(0, 80)),
        title: document.title,
      };
    });
    assert.equal(seen.made, 0, `${name}: no element came from text`);
    assert.deepEqual(seen.beyond, [], `${name}: nothing is cut`);
    assert.equal(seen.wider, 0, `${name}: nothing is wider than the slip`);
    assert.deepEqual(seen.beside, [], `${name}: nothing else is printed`);
    assert.doesNotMatch(seen.title, /^owned/);
    const read = (/** @type {string} */ text) => text.replace(/\s+/g, " ").trim();
    for (const word of words) assert.ok(read(seen.text).includes(read(word)), `${name} says ${word.slice(0, 60)}: ${seen.text}`);
    for (const secret of secrets) assert.ok(!seen.text.includes(secret), `${name} gives away ${secret}`);
    if (locale === "vi-VN") await speaksVietnamese(at.page, name);
    await at.page.emulateMedia({ media: "screen" });
    await at.page.setViewportSize({ width: 1280, height: 900 });
    await at.page.evaluate(() => dispatchEvent(new Event("afterprint")));
  };
  return { ...at, line, scan, paper };
}

for (const [locale, words] of SPOKEN) {
  test(`the slip for whoever takes books home, also of a title that cannot be shown (${locale})`, async () => {
    const { card, name } = await member(`T${locale}${NOW}`);
    for (const { barcode } of copies) await staff.post("/api/borrowing/v1/loans", { member_card: card, barcode });
    const { page, scan, paper, calm, close } = await desk(locale);
    await page.route(/\/api\/borrowing\/v1\/borrowers\//, async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      for (const loan of json.loans) if (loan.barcode === copies[3].barcode) delete loan.title; // the catalogue did not answer
      await route.fulfill({ response, json });
    });
    await scan(card);
    await page.locator("[data-receipt]").click();
    await paper(`loans-${locale}`, [words.loans, ...copies.slice(0, 3).map(({ title }) => title), copies[3].barcode, `····${card.slice(-4)}`], [card, name, HOSTILE[3]]);
    calm();
    await close();
    for (const { barcode } of copies) await staff.post("/api/borrowing/v1/check-ins", { barcode, branch: places[0].code });
  });

  test(`slips for the hold shelf and for the box that travels (${locale})`, async () => {
    const { card, name } = await member(`S${locale}${NOW}`);
    const holds = [];
    for (const [i, { id }] of copies.entries()) holds.push(await staff.post("/api/borrowing/v1/holds", { member_card: card, book_id: id, pickup_branch: places[i % 2].code }));
    const { page, line, scan, paper, calm, close } = await desk(locale);
    await page.keyboard.press("F4");
    for (const [i, { title, barcode }] of copies.entries()) {
      await scan(barcode);
      await line.getByRole("button", { name: words.print }).click();
      const there = i % 2 ? [words.send, WORD.slice(0, 100)] : [words.hold];
      await paper(`${i % 2 ? "send" : "hold"}-${i}-${locale}`, [title, barcode, `····${[...card].slice(-4).join("")}`, ...there], [card, name]);
      assert.equal(await page.locator(".slip").count(), 0, "it is gone once it is printed");
    }
    calm();
    await close();
    for (const { id } of holds) await staff.remove(`/api/borrowing/v1/holds/${id}`);
    for (const { barcode } of copies) await staff.post("/api/borrowing/v1/check-ins", { barcode, branch: places[0].code });
  });
}

test("a list that is taken along to the shelves is printed without what only a screen needs", async () => {
  const { page, calm, close } = await desk();
  await page.getByRole("link", { name: "Pull list" }).click();
  await page.waitForURL("**/desk/pull-list");
  await page.locator("#list").waitFor();
  await page.emulateMedia({ media: "print" });
  const shown = (/** @type {string} */ what) => page.locator(what).first().isVisible();
  assert.deepEqual(await Promise.all(["h1", ".branch select", "#list"].map(shown)), [true, true, true], "of which branch it is, and the list");
  assert.deepEqual(await Promise.all(["bv-shell", ".rooms", "#scan", "#footer", "bv-toast"].map(shown)), [false, false, false, false, false]);
  await picture(page, "print-pull-list");
  calm();
  await close();
});
