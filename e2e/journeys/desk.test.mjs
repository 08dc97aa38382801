// desk.test.mjs: the desk keeps up with the queue: fast scans in order, refusals with reasons, check-in, undo, a lost connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, PHONE, picture, reader, settled, signIn } from "../browser.mjs";
import { atDesk } from "../desk.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

/** @param {Parameters<typeof atDesk>[1]} [options] */
const desk = (options) => atDesk(browser, options);

test("a card and a pile of books, faster than the answers; each once, in order, with the time that it took", async (t) => {
  const member = await newMember(librarian, "Nguyễn Quầy Nhanh");
  const copies = await freeCopies(librarian, 3, 10);
  const { page, scan, quiet, focused, line, calm, close } = await desk();
  await scan(member.card, ...copies.map(({ barcode }) => `]C1${barcode}`));
  await quiet();
  const log = await page.locator(".scan").evaluateAll((lines) => lines.map((one) => [one.className.trim(), one.querySelector(".name")?.textContent]));
  assert.deepEqual(log, [...copies.toReversed().map(({ title }) => ["scan ok", title]), ["scan note", "Nguyễn Quầy Nhanh"]]);
  assert.match((await line(0).textContent()) ?? "", /OK.*due \w+day, /s);
  const took = await page.locator(".scan .took").allTextContents();
  for (const words of took) assert.match(words, /^in [\d,]+ ms$/);
  assert.equal(took.length, 4, "of every scan");
  t.diagnostic(`the card and three books, all at once: ${took.reverse().join(", ")}`);
  assert.match((await page.locator("#member").textContent()) ?? "", /3 books on loan/);
  await focused();
  await picture(page, "desk-wide");
  await accessible(page, "the desk with a log");

  await scan(copies[0].barcode); // again: no harm
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /NOTE.*Already on this member’s card; nothing was changed/s);
  const { items } = await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`);
  assert.deepEqual(items.map((/** @type {any} */ loan) => loan.barcode).sort(), copies.map(({ barcode }) => barcode).sort());

  await line(1).getByRole("button", { name: "Undo" }).click();
  await line(1).locator(".words", { hasText: "taken back" }).waitFor();
  await focused();
  assert.equal((await librarian.get(`/api/borrowing/v1/items/${copies[2].barcode}`)).status, "available", "as if it had not been lent");
  await page.keyboard.press("Control+z"); // by keyboard, the next one
  await line(2).locator(".words", { hasText: "taken back" }).waitFor();
  assert.equal((await librarian.get(`/api/borrowing/v1/items/${copies[1].barcode}`)).status, "available");

  await page.keyboard.press("F4");
  await scan(copies[0].barcode);
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /OK.*returned · /s);
  await scan(copies[0].barcode);
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /OK.*was not on loan · /s);
  t.diagnostic(`a book, ${await line(0).locator(".took").textContent()}`);
  await picture(page, "desk-check-in");
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await line(0).locator(".took", { hasText: /^sau [\d.,]+ ms$/ }).waitFor(); // the log stays, in the other language
  calm();
  await close();
});

test("a card is one question and a loan another; the lines of the log that do not change stand as they are", async () => {
  const member = await newMember(librarian, "Đinh Một Câu");
  const [copy] = await freeCopies(librarian, 1, 60);
  const { page, scan, quiet, line, calm, close } = await desk();
  /** @type {string[]} */
  const asked = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) asked.push(`${request.method()} ${pathname}`);
  });
  await scan(member.card);
  await quiet();
  await line(0).evaluate((one) => one.setAttribute("data-stands", ""));
  await scan(copy.barcode);
  await quiet();
  assert.deepEqual(asked, [`GET /api/borrowing/v1/borrowers/${member.card}`, "POST /api/borrowing/v1/loans"]);
  assert.match((await page.locator("#member").textContent()) ?? "", /1 book on loan/);
  assert.notEqual(await line(1).getAttribute("data-stands"), null);
  calm();
  await close();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
});

test("what was taken back by mistake stays on loan as it was, by one click or key; what others wait for does not", async () => {
  const member = await newMember(librarian, "Hồ Trả Nhầm");
  const [copy, wanted] = await freeCopies(librarian, 2, 25);
  const loan = await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode: copy.barcode });
  const due = new Date(Date.parse(loan.due_on) - 3 * 86_400_000).toISOString().slice(0, 10);
  await librarian.post(`/api/borrowing/v1/loans/${loan.id}/due-date`, { due_on: due, reason: "needed back earlier" });
  const { page, scan, quiet, line, focused, calm, close } = await desk();
  await page.locator("[name=branch]").selectOption(copy.branch); // where it belongs: elsewhere it would begin to travel
  await page.keyboard.press("F4");
  await scan(copy.barcode);
  await quiet();
  await line(0).getByRole("button", { name: "Undo" }).dblclick();
  await line(0).locator(".words", { hasText: "still on loan, due" }).waitFor();
  await focused();
  await picture(page, "desk-check-in-undone");
  const open = async () => (await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`)).items;
  assert.deepEqual((await open()).map((/** @type {any} */ { barcode, due_on }) => [barcode, due_on]), [[copy.barcode, due]], "once, due as it was");
  await scan(copy.barcode);
  await quiet();
  await page.keyboard.press("Control+z");
  await line(0).locator(".words", { hasText: "still on loan, due" }).waitFor();
  assert.equal((await open())[0].due_on, due);

  const waits = await newMember(librarian, "Hồ Đang Đợi");
  await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode: wanted.barcode });
  await librarian.post("/api/borrowing/v1/holds", { member_card: waits.card, book_id: wanted.book_id, pickup_branch: wanted.branch });
  await scan(wanted.barcode);
  await quiet();
  const offered = await line(0).getByRole("button", { name: "Undo" }).count();
  const { status } = await librarian.get(`/api/borrowing/v1/items/${wanted.barcode}`);
  assert.equal(offered, status === "available" ? 1 : 0, `not where it is kept for somebody: ${status}`);
  calm();
  await close();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
});

test("refusals say every reason and never whose the book is", async () => {
  const [first, second] = [await newMember(librarian, "Lê Mượn Trước"), await newMember(librarian, "Phạm Đến Sau")];
  const [copy] = await freeCopies(librarian, 1, 20);
  await librarian.post("/api/borrowing/v1/loans", { member_card: first.card, barcode: copy.barcode });
  const { page, scan, quiet, line, focused, calm, close } = await desk({ viewport: PHONE });
  await scan(copy.barcode);
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /NO.*Scan the member’s card first/s);
  await scan("NO-SUCH-THING");
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /NO.*No card and no book has this number/s);
  await scan(second.card, copy.barcode);
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /NO.*on loan to somebody else/s);
  assert.ok(!(await page.locator("main").textContent())?.includes("Lê Mượn Trước"));
  await focused();
  await picture(page, "desk-refused-phone");
  await accessible(page, "the desk with a refusal, on a phone");
  await page.keyboard.press("Escape");
  assert.match((await page.locator("#member").textContent()) ?? "", /No member yet/);
  calm();
  await close();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
});

test("an expired card can be overridden with a reason", async () => {
  const member = await librarian.post("/api/members/v1/members", { name: "Đỗ Thẻ Cũ", category: "adult", expires_on: "2020-01-31" });
  const [copy] = await freeCopies(librarian, 1, 30);
  const { page, scan, quiet, line, calm, close } = await desk();
  await scan(member.card, copy.barcode);
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /NO.*membership has run out/s);
  await page.getByText("Override…").click();
  await page.getByLabel("Why lend it all the same?").fill("Renews at the desk today");
  await picture(page, "desk-override");
  await page.keyboard.press("Enter");
  await line(0).locator(".sign", { hasText: "OK" }).waitFor();
  assert.equal((await librarian.get(`/api/borrowing/v1/items/${copy.barcode}`)).status, "checked_out");
  calm();
  await close();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
});

test("a lost connection loses no scan, and doubles none", async () => {
  const member = await newMember(librarian, "Vũ Mất Mạng");
  const copies = await freeCopies(librarian, 2, 40);
  const { context, page, scan, quiet, line, close } = await desk();
  await scan(member.card);
  await quiet();
  await context.setOffline(true);
  await scan(...copies.map(({ barcode }) => barcode));
  await page.locator(".scan.held").waitFor();
  await page.getByRole("alert").filter({ hasText: "No connection" }).waitFor();
  await picture(page, "desk-offline");
  await accessible(page, "the desk without a connection");
  await context.setOffline(false);
  await quiet();
  for (const i of [0, 1]) assert.match((await line(i).textContent()) ?? "", /OK/s);
  const { items } = await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`);
  assert.equal(items.length, 2);

  // the answer is lost after the library did it: sent again with the same key, it has one effect
  const [third] = await freeCopies(librarian, 1, 45);
  let lost = 0;
  await page.route("**/api/borrowing/v1/loans", async (route) => {
    if (route.request().method() !== "POST" || lost++ > 0) return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await scan(third.barcode);
  await line(0).locator(".sign", { hasText: "OK" }).waitFor();
  assert.equal(lost, 2, "it was sent twice");
  const after = await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`);
  assert.equal(after.items.length, 3, "and lent once");
  await close();
});

test("while the library records nothing the desk is told at once, goes on scanning, and every scan is recorded once in the end", async () => {
  const member = await newMember(librarian, "Trần Chờ Ghi");
  const copies = await freeCopies(librarian, 2, 50);
  const { page, scan, quiet, line, close } = await desk({ expected: [404, 409, 503] });
  await scan(member.card);
  await quiet();
  let down = true;
  /** @type {string[]} */
  const keys = [];
  await page.route("**/api/borrowing/v1/loans", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"] ?? "");
    if (!down) return route.continue();
    // what the library answers while no server takes writes
    await route.fulfill({ status: 503, headers: { "Retry-After": "1", "Content-Type": "application/problem+json" }, body: JSON.stringify({ status: 503, title: "Service Unavailable", code: "no_primary", detail: "Nothing can be changed right now; reading goes on." }) });
  });
  await scan(...copies.map(({ barcode }) => barcode));
  const told = page.getByRole("alert").filter({ hasText: "The library can record nothing right now" });
  await told.waitFor();
  assert.match((await page.locator("#queue").textContent()) ?? "", /2 scans are kept/);
  assert.equal(await page.locator(".scan.no").count(), 0, "nothing is refused");
  await picture(page, "desk-paused");
  await accessible(page, "the desk while nothing is recorded");
  down = false;
  await quiet();
  await told.waitFor({ state: "detached" });
  for (const i of [0, 1]) assert.match((await line(i).textContent()) ?? "", /OK/s);
  assert.equal(new Set(keys).size, 2, "sent again with the key of the scan");
  assert.ok(keys.length > 2, "and sent again it was");
  const { items } = await librarian.get(`/api/borrowing/v1/loans?member_card=${member.card}&status=open`);
  assert.equal(items.length, 2);
  await close();
});

test("the desk is closed to readers", async () => {
  const { page, open, calm, close } = await reader(browser);
  await open("/sign-in?next=/desk");
  await signIn(page, "patron");
  await settled(page);
  assert.equal(await page.locator("h1").textContent(), "This page is for the staff");
  assert.equal(await page.getByRole("link", { name: "Desk" }).count(), 0);
  await picture(page, "forbidden");
  calm();
  await close();
});
