// vietnamese-counter.test.mjs: the desk in Vietnamese, beyond lending: a member's card and money, an outage and what came of it, the lists, a book that nobody knows, the book drop.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, newMember, PHONE, picture, reader, settled, signIn, visit } from "../browser.mjs";
import { DAY, speaksVietnamese, VIETNAMESE } from "../vietnamese.mjs";

const NOW = Date.now();

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
/** @type {{code: string, name: string}[]} */
let places;
let made = 0;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
  ({ items: places } = await librarian.get("/api/borrowing/v1/branches"));
});
after(() => browser.close());

/** A copy at the first branch, of a title of its own. */
async function copy() {
  const [title, barcode] = [`Sách quầy ${NOW} số ${++made}`, `VIC${NOW}${made}`];
  const { id } = await librarian.post("/api/catalog/v1/books", { title, authors: [{ name: "Lương Ở Quầy" }], language: "vi" });
  await librarian.post("/api/borrowing/v1/items", { book_id: id, barcode, branch: places[0].code, price: { minor: 90_000, currency: "VND" } });
  return { id, title, barcode };
}

/** Somebody on the staff at a page of the first branch. @param {string} role @param {string} path @param {Parameters<typeof reader>[1]} [options] */
async function counter(role, path, options) {
  const at = await reader(browser, { ...VIETNAMESE, ...options });
  await at.page.addInitScript((branch) => localStorage.setItem("bookvault.desk.branch", branch), places[0].code);
  await at.open(`/sign-in?next=${path}`);
  await signIn(at.page, role);
  await settled(at.page);
  const first = at.page.locator(".scan").first();
  const scan = async (/** @type {string[]} */ ...codes) => {
    for (const code of codes) {
      await at.page.keyboard.insertText(code);
      await at.page.keyboard.press("Enter");
    }
  };
  /** Nothing waits any more, and the newest line reads so. @param {RegExp} words */
  const heard = async (words) => {
    await at.page.waitForFunction(() => document.querySelectorAll(".scan.waiting, .scan.held").length === 0);
    assert.match(((await first.textContent()) ?? "").replace(/\s+/g, " "), words);
  };
  const row = (/** @type {string} */ barcode) => at.page.locator(`tr[data-barcode="${barcode}"]`);
  const said = (/** @type {string} */ words) => at.page.locator("bv-toast", { hasText: words }).waitFor();
  return { ...at, first, scan, heard, row, said };
}

test("a member is created, edited beside a colleague, renewed, blocked, and gets another card", async () => {
  const card = `28${NOW}`;
  const { page, said, calm, close } = await counter("desk", `/members/new?card=${card}`, { expected: [409, 412] });
  await page.getByLabel("Họ tên", { exact: true }).fill("Lương Thị Mới");
  await page.getByLabel("Có giá trị đến").fill("2027-01-31");
  await speaksVietnamese(page, "a new member");
  await page.getByRole("button", { name: "Tạo bạn đọc" }).click();
  await page.waitForURL(`**/members/${card}`);
  await settled(page);
  await page.getByText("Sửa thông tin").click();
  await librarian.patch(`/api/members/v1/members/${card}`, { email: "moi@example.org" }); // a colleague is quicker
  await page.locator("#edit").getByLabel("Họ tên", { exact: true }).fill("Lương Mới");
  await page.locator("#edit").getByRole("button", { name: "Lưu" }).click();
  await page.getByText("Có người vừa sửa bạn đọc này.").waitFor();
  assert.match((await page.locator(".theirs").allTextContents()).join("|"), /Hiện là: moi@example\.org/);
  await speaksVietnamese(page, "a conflict about a member");
  await page.locator("#edit").getByLabel("Email").fill("moi@example.org");
  await page.locator("#edit").getByRole("button", { name: "Lưu" }).click();
  await page.locator("h1", { hasText: /^Lương Mới$/ }).waitFor();

  await page.locator("#block").evaluate((fold) => fold.classList.add("before"));
  await page.getByRole("button", { name: "Gia hạn thẻ" }).click();
  await said("Đã gia hạn đến");
  await page.locator("#block:not(.before)").waitFor(); // the page was drawn anew, with its folds shut
  await page.locator("#block summary").click();
  await page.getByLabel("Loại").selectOption("conduct");
  await page.getByRole("button", { name: "Khóa", exact: true }).click();
  const blocked = page.getByText("Đang bị khóa: vi phạm nội quy.");
  await blocked.waitFor();
  await speaksVietnamese(page, "a member who is blocked");
  await page.getByRole("button", { name: "Bỏ khóa" }).click();
  await blocked.waitFor({ state: "detached" });
  await page.locator("#replace summary").click();
  await page.getByLabel("Thẻ mới").fill(librarian.card);
  await page.getByRole("button", { name: "Thay thẻ", exact: true }).click();
  await page.locator("#replace .note.bad", { hasText: "Số thẻ này đang, hoặc đã từng, thuộc về người khác." }).waitFor();
  await speaksVietnamese(page, "a card that is another's");
  await page.getByLabel("Thẻ mới").fill(`${card}9`);
  await page.getByRole("button", { name: "Thay thẻ", exact: true }).click();
  await page.waitForURL(`**/members/${card}9`);
  calm();
  await close();
});

test("a lost book is charged, paid in part, and the rest waived; a claim is noted and found (phone, dark)", async () => {
  const member = await newMember(librarian, "Lương Mất Sách");
  const [claimed, lost] = [await copy(), await copy()];
  for (const { barcode } of [claimed, lost]) await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode, branch: places[0].code });
  const { page, row, scan, heard, said, calm, close } = await counter("librarian", `/members/${member.card}`, { viewport: PHONE, scheme: "dark", expected: [409] });
  await row(claimed.barcode).getByRole("button", { name: "Nói là đã trả" }).click();
  await row(claimed.barcode).getByText("nói là đã trả ngày").waitFor();
  await row(lost.barcode).getByRole("button", { name: "Mất…" }).click();
  await speaksVietnamese(page, "a book that is to be declared lost");
  await page.getByRole("button", { name: "Ghi là mất" }).click();
  await row(lost.barcode).getByText("ghi là mất ngày").waitFor();
  await page.locator("#account strong", { hasText: "Còn phải trả" }).waitFor();
  await speaksVietnamese(page, "an account with charges");
  await picture(page, "member-account-phone-dark-vi", true);
  const balance = async () => (await librarian.get(`/api/borrowing/v1/charges?member_card=${member.card}`)).balance;
  const owed = await balance();
  const [pay, waive] = [page.locator("[data-form=pay]"), page.locator("[data-form=waive]")];
  for (const [amount, why] of [["mười", "Đây không phải là số tiền."], ["999.999.999", "Số tiền này nhiều hơn số còn nợ."]]) {
    await pay.locator("[name=amount]").fill(amount);
    await pay.getByRole("button", { name: "Nhận tiền" }).click();
    await pay.locator(".note.bad", { hasText: why }).waitFor();
  }
  await speaksVietnamese(page, "a payment that is refused");
  await pay.locator("[name=amount]").fill("1.000");
  await pay.getByRole("button", { name: "Nhận tiền" }).click();
  await said("Đã nhận");
  assert.equal(await balance(), owed - 1000);
  await page.locator("summary", { hasText: "Miễn" }).click();
  await waive.getByLabel("Lý do").fill("tìm thấy trong thùng trả sách");
  await waive.getByRole("button", { name: "Miễn" }).click();
  await page.getByText("Không nợ gì.").waitFor();
  assert.equal(await balance(), 0);
  await page.getByRole("button", { name: "Xem cả khoản đã xong" }).click();
  await page.getByRole("button", { name: "Chỉ xem khoản chưa xong" }).waitFor();
  await speaksVietnamese(page, "an account that is settled");

  await visit(page, "/desk/claims");
  assert.match((await row(claimed.barcode).textContent()) ?? "", /hôm nay/);
  await speaksVietnamese(page, "claims");
  await scan(claimed.barcode);
  await row(claimed.barcode).waitFor({ state: "detached" });
  await heard(/ĐƯỢC.*đã trả/);
  calm();
  await close();
});

test("scans of an outage are kept, and each is told for itself when it is over", async () => {
  const member = await librarian.post("/api/members/v1/members", { name: "Lương Mất Mạng", category: "adult", expires_on: "2020-01-31" });
  const copies = [await copy(), await copy()];
  const { context, page, scan, heard, first, open, close } = await counter("desk", "/desk");
  await scan(member.card);
  await heard(/BÁO.*Lương Mất Mạng/);
  await speaksVietnamese(page, "a desk with a card that has run out"); // and the words of both languages are there when nothing can be loaded
  await context.setOffline(true);
  await scan(copies[0].barcode);
  await page.locator(".scan.held").waitFor();
  await scan(copies[1].barcode); // now it is known that there is no connection, so the library is told when this was
  await page.getByRole("alert").filter({ hasText: "Mất kết nối" }).waitFor();
  await page.locator("#queue", { hasText: "Mất kết nối: giữ lại 2 lần quét" }).waitFor();
  await speaksVietnamese(page, "the desk without a connection");
  await picture(page, "desk-offline-vi");
  await context.setOffline(false);
  await heard(/ĐƯỢC.*Vẫn được ghi nhận, dù: Thẻ đã hết hạn\./);
  const sent = page.locator(".scan").nth(1);
  assert.match((await sent.textContent()) ?? "", /KHÔNG.*Quét khi chưa ghi nhận được\..*Thẻ đã hết hạn\./s);
  await speaksVietnamese(page, "the desk after an outage");
  await picture(page, "desk-after-outage-vi");
  await sent.getByRole("button", { name: "Sách đã đi: ghi nhận" }).click();
  await sent.locator(".sign", { hasText: "ĐƯỢC" }).waitFor();
  await open("/desk/exceptions");
  assert.equal(await page.locator("tr", { hasText: member.card }).count(), 2);
  await speaksVietnamese(page, "exceptions");

  await open("/desk");
  await page.keyboard.press("F4");
  const closed = { status: 503, headers: { "Retry-After": "1" }, contentType: "application/problem+json", body: '{"status":503,"code":"no_primary","detail":"Nothing can be changed right now; reading goes on."}' };
  await page.route("**/api/borrowing/v1/check-ins", (route) => route.fulfill(closed));
  await scan(...copies.map(({ barcode }) => barcode));
  await page.getByRole("alert").filter({ hasText: "Thư viện tạm thời không ghi nhận được gì" }).waitFor();
  await page.locator("#queue", { hasText: "giữ lại 2 lần quét" }).waitFor();
  await speaksVietnamese(page, "the desk while nothing is recorded");
  await page.unroute("**/api/borrowing/v1/check-ins");
  await heard(/ĐƯỢC.*đã trả/);
  assert.equal(await first.locator(".code").textContent(), copies[1].barcode);
  await close();
});

test("what is not found is missing; what travels is sent and arrives; a book nobody knows is added; the book drop", async () => {
  const member = await newMember(librarian, "Lương Đợi Sách");
  const [gone, travels] = [await copy(), await copy()];
  for (const { id } of [gone, travels]) await librarian.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: id, pickup_branch: id === gone.id ? places[0].code : places[1].code });
  const { page, row, scan, heard, first, said, calm, close } = await counter("desk", "/desk/pull-list", { expected: [404] });
  await row(gone.barcode).getByRole("button", { name: "Không tìm thấy" }).click();
  await said("Đã ghi là thất lạc");
  await row(gone.barcode).waitFor({ state: "detached" });
  await scan(travels.barcode);
  await heard(new RegExp(`ĐƯỢC.*gửi đến ${places[1].name}`));
  await speaksVietnamese(page, "the pull list and what is sent");
  await visit(page, "/desk/transit");
  await row(travels.barcode).waitFor();
  await speaksVietnamese(page, "what travels");
  await page.getByLabel("Chi nhánh").selectOption(places[1].code);
  await settled(page);
  await row(travels.barcode).waitFor();
  await scan(travels.barcode);
  await heard(/ĐƯỢC.*để lên giá đặt giữ/);
  await visit(page, "/desk/hold-shelf");
  assert.match((await row(travels.barcode).textContent()) ?? "", new RegExp(`thẻ có số cuối ${member.card.slice(-4)}.*${DAY}`, "s"));
  await speaksVietnamese(page, "the hold shelf");

  const code = `VIL${NOW}`;
  await visit(page, "/desk");
  await scan(member.card, code);
  await heard(/KHÔNG.*Không có thẻ hay sách nào mang số này/);
  await first.locator("summary", { hasText: "Thêm thành một bản…" }).click();
  await page.getByLabel("Của nhan đề nào?").fill("truyen kieu");
  await page.keyboard.press("Enter");
  await first.getByRole("radio").first().waitFor();
  await page.getByLabel("Ký hiệu xếp giá").fill("895.922 NGU");
  await speaksVietnamese(page, "a book nobody knows");
  await page.getByRole("button", { name: "Thêm bản này" }).click();
  await first.locator(".sign", { hasText: "ĐƯỢC" }).waitFor();
  await page.keyboard.press("F4");
  await page.getByLabel("Thùng trả sách").check();
  await page.getByLabel("Âm thanh").uncheck();
  const [told] = await Promise.all([page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/check-ins")), scan(code)]);
  assert.equal(told.postDataJSON().book_drop, true);
  await heard(/ĐƯỢC.*đã trả/);
  await speaksVietnamese(page, "the book drop");
  calm();
  await close();
});
