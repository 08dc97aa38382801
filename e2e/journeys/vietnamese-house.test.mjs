// vietnamese-house.test.mjs: a librarian's other work in Vietnamese: covers, copies, two titles made one, a file imported, kinds and categories, reports.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, newMember, PHONE, picture, reader, settled, signIn } from "../browser.mjs";
import { speaksVietnamese, VIETNAMESE } from "../vietnamese.mjs";

const NOW = Date.now();

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

/** A librarian at a page. @param {string} path @param {Parameters<typeof reader>[1]} [options] */
async function office(path, options) {
  const at = await reader(browser, { ...VIETNAMESE, ...options });
  await at.open(`/sign-in?next=${path}`);
  await signIn(at.page, "librarian");
  await settled(at.page);
  const said = (/** @type {string} */ words) => at.page.locator("bv-toast", { hasText: words }).waitFor();
  return { ...at, said };
}

test("a title gets a cover, its copy another mark, and it becomes one with another title", async () => {
  const newTitle = (/** @type {string} */ title) => librarian.post("/api/catalog/v1/books", { title: `${title} ${NOW}`, authors: [{ name: "Hà Người Gộp" }], language: "vi" });
  const [twice, stays] = [await newTitle("Bản trùng"), await newTitle("Bản ở lại")];
  const { items: places } = await librarian.get("/api/borrowing/v1/branches");
  const code = `VIH${NOW}`;
  await librarian.post("/api/borrowing/v1/items", { book_id: twice.id, barcode: code, branch: places[0].code });
  const { page, said, calm, close } = await office(`/books/${twice.id}/edit`, { expected: [415, 422] });
  const row = page.locator(`tr[data-barcode="${code}"]`);
  await row.waitFor();
  const upload = async (/** @type {Buffer} */ buffer) => {
    await page.getByLabel("Ảnh: JPEG, PNG hoặc WebP").setInputFiles({ name: "bia.png", mimeType: "image/png", buffer });
    await page.getByRole("button", { name: "Tải bìa lên" }).click();
  };
  await upload(Buffer.from("không phải ảnh"));
  await page.locator("#cover .note.bad", { hasText: "Bìa phải là ảnh JPEG, PNG hoặc WebP; tệp này là" }).waitFor();
  await speaksVietnamese(page, "a cover that is none");
  const png = (/** @type {number} */ size) => page.evaluate((width) => Object.assign(document.createElement("canvas"), { width, height: width * 1.5 }).toDataURL("image/png").split(",")[1], size);
  await upload(Buffer.from(await png(2), "base64"));
  await page.locator("#cover .note.bad", { hasText: "ảnh có 2 x 3 điểm" }).waitFor();
  await speaksVietnamese(page, "a cover that is too small");
  await upload(Buffer.from(await png(200), "base64"));
  await said("Đã đổi bìa");
  await page.getByRole("button", { name: "Bỏ bìa" }).click();
  await page.locator("[data-remove]").waitFor({ state: "detached" });

  await row.locator("summary", { hasText: "Sửa" }).click();
  await row.getByLabel("Ký hiệu xếp giá").fill("895 HÀ");
  await row.getByLabel("Giá đền").fill("chín mươi");
  await row.getByRole("button", { name: "Lưu" }).click();
  await row.locator(".note.bad", { hasText: "Đây không phải là số tiền." }).waitFor();
  await speaksVietnamese(page, "a copy that is edited");
  await row.getByLabel("Giá đền").fill("90.000");
  await row.getByRole("button", { name: "Lưu" }).click();
  await row.getByText("895 HÀ").waitFor();
  await row.getByRole("button", { name: `Hư hỏng ${code}` }).click();
  await row.getByText("Hư hỏng", { exact: true }).first().waitFor();
  await speaksVietnamese(page, "a copy that is damaged");

  await page.locator("summary", { hasText: "Xóa hoặc gộp" }).click();
  await page.getByLabel("Số của nhan đề được giữ lại").fill(String(twice.id));
  await page.getByRole("button", { name: "Gộp" }).click();
  await page.locator("#merge .note.bad").waitFor();
  await speaksVietnamese(page, "a title that cannot be merged with itself");
  await page.getByLabel("Số của nhan đề được giữ lại").fill(String(stays.id));
  await page.getByRole("button", { name: "Gộp" }).click();
  await page.waitForURL(`**/books/${stays.id}`);
  await said("Đã gộp");
  await settled(page);
  await speaksVietnamese(page, "a title made of two");
  calm();
  await close();
});

test("a file is imported, and told how far it is until every row was read", async () => {
  const { page, calm, close } = await office("/catalogue/import");
  await page.getByRole("button", { name: "Nhập" }).click();
  await page.getByText("Hãy chọn tệp trước.").waitFor();
  const rows = Array.from({ length: 200 }, (_, i) => `Sách nhập vào ${NOW} số ${i},Hà Người Nhập,vi`);
  await page.getByLabel("Tệp", { exact: true }).setInputFiles({ name: "sach.csv", mimeType: "text/csv", buffer: Buffer.from(`title,authors,language\n${rows.join("\n")}\n`) });
  await page.getByLabel("Chỉ thử, không thay đổi gì").uncheck();
  await page.getByText("Cách đọc tệp").click();
  await speaksVietnamese(page, "an import and how the file is read");
  await page.getByRole("button", { name: "Nhập" }).click();
  await page.getByText("Xong: đã đọc mọi dòng.").waitFor();
  assert.match(await page.locator("#progress").innerText(), /Mới\s+200\s+Đã sửa\s+0\s+Không đổi\s+0\s+Bị từ chối\s+0/);
  await speaksVietnamese(page, "an import that is over");
  calm();
  await close();
});

test("a kind of copies and a category are added, renamed, refused, and taken away (phone, dark)", async () => {
  const { page, said, calm, close } = await office("/house", { viewport: PHONE, scheme: "dark", expected: [409, 422] });
  const code = `v${NOW}`;
  const kinds = page.getByRole("region", { name: "Loại bản sách" });
  await kinds.getByText("Thêm loại bản sách").click();
  await kinds.locator("[data-add]").getByLabel("Mã").fill(code);
  await kinds.locator("[data-add]").getByLabel("Tên").fill("Bản đồ cuộn");
  await kinds.locator("[data-add]").getByRole("button", { name: "Thêm" }).click();
  const added = kinds.locator("li", { hasText: code });
  await added.locator("summary", { hasText: "Bản đồ cuộn" }).click();
  await added.getByLabel("Tên").fill("Bản đồ gấp");
  await added.getByRole("button", { name: "Đổi tên" }).click();
  await added.locator("summary", { hasText: "Bản đồ gấp" }).waitFor();
  await said("Đã lưu");

  const groups = page.getByRole("region", { name: "Nhóm bạn đọc" });
  const [{ code: taken }] = (await librarian.get("/api/members/v1/categories")).items;
  const form = groups.locator("[data-add]");
  await groups.getByText("Thêm nhóm bạn đọc").click();
  await form.getByLabel("Mã").fill(taken);
  await form.getByRole("textbox", { name: "Tên" }).fill("Khách");
  await form.getByLabel("Số tháng của thẻ").fill("vài tháng");
  await form.getByRole("button", { name: "Thêm" }).click();
  await form.locator(".note.bad", { hasText: "Số nguyên; để trống: không hết hạn." }).waitFor();
  await form.getByLabel("Số tháng của thẻ").fill("3");
  await form.getByRole("button", { name: "Thêm" }).click();
  await form.locator(".note.bad", { hasText: `Mã này đã là của nhóm bạn đọc ${taken}.` }).waitFor();
  await speaksVietnamese(page, "a category that is there already");
  await picture(page, "house-phone-dark-vi", true);
  await form.getByLabel("Mã").fill(code);
  await form.getByRole("button", { name: "Thêm" }).click();
  const guests = groups.locator("li", { hasText: code });
  await guests.locator("summary", { hasText: "3 tháng" }).waitFor();
  const guest = await librarian.post("/api/members/v1/members", { name: "Hà Khách", category: code });
  await guests.locator("summary").click();
  await guests.getByRole("button", { name: "Xóa" }).click();
  await guests.locator(".note.bad", { hasText: "Có bạn đọc thuộc nhóm này." }).waitFor();
  await speaksVietnamese(page, "a category with members");
  await librarian.patch(`/api/members/v1/members/${guest.card}`, { category: taken });
  await guests.getByRole("button", { name: "Xóa" }).click();
  await guests.waitFor({ state: "detached" });
  calm();
  await close();
});

test("reports are read for a year; an account of two that nobody has is refused", async () => {
  const { page, open, calm, close } = await office("/desk/reports", { expected: [404] });
  await page.getByRole("link", { name: "Một năm" }).click();
  await page.waitForURL("**/desk/reports?period=year");
  await settled(page);
  for (const name of ["Mượn nhiều nhất, mọi chi nhánh", "Vốn sách theo thể loại"]) assert.ok((await page.getByRole("table", { name }).locator("tbody tr").count()) > 3, name);
  await speaksVietnamese(page, "the reports of a year");
  await picture(page, "reports-vi", true);
  const { card } = await newMember(librarian, "Hà Hai Thẻ");
  await open(`/members/${card}`);
  await page.locator("#merge summary").click();
  await page.getByLabel("Thẻ của bạn đọc được giữ lại").fill("0000000000");
  await page.locator("#merge").getByLabel("Lý do").fill("hai thẻ");
  await page.getByRole("button", { name: "Gộp lại" }).click();
  await page.locator("#merge .note.bad", { hasText: "Không có bạn đọc nào mang thẻ này." }).waitFor();
  await speaksVietnamese(page, "two accounts that cannot be one");
  calm();
  await close();
});
