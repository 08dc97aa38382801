// vietnamese-reader.test.mjs: a reader's own library in Vietnamese, with something in it: stars, lists, charges, history, profile, browsers, keys, password.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, newReader, PHONE, picture, settled, URL_ } from "../browser.mjs";
import { speaksVietnamese, VIETNAMESE } from "../vietnamese.mjs";

const NOW = Date.now();

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
/** @type {{id: number, title: string, barcode: string}} */
let book;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
  const title = `Sách riêng ${NOW}`;
  const { id } = await librarian.post("/api/catalog/v1/books", { title, authors: [{ name: "Mai Người Viết" }], language: "vi" });
  const { items } = await librarian.get("/api/borrowing/v1/branches");
  const { barcode } = await librarian.post("/api/borrowing/v1/items", { book_id: id, barcode: `VIR${NOW}`, branch: items[0].code });
  book = { id, title, barcode };
});
after(() => browser.close());

test("stars and lists are found in one's library, changed and taken away", async () => {
  const { page, open, calm, close } = await newReader(browser, librarian, "Mai Ngôi Sao", VIETNAMESE);
  const said = (/** @type {string} */ words) => page.locator("bv-toast", { hasText: words }).waitFor();
  await open(`/books/${book.id}`);
  await page.getByRole("radio", { name: "5 sao trên 5" }).check({ force: true });
  await said("Cảm ơn bạn: đánh giá đã được ghi.");
  await page.locator("summary", { hasText: "Đưa vào danh sách đọc" }).click();
  await page.getByLabel("Danh sách mới").fill("Mùa mưa");
  await page.getByRole("button", { name: "Lập và đưa sách vào" }).click();
  await said("Đã đưa vào danh sách");
  await page.getByRole("checkbox", { name: "Mùa mưa" }).uncheck();
  await said("Đã lấy ra khỏi danh sách");
  await page.getByRole("checkbox", { name: "Mùa mưa" }).check();
  await said("Đã đưa vào danh sách");
  await speaksVietnamese(page, "a title with stars and lists");

  await open("/ratings");
  const given = page.locator("li.kept", { hasText: book.title });
  assert.match((await given.textContent()) ?? "", /5 sao trên 5/);
  await speaksVietnamese(page, "one's stars");
  await picture(page, "ratings-vi");
  await given.getByRole("button", { name: `Bỏ đánh giá ${book.title}` }).click();
  await given.waitFor({ state: "detached" });
  await speaksVietnamese(page, "no stars left");

  await open("/reading-lists");
  const list = page.getByRole("region", { name: "Mùa mưa" });
  await list.getByRole("button", { name: `Lấy ra ${book.title}` }).click();
  await list.locator("h3").waitFor({ state: "detached" });
  await list.locator("summary").click();
  await speaksVietnamese(page, "an empty list");
  await list.getByLabel("Tên danh sách").fill("Mùa khô");
  await list.getByRole("button", { name: "Đổi tên" }).click();
  const renamed = page.getByRole("region", { name: "Mùa khô" });
  await said("Đã đổi tên");
  await renamed.locator("summary").click();
  await renamed.getByRole("button", { name: "Xóa danh sách" }).click();
  await renamed.waitFor({ state: "detached" });
  await speaksVietnamese(page, "no lists left");
  calm();
  await close();
});

test("charges are read, a history is kept and forgotten (phone, dark)", async () => {
  const { page, open, calm, close, card } = await newReader(browser, librarian, "Mai Lịch Sử", { ...VIETNAMESE, viewport: PHONE, scheme: "dark" });
  await librarian.post("/api/borrowing/v1/charges", { member_card: card, amount: 12_000, note: "Túi đựng sách" });
  await open("/charges");
  assert.match((await page.locator("main").innerText()).replace(/\u00a0/g, " "), /Phải trả: 12\.000 ₫\s+Các khoản này trả tại quầy\..*Túi đựng sách/s);
  await speaksVietnamese(page, "charges");
  await open("/history");
  await page.getByRole("button", { name: "Lưu lịch sử mượn từ nay" }).click();
  await page.locator("main p", { hasText: "Từ nay lịch sử mượn của bạn được lưu." }).waitFor();
  await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode: book.barcode });
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: book.barcode });
  await open("/history");
  assert.match((await page.locator("main li", { hasText: book.title }).textContent()) ?? "", /trả ngày Thứ|trả ngày Chủ Nhật/);
  await speaksVietnamese(page, "a history");
  await picture(page, "history-phone-dark-vi");
  await page.getByRole("button", { name: "Không lưu nữa" }).click();
  await page.getByText("Từ nay không lưu nữa.").waitFor();
  await speaksVietnamese(page, "a history that is kept no longer");
  calm();
  await close();
});

test("a reader changes their details and password, signs out elsewhere, makes and revokes a key", async () => {
  const { page, open, calm, close, card, password } = await newReader(browser, librarian, "Mai Hồ Sơ", { ...VIETNAMESE, expected: [403, 422] });
  const said = (/** @type {string} */ words) => page.locator("bv-toast", { hasText: words }).waitFor();
  await fetch(`${URL_}/api/members/v1/sessions`, { method: "POST", headers: { "Content-Type": "application/json", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" }, body: JSON.stringify({ login: card, password }) });
  await open("/profile");
  await page.getByLabel("Email").fill("mai@example.org");
  await page.getByRole("button", { name: "Lưu" }).click();
  await said("Đã lưu");
  const elsewhere = page.locator("li", { hasText: "Firefox" });
  await speaksVietnamese(page, "a profile with two browsers");
  await elsewhere.getByRole("button", { name: "Đăng xuất ở đó" }).click();
  await said("Đã đăng xuất ở đó.");
  await elsewhere.waitFor({ state: "detached" });

  await page.getByLabel("Dùng cho việc gì").fill("kịch bản");
  await page.getByRole("button", { name: "Tạo khóa" }).click();
  await page.locator("#made", { hasText: "Hãy chép ngay; khóa sẽ không hiện lại." }).waitFor();
  await speaksVietnamese(page, "a key that was made");
  await picture(page, "profile-key-vi", true);
  await page.getByRole("button", { name: "Thu hồi kịch bản" }).click();
  await page.locator("li", { hasText: "kịch bản" }).waitFor({ state: "detached" });

  await page.locator("summary", { hasText: "Đổi mật khẩu" }).click();
  await page.getByLabel("Mật khẩu hiện tại").fill("sai");
  await page.getByLabel("Mật khẩu mới").fill("một phòng đọc khác");
  await page.getByRole("button", { name: "Đổi mật khẩu" }).click();
  await page.locator("#password .note.bad", { hasText: "Mật khẩu hiện tại chưa đúng." }).waitFor();
  await speaksVietnamese(page, "a password that is refused");
  await page.getByLabel("Mật khẩu hiện tại").fill(password);
  await page.getByRole("button", { name: "Đổi mật khẩu" }).click();
  await said("Đã đổi mật khẩu.");
  await settled(page);
  await speaksVietnamese(page, "a password that was changed");
  calm();
  await close();
});
