// late-live.test.mjs: news and answers that cross: a hold that becomes a loan while something is read, switches clicked twice, a stream that breaks off, a part that does not come.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newReader, reader, signIn, visit } from "../browser.mjs";
import { held } from "../held.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("a hold that was lent shows as a loan, and what is being read beside it stays", async () => {
  const { page, calm, close, card } = await newReader(browser, librarian, "Khổng Đang Đọc", { expected: [409] });
  const [lent, awaited] = await freeCopies(librarian, 2, 179);
  await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode: lent.barcode });
  await librarian.post("/api/borrowing/v1/holds", { member_card: card, book_id: awaited.book_id, pickup_branch: awaited.branch });
  await visit(page, "/history");
  await visit(page, "/loans");
  const row = page.locator("bv-loan", { hasText: lent.title });
  await row.getByRole("button", { name: "Renew" }).click();
  const note = row.locator(".answer .note");
  await note.waitFor();
  const words = await note.textContent();
  await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode: awaited.barcode });
  await page.locator("bv-loan", { hasText: awaited.title }).waitFor();
  assert.equal(await page.locator("bv-hold").count(), 0);
  assert.equal(await note.textContent(), words, "the answer is still there to read");
  calm();
  await close();
  for (const { barcode } of [lent, awaited]) await librarian.post("/api/borrowing/v1/check-ins", { barcode });
});

test("an older answer about holds does not cover a newer one", async () => {
  const { page, calm, close, card } = await newReader(browser, librarian, "Lại Tin Cũ");
  const [copy] = await freeCopies(librarian, 1, 181);
  const hold = await librarian.post("/api/borrowing/v1/holds", { member_card: card, book_id: copy.book_id, pickup_branch: copy.branch });
  await visit(page, "/history");
  await visit(page, "/loans");
  let looks = 0;
  let free = () => {};
  let here = () => {};
  const gate = new Promise((done) => (free = () => done(undefined)));
  const came = new Promise((done) => (here = () => done(undefined)));
  await page.route(/\/holds\?/, async (route) => {
    const first = looks++ === 0;
    const response = await route.fetch();
    if (first) here();
    if (first) await gate;
    await route.fulfill({ response });
  });
  const row = page.locator("bv-hold", { hasText: copy.title });
  await librarian.patch(`/api/borrowing/v1/holds/${hold.id}`, { suspended_until: "2027-03-01" });
  await came;
  await librarian.patch(`/api/borrowing/v1/holds/${hold.id}`, { suspended_until: "2027-04-02" });
  await row.locator(".when", { hasText: "2 April 2027" }).waitFor();
  free();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
  assert.match((await row.locator(".when").textContent()) ?? "", /2 April 2027/);
  await page.unrouteAll({ behavior: "wait" });
  calm();
  await close();
  await librarian.remove(`/api/borrowing/v1/holds/${hold.id}`);
});

test("a switch that is clicked twice sends one command after the other, and shows what another administrator does", async () => {
  const admin = await hand("administrator");
  const { page, open, calm, close } = await reader(browser);
  await open("/sign-in?next=/ops");
  await signIn(page, "administrator");
  const pattern = "hedging";
  const address = `/api/ops/v1/patterns/${pattern}`;
  const enabled = async () => (await admin.get("/api/ops/v1/patterns")).items.find((/** @type {{name: string}} */ { name }) => name === pattern).enabled;
  const before = await enabled();
  let now = 0;
  let most = 0;
  let sent = 0;
  await page.route(`**${address}`, async (route) => {
    most = Math.max(most, ++now);
    sent++;
    const response = await route.fetch();
    await new Promise((done) => setTimeout(done, 300));
    now--;
    await route.fulfill({ response });
  });
  const toggle = page.locator(`[data-pattern="${pattern}"] input`);
  await toggle.evaluate((/** @type {HTMLInputElement} */ box) => {
    box.click();
    box.click();
    box.click();
  });
  await page.waitForFunction(([name, on]) => document.querySelector(`[data-pattern="${name}"] .now`)?.textContent === (on ? "On" : "Off"), [pattern, !before]);
  assert.equal(most, 1, "one at a time");
  assert.ok(sent <= 2, "and only what counts");
  assert.equal(await enabled(), !before);
  assert.equal(await toggle.isChecked(), !before);
  assert.equal(await page.locator(".way .step", { hasText: pattern }).evaluate((step) => !step.classList.contains("off")), !before);
  await admin.put(address, { enabled: before });
  await page.waitForFunction(([name, on]) => /** @type {HTMLInputElement | null} */ (document.querySelector(`[data-pattern="${name}"] input`))?.checked === on, [pattern, before]);
  calm();
  await close();
});

test("a stream that was answered by an error is opened again, and the page says meanwhile that its figures are old", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [503] });
  let refused = 0;
  await page.route("**/api/events*", (route) => (refused++ === 0 ? route.fulfill({ status: 503, body: "no process" }) : route.fallback()));
  await open("/sign-in?next=/ops");
  await signIn(page, "administrator");
  const line = page.locator("#line .note", { hasText: "These figures are old" });
  await line.waitFor();
  await line.waitFor({ state: "detached" });
  await page.locator(".pattern .doing dd").first().waitFor();
  assert.equal(refused, 2);
  calm();
  await close();
});

test("more of the refused rows come once, and a report stands without the catalogue", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [503] });
  await open("/sign-in?next=/desk");
  await signIn(page, "librarian");
  const one = { id: 7, file_name: "a.csv", state: "done", dry_run: true, percent: 100, line: 4, rows: 3, created: 0, changed: 0, unchanged: 0, refused: 3 };
  const finding = (/** @type {number} */ line) => ({ line, field: "title", reason: "must not be empty" });
  await page.route(/\/api\/catalog\/v1\/imports\/7($|\?)/, (route) => route.fulfill({ json: { ...one, refused_rows: new URL(route.request().url()).searchParams.has("cursor") ? { items: [finding(3), finding(4)], next_cursor: "still" } : { items: [finding(2)], next_cursor: "more" } } }));
  await page.route("**/imports/7/left-out*", (route) => route.fulfill({ json: { items: [] } }));
  await visit(page, "/catalogue/import?id=7");
  const more = await held(page, /imports\/7\?cursor=more/, "GET", { status: 200, body: { ...one, refused_rows: { items: [finding(3), finding(4)], next_cursor: null } } });
  await page.locator("#refused button").dblclick();
  await more.came;
  await more.free();
  await page.locator("#refused tbody tr").nth(2).waitFor();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  assert.equal(await page.locator("#refused tbody tr").count(), 3);

  await page.route("**/api/catalog/v1/statistics*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
  await visit(page, "/desk/reports");
  await page.getByText("The catalogue does not answer just now.").waitFor();
  assert.ok((await page.locator(".report table").count()) > 0, "the desk's own figures");
  calm();
  await close();
});
