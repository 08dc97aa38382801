// scanner.test.mjs: what a scanner and a desk's habits bring: zeros in front, cards that take turns, the book drop, sounds, a page that is loaded again in an outage.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, newMember, reader, signIn } from "../browser.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

const NOW = Date.now();

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
/** @type {string} */
let branch;
let made = 0;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
  branch = (await librarian.get("/api/borrowing/v1/branches")).items[0].code;
});
after(() => browser.close());

/** A new copy with a barcode of its own. @param {string} [front] */
async function copy(front = "SC") {
  const { items } = await librarian.get("/api/catalog/v1/books?q=truyen+kieu&limit=1");
  const barcode = `${front}${NOW}${++made}`;
  await librarian.post("/api/borrowing/v1/items", { book_id: items[0].id, barcode, branch });
  return barcode;
}

/** A desk where the copies are at home. @param {Parameters<typeof reader>[1]} [options] */
async function desk(options) {
  const at = await reader(browser, { expected: [404, 409], ...options });
  await at.page.addInitScript((home) => localStorage.setItem("bookvault.desk.branch", home), branch);
  await at.open("/sign-in?next=/desk");
  await signIn(at.page, "desk");
  await at.page.locator("#scan").waitFor();
  const first = at.page.locator(".scan").first();
  const quiet = () => at.page.waitForFunction(() => document.querySelectorAll(".scan.waiting, .scan.held").length === 0 && document.querySelector("#queue")?.textContent === "");
  const scan = async (/** @type {string[]} */ ...codes) => {
    for (const code of codes) {
      await at.page.keyboard.insertText(code);
      await at.page.keyboard.press("Enter");
    }
  };
  return { ...at, first, scan, quiet };
}

/** The barcodes that a member has at home. @param {string} card @returns {Promise<string[]>} */
const atHome = async (card) => (await librarian.get(`/api/borrowing/v1/loans?member_card=${card}&status=open`)).items.map((/** @type {{barcode: string}} */ { barcode }) => barcode);

test("zeros in front are a part of the number, what the scanner adds is not; a card takes the place of the one before", async () => {
  const zeros = await librarian.post("/api/members/v1/members", { name: "Không Đứng Trước", category: "adult", card: `00${NOW}` });
  const next = await newMember(librarian, "Người Kế Tiếp");
  const [mine, theirs] = [await copy("000"), await copy("000")];
  const { page, scan, quiet, calm, close } = await desk();
  await scan(`]C1${zeros.card}`, ` ]A0${mine}\u0003`, next.card, theirs);
  await quiet();
  assert.deepEqual(await page.locator(".scan.ok .code").allTextContents(), [theirs, mine], "as they stand on the label");
  assert.match((await page.locator("#member").textContent()) ?? "", /Người Kế Tiếp.*1 book on loan/s);
  assert.deepEqual(await atHome(zeros.card), [mine]);
  assert.deepEqual(await atHome(next.card), [theirs]);
  calm();
  await close();
  for (const barcode of [mine, theirs]) await librarian.post("/api/borrowing/v1/check-ins", { barcode, branch });
});

test("the book drop is told to the library; each answer has its sound, until it is switched off, and that is kept", async () => {
  const barcode = await copy();
  const member = await newMember(librarian, "Hồ Thùng Sách");
  await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode, branch });
  const { page, scan, quiet, first, calm, close } = await desk();
  await page.evaluate(() => {
    const heard = (/** @type {any} */ (window).heard = /** @type {number[]} */ ([]));
    window.OscillatorNode = class extends OscillatorNode {
      /** @param {BaseAudioContext} audio @param {OscillatorOptions} [tone] */
      constructor(audio, tone) {
        super(audio, tone);
        heard.push(Number(tone?.frequency));
      }
    };
  });
  const heard = () => page.evaluate(() => /** @type {any} */ (window).heard.splice(0));
  await page.keyboard.press("F4");
  await page.getByLabel("From the book drop").check();
  const [told] = await Promise.all([page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/check-ins")), scan(barcode)]);
  assert.equal(told.postDataJSON().book_drop, true);
  await quiet();
  assert.match((await first.textContent()) ?? "", /OK.*returned/s);
  const yes = await heard();
  await scan("NOTHING-HAS-THIS");
  await first.locator(".sign", { hasText: "NO" }).waitFor();
  await quiet();
  const no = await heard();
  assert.ok(yes.length > 0 && no.length > 0 && Math.max(...no) < Math.min(...yes), `yes ${yes}, no ${no}`);
  await page.getByLabel("Sound").uncheck();
  await scan("NOTHING-HAS-THIS-EITHER");
  await first.locator(".name", { hasText: "EITHER" }).waitFor();
  await quiet();
  assert.deepEqual(await heard(), []);
  await page.reload();
  await page.locator("#scan").waitFor();
  assert.equal(await page.getByLabel("Sound").isChecked(), false);
  assert.equal(await page.getByLabel("From the book drop").isVisible(), false, "lending has no book drop");
  calm();
  await close();
});

test("scans that were kept outlive the page: closing it is warned of, loading it again sends them, each once", async () => {
  const member = await newMember(librarian, "Mai Tải Lại");
  const codes = [await copy(), await copy()];
  const { page, scan, quiet, close } = await desk();
  await scan(member.card);
  await quiet();
  await page.route("**/api/borrowing/v1/loans", (route) => (route.request().method() === "POST" ? route.abort("connectionreset") : route.continue()));
  await scan(...codes);
  await page.locator(".scan.held").waitFor();
  page.removeAllListeners("dialog");
  let warned = "";
  page.on("dialog", (dialog) => {
    warned = dialog.type();
    void dialog.accept();
  });
  await page.reload();
  assert.equal(warned, "beforeunload");
  await page.locator(".scan.held").waitFor();
  assert.match((await page.locator("#member").textContent()) ?? "", /Mai Tải Lại/, "whose turn it was is known");
  await page.unroute("**/api/borrowing/v1/loans");
  await quiet();
  assert.equal(await page.locator(".scan.ok").count(), 2);
  assert.deepEqual((await atHome(member.card)).sort(), codes.toSorted());
  await close();
  for (const barcode of codes) await librarian.post("/api/borrowing/v1/check-ins", { barcode, branch });
});

test("what the library itself remarks is told in the desk's language; a card that has run out is told at once (Vietnamese)", async () => {
  const barcode = await copy();
  await librarian.post(`/api/borrowing/v1/items/${barcode}/damaged`, {});
  const old = await librarian.post("/api/members/v1/members", { name: "Thẻ Hết Hạn", category: "adult", expires_on: "2020-01-31" });
  const { page, scan, quiet, first, calm, close } = await desk({ locale: "vi-VN" });
  await scan(old.card);
  await page.locator("#member .note.bad", { hasText: "Thẻ đã hết hạn ngày Thứ Sáu, 31 tháng 1, 2020." }).waitFor();
  await page.keyboard.press("F4");
  await scan(barcode);
  await first.locator(".alert", { hasText: "Bản này bị hư hỏng." }).waitFor();
  await quiet();
  await speaksVietnamese(page, "a remark of the library");
  calm();
  await close();
});
