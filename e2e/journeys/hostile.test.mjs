// hostile.test.mjs: whatever stands in a field is shown as text, on every page, and breaks no layout: markup, words of 500 letters,
// letters from right to left and marks that turn, faces, nothing at all.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, newReader, PHONE, picture, reader, settled, signIn, visit, WIDE } from "../browser.mjs";

/** @typedef {import("playwright-core").Page} Page */

const NOW = Date.now();
const MARKUP = `<img src=x onerror="document.title='owned'">"'><script>alert(1)</script>&lt;b&gt;\${7*7}`;
const TURNED = "\u202Eesrever ni ti daer ← שלום עליכם ﷽";
const FACES = "🚀👩🏽‍🚀👨‍👩‍👧‍👦🏴‍☠️ Zoë Ǆ";
const WORD = "Llanfairpwll".repeat(42).slice(0, 500);
/** All of it, in at most so many characters. @param {number} most */
const all = (most) => [...`${MARKUP} ${FACES} ${TURNED} ${WORD}`].slice(0, most).join("");
/** One word without an end. @param {number} most */
const word = (most) => WORD.slice(0, most);

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let staff;
/** What was renamed, with the names that it gets back. @type {[string, string][]} */
const renamed = [];
/** @type {{id: number, title: string, authors: {id: number, name: string}[]}[]} */
const books = [];
/** @type {string[]} */
const barcodes = [];

before(async () => {
  browser = await launch();
  staff = await hand("administrator");
  for (const path of ["/api/borrowing/v1/branches", "/api/borrowing/v1/item-types", "/api/members/v1/categories"]) {
    const { items } = await staff.get(path);
    for (const [i, { code, name }] of items.entries()) {
      renamed.push([`${path}/${code}`, name]);
      await staff.patch(`${path}/${code}`, { name: i % 2 ? word(100) : all(100) });
    }
  }
  const titles = [
    { title: all(500), authors: [{ name: `${MARKUP} ${NOW}` }], subtitle: all(500), publisher: all(300), series: word(300), series_position: all(30), subjects: [all(100), word(100)] },
    { title: WORD, authors: [{ name: word(200) }] },
    { title: `${TURNED}`, authors: [{ name: "كاتب مجهول" }] },
    { title: FACES, authors: [{ name: "Zoë Ǆ ﷽" }] },
    { title: "%s %00 {{7*7}} ' OR 1=1 --", authors: [{ name: "' OR 1=1 --" }] },
  ];
  for (const [i, one] of titles.entries()) {
    books.push(await staff.post("/api/catalog/v1/books", { ...one, genres: [MARKUP], description: `${one.title}\n<iframe src="javascript:alert(1)">` }));
    barcodes.push(`<b>"'&>${NOW}${i}${word(40)}`);
    await staff.post("/api/borrowing/v1/items", { book_id: books[i].id, barcode: barcodes[i], call_number: i % 2 ? word(200) : all(200), location: word(100), part: i % 2 ? "" : all(60) });
  }
});

after(async () => {
  for (const [path, name] of renamed) await staff.patch(path, { name });
  await browser.close();
});

/**
 * The page that stands is only text, and in both widths nothing is wider than the window, with all that folds unfolded.
 * @param {Page} page
 * @param {string} where
 * @param {boolean} [shown] whether there is hostile text on it
 */
async function harmless(page, where, shown = true) {
  await page.evaluate(() => document.querySelectorAll("main details").forEach((fold) => fold.setAttribute("open", "")));
  if (where === "a title") await page.locator("#more").scrollIntoViewIfNeeded();
  await settled(page);
  const found = await page.evaluate(() => ({
    words: [document.querySelector("main")?.textContent, ...[...document.querySelectorAll("main :is(input, textarea)")].map((box) => /** @type {HTMLInputElement} */ (box).value)].join("\n"),
    made: [...document.querySelectorAll("main :is(script, iframe, b, i), [onerror], img[src$=x]")].map((one) => one.outerHTML.slice(0, 100)),
    title: document.title,
  }));
  assert.deepEqual(found.made, [], `${where}: no element came from text`);
  assert.doesNotMatch(found.title, /^owned/, where);
  if (shown) assert.ok(found.words.includes("<img src=x onerror="), `${where} shows the text as it is`);
  for (const [name, viewport] of /** @type {const} */ ([["wide", WIDE], ["phone", PHONE]])) {
    await page.setViewportSize(viewport);
    const beyond = await page.evaluate(() => {
      const root = document.documentElement;
      if (root.scrollWidth <= root.clientWidth) return "";
      const wide = [...document.querySelectorAll("body *")].filter((one) => !one.closest("nav, .shelf") && one.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 4);
      return `${root.scrollWidth - root.clientWidth} px: ${wide.map((one) => one.outerHTML.slice(0, 120)).join(" | ")}`;
    });
    assert.equal(beyond, "", `${where} (${name}) is wider than its window`);
    await picture(page, `hostile-${where.replace(/\W+/g, "-")}-${name}`, true);
  }
  await page.setViewportSize(WIDE);
}

test("titles, results and the front page", async () => {
  const { page, open, calm, close } = await reader(browser);
  await open(`/search?genre=${encodeURIComponent(MARKUP)}`);
  assert.deepEqual((await page.locator(".row h2").allTextContents()).map((title) => title.trim()).sort(), books.map(({ title }) => title.trim()).sort());
  await accessible(page, "results full of hostile titles");
  await harmless(page, "results");
  for (const [i, book] of books.entries()) {
    await visit(page, `/books/${book.id}`);
    assert.equal((await page.locator("h1").textContent())?.trim(), book.title.trim());
    await accessible(page, `the title ${i}`);
    await harmless(page, i === 0 ? "a title" : `title ${i}`);
  }
  await visit(page, `/search?author=${books[0].authors[0].id}&q=${encodeURIComponent(all(190))}`);
  await harmless(page, "nothing found");
  await open("/");
  await page.keyboard.type("llanfairpwll");
  await page.locator("bv-search.large [role=option]").first().waitFor();
  await accessible(page, "suggestions and a shelf full of hostile titles");
  await harmless(page, "home");
  calm();
  await close();
});

test("a reader's own pages", async () => {
  const { page, open, calm, close, card } = await newReader(browser, staff, all(190));
  await staff.post("/api/borrowing/v1/charges", { member_card: card, amount: 12_000, note: all(500) });
  await staff.post("/api/borrowing/v1/charges", { member_card: card, amount: 1, note: word(500) });
  for (const barcode of barcodes.slice(0, 2)) await staff.post("/api/borrowing/v1/loans", { member_card: card, barcode });
  await staff.post("/api/borrowing/v1/holds", { member_card: card, book_id: books[3].id });
  await page.evaluate(
    async ([names, book]) => {
      const send = (/** @type {string} */ method, /** @type {string} */ path, /** @type {unknown} */ body) =>
        fetch(path, { method, headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() }, body: JSON.stringify(body) }).then((answer) => answer.json());
      await send("PUT", `/api/catalog/v1/books/${book}/rating`, { stars: 3 });
      for (const name of /** @type {string[]} */ (names)) {
        const { id } = await send("POST", "/api/members/v1/me/lists", { name });
        await fetch(`/api/members/v1/me/lists/${id}/books/${book}`, { method: "PUT" });
        await send("POST", "/api/members/v1/tokens", { name });
      }
      await send("PATCH", "/api/members/v1/me", { keep_history: true });
    },
    /** @type {[string[], number]} */ ([[all(100), word(100)], books[0].id]),
  );
  await open("/loans");
  await harmless(page, "mine loans");
  for (const path of ["/charges", "/reading-lists", "/ratings", "/profile", `/books/${books[0].id}`]) {
    await visit(page, path);
    await harmless(page, `mine ${path.slice(1, 8)}`);
  }
  await staff.post("/api/borrowing/v1/check-ins", { barcode: barcodes[0] });
  await visit(page, "/history");
  await harmless(page, "mine history");
  calm();
  await close();
});

/** Puts hostile text into what the library itself makes: names in reports, letters, reasons, details, refused rows. @param {Page} page */
async function hostileAnswers(page) {
  const fields = new Set(["name", "title", "genre", "body", "failure", "detail", "reason", "stream"]);
  await page.route(/\/api\/\w+\/v1\/(statistics|notices|audit|ledger)\b/, async (route) => {
    const response = await route.fetch();
    let turn = 0;
    const json = JSON.parse(await response.text(), (key, value) => (typeof value === "string" && fields.has(key) ? (turn++ % 2 ? word(200) : all(200)) : value));
    await route.fulfill({ response, json });
  });
  const refused = [{ line: 2, field: all(100), reason: all(300), value: word(300) }, { line: 3, field: word(100), reason: word(300), value: all(300) }];
  const json = { id: 1, file_name: all(200), state: "failed", failure: word(300), dry_run: true, percent: 50, line: 3, rows: 3, created: 0, changed: 0, unchanged: 0, refused: 2, refused_rows: { items: refused, next_cursor: null }, items: refused };
  await page.route("**/api/catalog/v1/imports/1**", (route) => route.fulfill({ json }));
}

/** What the desk has to do with hostile titles and people: the branch where it stands, and two members. */
async function work() {
  const member = await staff.post("/api/members/v1/members", { name: all(200), email: `${word(60)}@${word(60)}.${word(60)}.example`, category: "adult" });
  const expired = await staff.post("/api/members/v1/members", { name: word(200), category: "adult", expires_on: "2020-01-31" });
  await staff.post("/api/borrowing/v1/charges", { member_card: member.card, amount: 5_000_000_000, note: all(500) });
  const { items: places } = await staff.get("/api/borrowing/v1/branches");
  const home = (await staff.get(`/api/borrowing/v1/items/${encodeURIComponent(barcodes[3])}`)).branch;
  const other = places.find((/** @type {{code: string}} */ { code }) => code !== home).code;
  await staff.post("/api/borrowing/v1/loans", { member_card: expired.card, barcode: barcodes[4], occurred_at: new Date(Date.now() - 5000).toISOString() });
  for (const [i, branch] of [[0, home], [2, other], [3, home]]) await staff.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: books[i].id, pickup_branch: branch });
  for (const i of [2, 3]) await staff.post("/api/borrowing/v1/check-ins", { barcode: barcodes[i], branch: home });
  await staff.post(`/api/members/v1/members/${member.card}/blocks`, { code: `z${word(30).toLowerCase()}`, note: all(500) });
  return { member, expired, home };
}

test("the pages of the staff", async () => {
  const { member, expired, home } = await work();
  const rules = await staff.get("/api/borrowing/v1/rules");
  await staff.put("/api/borrowing/v1/rules", { rules: rules.rules, categories: rules.categories, note: all(500) }, rules.version);
  const { hours, closures, version } = await staff.get("/api/borrowing/v1/calendar");
  const closed = { first_day: "2098-02-01", last_day: "2098-02-02" };
  const made = await staff.put("/api/borrowing/v1/calendar", { hours, closures: [...closures, { ...closed, reason: all(200) }, { ...closed, reason: word(200) }], note: word(500) }, version);

  const { page, open, calm, close } = await reader(browser, { expected: [404, 409] });
  await page.addInitScript((branch) => localStorage.setItem("bookvault.desk.branch", branch), home);
  await open("/sign-in?next=/desk");
  await signIn(page, "administrator");
  await page.locator("#scan").waitFor();
  for (const code of [member.card, barcodes[1], expired.card, barcodes[3], all(60), barcodes[2]]) {
    await page.keyboard.insertText(code);
    await page.keyboard.press("Enter");
  }
  await page.waitForFunction(() => document.querySelectorAll(".scan").length > 5 && !document.querySelector(".scan.waiting"));
  await harmless(page, "the desk");
  for (const path of ["/desk/pull-list", "/desk/hold-shelf", "/desk/transit", `/members/${member.card}`, "/members?q=img", `/books/${books[0].id}/edit`, "/rules", "/calendar", "/house"]) {
    await visit(page, path);
    if (path.startsWith("/members/")) {
      await page.locator("#account h2").waitFor();
      assert.doesNotMatch((await page.locator("#merge p").first().textContent()) ?? "", /\u202e/, "a name turns none of the words after it");
    }
    if (path.endsWith("/edit")) await page.locator("#add-copy").waitFor();
    await harmless(page, `staff ${path.replaceAll(/\d+/g, "").slice(1)}`);
  }
  for (const path of ["/desk/exceptions", "/desk/claims", "/members/new", "/catalogue/new", "/catalogue/import", "/ops"]) {
    await visit(page, path);
    await harmless(page, `staff ${path.slice(1)}`, false);
  }
  await hostileAnswers(page);
  for (const path of ["/desk/notices?status=all", "/desk/reports?period=year", "/catalogue/import?id=1", "/audit", "/audit?of=accounts"]) {
    await visit(page, path);
    await harmless(page, `staff ${path.slice(1)}`);
  }
  calm();
  await close();
  await staff.put("/api/borrowing/v1/calendar", { hours, closures }, made.version);
});
