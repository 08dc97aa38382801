// vietnamese-office.test.mjs: a librarian and an operator live through their days in Vietnamese, which only their browser asks for, and no word of English is left.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { hand, launch, newMember, PHONE, picture, reader, signIn, visit } from "../browser.mjs";
import { DAY, DAY_AHEAD, speaksVietnamese, VIETNAMESE } from "../vietnamese.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

/** A page of somebody on the staff. @param {string} role @param {string} path @param {Parameters<typeof reader>[1]} [options] */
async function office(role, path, options) {
  const at = await reader(browser, { ...VIETNAMESE, ...options });
  await at.open(`/sign-in?next=${path}`);
  await signIn(at.page, role);
  return at;
}

test("a title is made and edited beside a colleague's edit, and cannot be deleted while it has a copy", async () => {
  const code = `VIE${Date.now()}`;
  const { page, calm, close } = await office("librarian", `/catalogue/new?barcode=${code}`, { expected: [409, 412] });
  await page.getByRole("textbox", { name: "Nhan đề", exact: true }).fill("Chuyện kể bằng tiếng Việt");
  await page.getByLabel("Tác giả").fill("Trần Người Kể");
  await page.getByLabel("Năm").fill("năm ngoái");
  await page.getByRole("button", { name: "Thêm nhan đề" }).click();
  await page.getByText("Đây không phải là số nguyên.").waitFor();
  await speaksVietnamese(page, "a new title");
  await page.getByLabel("Năm").fill("1999");
  await page.getByRole("button", { name: "Thêm nhan đề" }).click();
  await page.waitForURL(`**/edit?barcode=${code}`);
  const id = Number(/books\/(\d+)\/edit/.exec(page.url())?.[1]);
  await page.getByLabel("Ký hiệu xếp giá").fill("895 TRA");
  await page.getByRole("button", { name: "Thêm bản" }).click();
  await page.locator(`tr[data-barcode="${code}"]`, { hasText: "Có sẵn" }).waitFor();

  const { version, ...book } = await librarian.get(`/api/catalog/v1/books/${id}`);
  await librarian.put(`/api/catalog/v1/books/${id}`, { ...book, version, publisher: "Nhà xuất bản Kia", pages: 321 });
  await page.getByLabel("Nhà xuất bản").fill("Nhà xuất bản Này");
  await page.locator("#book").getByRole("button", { name: "Lưu" }).click();
  await page.getByText("Có người vừa sửa nhan đề này.").waitFor();
  assert.deepEqual(await page.locator(".theirs .letter").allTextContents(), ["Nhà xuất bản Kia", "321"]);
  assert.deepEqual(await page.locator(".theirs button").allTextContents(), ["Lấy của họ Nhà xuất bản", "Lấy của họ Số trang"], "each says what it takes");
  await speaksVietnamese(page, "a conflict about a title");
  await picture(page, "book-conflict-vi", true);
  await page.getByRole("button", { name: "Lấy của họ Số trang" }).click();
  await page.locator("#book").getByRole("button", { name: "Lưu" }).click();
  await page.locator("bv-toast", { hasText: "Đã lưu" }).waitFor();
  const saved = await librarian.get(`/api/catalog/v1/books/${id}`);
  assert.deepEqual([saved.publisher, saved.pages], ["Nhà xuất bản Này", 321]);

  await page.locator("summary", { hasText: "Xóa hoặc gộp" }).click();
  await page.getByRole("button", { name: "Xóa nhan đề này" }).click();
  await page.locator("#delete .note.bad", { hasText: "Nhan đề còn bản chưa thanh lý." }).waitFor();
  await speaksVietnamese(page, "a title that cannot be deleted");
  await page.getByRole("button", { name: `Thanh lý ${code}` }).click();
  await page.locator(`tr[data-barcode="${code}"]`, { hasText: "Đã thanh lý" }).waitFor();
  await page.getByRole("button", { name: "Xóa nhan đề này" }).click();
  await page.waitForURL("**/search");
  calm();
  await close();
});

test("files are imported: one with a refused row, one that breaks off, one that is no table (phone)", async () => {
  const { page, open, calm, close } = await office("librarian", "/catalogue/import", { viewport: PHONE, expected: [422] });
  await speaksVietnamese(page, "the import form");
  const send = async (/** @type {string} */ name, /** @type {Buffer} */ buffer) => {
    await open("/catalogue/import");
    await page.getByLabel("Tệp", { exact: true }).setInputFiles({ name, mimeType: "text/csv", buffer });
    await page.getByRole("button", { name: "Nhập" }).click();
  };
  await send("sach.csv", Buffer.from("title,authors,language\nSách thử một,Người Nhập,vi\nSách thử hai,Người Nhập,vi\n,Không Ai,vi\n"));
  await page.getByText("Xong: đã đọc mọi dòng. Chỉ thử: không có gì thay đổi.").waitFor();
  assert.match(await page.locator("#progress").innerText(), /Mới\s+2\s+Đã sửa\s+0\s+Không đổi\s+0\s+Bị từ chối\s+1/);
  assert.deepEqual(await page.locator("#refused td[data-label='Vì sao']").allTextContents(), ["để trống"]);
  await speaksVietnamese(page, "an import with a refused row");

  const rows = Array.from({ length: 6000 }, (_, i) => `Sách đứt ${i} ${Math.random()},Người Nhập ${Math.random()},vi`);
  const packed = gzipSync(`title,authors,language\n${rows.join("\n")}\n`);
  await send("sach-dut.csv.gz", packed.subarray(0, packed.length - 2000));
  const failed = page.locator("#progress .note.bad", { hasText: "Đã dừng:" });
  await failed.waitFor();
  assert.match((await failed.textContent()) ?? "", /^Đã dừng: sau dòng \d+: tệp bị đứt ở dòng \d+: phần nén không đầy đủ /);
  await speaksVietnamese(page, "an import that broke off");
  await picture(page, "import-failed-phone-vi");
  await send("sach.csv", Buffer.from("a;b\n1;2\n"));
  await page.locator("form .note.bad", { hasText: /^không nhập được tệp này: các cột không thuộc dạng đã biết .* Hãy ghi cột nào là cột nào, chẳng hạn title=a$/ }).waitFor();
  await speaksVietnamese(page, "a file that cannot be read");
  calm();
  await close();
});

test("a rule is tried and published; a colleague's version is not overwritten", async () => {
  const { version, published_at: _, published_by: __, note: ___, ...first } = await librarian.get("/api/borrowing/v1/rules");
  const member = await newMember(librarian, "Thử Quy Định Việt");
  const { page, calm, close } = await office("librarian", "/rules", { expected: [412] });
  await page.locator(".rule summary").first().click();
  const rule = page.locator(".rule").first();
  await rule.getByLabel("Số ngày mượn").fill("33");
  await page.getByLabel("Số thẻ, hoặc để trống").fill(member.card);
  await page.getByRole("button", { name: "Thử" }).click();
  await page.locator("#foreseen", { hasText: "Sẽ được cho mượn." }).waitFor();
  assert.match(await page.locator("#foreseen").innerText(), new RegExp(`Hạn trả ${DAY_AHEAD}: 33 ngày từ ${DAY}.*Quy định: mọi chi nhánh · mọi bạn đọc · mọi loại.*Tổng số mượn: 0 trên \\d+`, "s"));
  await speaksVietnamese(page, "a rule that was tried");
  await page.getByLabel("Vì sao thay đổi").fill("Mượn lâu hơn");
  await page.getByRole("button", { name: "Công bố" }).click();
  await page.locator("bv-toast", { hasText: `Đã công bố: bản số ${version + 1} có hiệu lực.` }).waitFor();
  await librarian.put("/api/borrowing/v1/rules", first, version + 1); // a colleague publishes
  await page.getByRole("button", { name: "Công bố" }).click();
  await page.getByText("Có người vừa công bố bản khác.").waitFor();
  await page.locator("summary", { hasText: "Ai đã công bố gì" }).click();
  await speaksVietnamese(page, "rules that were published meanwhile");
  calm();
  await close();
});

test("the operator switches a pattern off and on; no page of the staff speaks English", async () => {
  const { page, calm, close } = await office("administrator", "/ops");
  const compression = page.locator("[data-pattern=compression]");
  await compression.locator(".doing div").first().waitFor();
  await compression.getByRole("switch", { name: "Bật tắt compression" }).press("Space");
  await compression.getByText("cấu hình khác: Bật ở lần khởi động sau").waitFor();
  await page.locator("#way .step.off", { hasText: "(Tắt)" }).waitFor();
  await speaksVietnamese(page, "operations with a pattern off");
  await picture(page, "ops-vi");
  await compression.getByRole("switch").press("Space");
  await compression.getByText("cấu hình khác").waitFor({ state: "detached" });
  for (const path of ["/desk/transit", "/desk/claims", "/desk/notices", "/desk/exceptions", "/desk/reports", "/members?q=nguyen", `/members/${librarian.card}`, "/members/new", "/calendar", "/house", "/audit", "/audit?of=accounts"]) {
    await visit(page, path);
    await speaksVietnamese(page, path);
  }
  calm();
  await close();
});
