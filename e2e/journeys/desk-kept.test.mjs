// desk-kept.test.mjs: what was scanned at a desk is done as it was meant when it was scanned, however late its answer comes and wherever somebody looks meanwhile.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, picture, signIn } from "../browser.mjs";
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

/** @param {string} card */
const lentTo = async (card) => /** @type {{id: number, barcode: string, branch: string}[]} */ ((await librarian.get(`/api/borrowing/v1/loans?member_card=${card}&status=open`)).items);

/** @param {{barcode: string}[]} copies */
const giveBack = async (copies) => {
  for (const { barcode } of copies) await librarian.post("/api/borrowing/v1/check-ins", { barcode });
};

test("who is done is done for what comes after, and not for what was scanned before", async () => {
  const [one, other] = [await newMember(librarian, "Đoàn Đến Trước"), await newMember(librarian, "Lý Đến Sau")];
  const copies = await freeCopies(librarian, 3, 13);
  const { page, scan, quiet, calm, close } = await atDesk(browser);
  await scan(one.card);
  await quiet();
  await page.route("**/api/borrowing/v1/loans", async (route) => {
    await page.waitForTimeout(500);
    await route.continue();
  });
  await scan(copies[0].barcode, copies[1].barcode);
  await page.keyboard.press("Escape");
  await scan(other.card, copies[2].barcode);
  await quiet();
  assert.equal(await page.locator("#member h2").textContent(), other.name);
  assert.equal(await page.locator(".scan").count(), 5, "that somebody was done is no line of the log");
  assert.deepEqual((await lentTo(one.card)).map(({ barcode }) => barcode).sort(), [copies[0].barcode, copies[1].barcode].sort());
  assert.deepEqual((await lentTo(other.card)).map(({ barcode }) => barcode), [copies[2].barcode]);
  calm();
  await close();
  await giveBack(copies);
});

test("what is kept in an outage is done where it was scanned; a card among books that come back is somebody who borrows", async () => {
  const [one, other] = [await newMember(librarian, "Phí Ở Chi Nhánh"), await newMember(librarian, "Mai Cầm Thẻ")];
  const copies = await freeCopies(librarian, 2, 16);
  const { context, page, scan, quiet, close } = await atDesk(browser);
  const branch = page.locator("[name=branch]");
  const here = await branch.inputValue();
  await scan(one.card);
  await quiet();
  await context.setOffline(true);
  await scan(copies[0].barcode);
  await page.locator(".scan.held").waitFor();
  await page.keyboard.press("Escape");
  const elsewhere = await branch.locator("option").evaluateAll((all, here) => all.map((one) => /** @type {HTMLOptionElement} */ (one).value).find((one) => one !== here) ?? "", here);
  await branch.selectOption(elsewhere);
  await page.keyboard.press("F4");
  await scan(other.card, copies[1].barcode);
  await context.setOffline(false);
  await quiet();
  assert.deepEqual((await lentTo(one.card)).map(({ barcode, branch }) => [barcode, branch]), [[copies[0].barcode, here]]);
  assert.deepEqual((await lentTo(other.card)).map(({ barcode, branch }) => [barcode, branch]), [[copies[1].barcode, elsewhere]]);
  await branch.selectOption(here);
  await close();
  await giveBack(copies);
});

test("a session that ended loses no scan: signed in again, they are sent", async () => {
  const member = await newMember(librarian, "Hà Hết Phiên");
  const copies = await freeCopies(librarian, 2, 21);
  const { context, page, scan, quiet, line, close } = await atDesk(browser, { expected: [401] });
  await scan(member.card);
  await quiet();
  await context.clearCookies({ name: "bv_session" });
  await scan(copies[0].barcode, copies[1].barcode);
  const told = page.locator("#paused", { hasText: "Your session ended" });
  await told.waitFor();
  assert.match((await page.locator("#queue").textContent()) ?? "", /2 scans are kept/);
  await accessible(page, "the desk after its session");
  await picture(page, "desk-session-ended");
  await told.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === "/sign-in");
  await signIn(page, "desk");
  await page.waitForURL("**/desk");
  await page.locator("#scan").waitFor();
  await quiet();
  for (const i of [0, 1]) assert.match((await line(i).textContent()) ?? "", /OK/s);
  assert.equal((await lentTo(member.card)).length, 2);
  await close();
  await giveBack(copies);
});

test("a look at another page forgets nothing; what is taken back is taken back once, though its answer was lost", async () => {
  const member = await newMember(librarian, "Cao Đi Rồi Về");
  const copies = await freeCopies(librarian, 1, 27);
  const { page, scan, quiet, line, close } = await atDesk(browser);
  await scan(member.card, copies[0].barcode);
  await quiet();
  await page.locator("#member").getByRole("link", { name: "Account" }).click();
  await page.waitForURL("**/members/*");
  await page.locator("h1", { hasText: member.name }).waitFor();
  await page.locator(".rooms").getByRole("link", { name: "Counter" }).click();
  await page.locator("#scan").waitFor();
  assert.equal(await page.locator("#member h2").textContent(), member.name);
  assert.match((await line(0).textContent()) ?? "", /OK/s);
  /** @type {string[]} */
  const keys = [];
  await page.route("**/reversal", async (route) => {
    keys.push(route.request().headers()["idempotency-key"] ?? "");
    if (keys.length > 1) return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await page.keyboard.press("Control+z");
  await page.locator("bv-toast.bad").waitFor();
  await page.keyboard.press("Control+z");
  await line(0).locator(".words", { hasText: "taken back" }).waitFor();
  assert.equal(keys[0], keys[1], "the same command");
  assert.equal((await lentTo(member.card)).length, 0);
  await page.keyboard.press("Escape");
  await page.locator("#member p", { hasText: "No member yet" }).waitFor();
  await close();
});

test("a list that was left and looked at again keeps no scan that was done", async () => {
  const copies = await freeCopies(librarian, 1, 28);
  const { context, page, scan, quiet, line, close } = await atDesk(browser);
  const list = page.locator(".rooms").getByRole("link", { name: "Pull list" });
  await list.click();
  await page.waitForURL("**/desk/pull-list");
  await page.locator("form.list-box").waitFor();
  await context.setOffline(true);
  await scan(copies[0].barcode);
  await page.locator(".scan.held").waitFor();
  await page.route("**/api/borrowing/v1/check-ins", (route) => route.abort("connectionreset"));
  await context.setOffline(false);
  await page.locator(".rooms").getByRole("link", { name: "Counter" }).click();
  await page.locator(".counter").waitFor();
  await page.unroute("**/api/borrowing/v1/check-ins");
  await list.click();
  await page.locator("form.list-box").waitFor();
  await quiet();
  assert.match((await line(0).textContent()) ?? "", /OK/s);
  await page.waitForTimeout(3500); // longer than the pause of the page that was left
  assert.equal(await page.evaluate(() => sessionStorage.getItem("bookvault.desk.pull-list")), null);
  await close();
});
