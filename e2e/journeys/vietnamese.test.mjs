// vietnamese.test.mjs: a reader and the desk live through their days in Vietnamese, which only their browser asks for, and no word of English is left.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newMember, newReader, PHONE, picture, reader, settled, signIn, visit } from "../browser.mjs";
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

const give = (/** @type {string} */ card, /** @type {{barcode: string, branch: string}} */ { barcode, branch }) => librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode, branch });
const take = (/** @type {{barcode: string, branch: string}} */ { barcode, branch }) => librarian.post("/api/borrowing/v1/check-ins", { barcode, branch });

test("what is left in English is found", async () => {
  const { page, open, close } = await reader(browser, VIETNAMESE);
  await open("/sign-in");
  await speaksVietnamese(page, "the page to sign in");
  for (const words of ["Password", "3 people are waiting", "Còn lại: The catalogue fell over."]) {
    await page.evaluate((text) => (/** @type {Element} */ (document.querySelector("h1")).textContent = text), words);
    await assert.rejects(speaksVietnamese(page, "a heading"), /English in a heading/, words);
  }
  await close();
});

test("a reader finds a title by words without accents, filters, and gives it stars (phone)", async () => {
  const { page, open, calm, close } = await newReader(browser, librarian, "Lý Tìm Sách", { ...VIETNAMESE, viewport: PHONE });
  assert.equal(await page.locator("h1").textContent(), "Chưa mượn cuốn nào");
  await speaksVietnamese(page, "an empty library of one's own");
  await open("/");
  assert.equal(await page.locator("h1").textContent(), "Bạn muốn đọc gì?");
  await page.locator("#size:not(:empty)").waitFor();
  await speaksVietnamese(page, "the front page");
  await page.locator("bv-search.large input").fill("truyen kieu");
  const suggested = page.locator("bv-search.large [role=option]", { hasText: "Truyện Kiều" }).first();
  await suggested.waitFor();
  assert.match((await suggested.textContent()) ?? "", /nhan đề$/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/search?q=truyen%20kieu");
  await settled(page);
  assert.equal(await page.locator(".row h2").first().textContent(), "Truyện Kiều");
  await page.locator(".facet-panel > summary", { hasText: "Bộ lọc" }).click();
  await speaksVietnamese(page, "results and their filters");
  await page.locator(".facets label", { hasText: /^\s*Thơ/ }).click();
  await page.waitForURL((url) => url.searchParams.get("genre") === "Poetry");
  await settled(page);
  assert.match((await page.locator(".results-head p").textContent()) ?? "", /^(Từ )?[\d.]+ nhan đề/);
  await page.locator(".row h2 a", { hasText: /^Truyện Kiều$/ }).first().click();
  await page.waitForURL("**/books/*");
  await settled(page);
  await page.locator(".own .stars").waitFor();
  await page.getByRole("radio", { name: "4 sao trên 5" }).check({ force: true });
  await page.locator("bv-toast", { hasText: "Cảm ơn bạn: đánh giá đã được ghi." }).waitFor();
  await page.locator(".average", { hasText: /^(★ [\d,]+ trên 5 sao, \d+ bạn đọc đánh giá|Chưa có ai đánh giá\.)$/ }).waitFor(); // the stars are counted a moment later
  await speaksVietnamese(page, "a title with one's stars");
  await page.getByRole("button", { name: "Bỏ đánh giá" }).click();
  await page.locator("bv-toast", { hasText: "Đã bỏ đánh giá của bạn." }).waitFor();
  calm();
  await close();
});

test("a reader borrows, renews until it is refused, waits for a title, gives it up, and reads English for a while", async () => {
  const [copy, out] = await freeCopies(librarian, 2, 194);
  const { items } = await librarian.get(`/api/borrowing/v1/items?book_id=${out.book_id}`);
  const other = await newMember(librarian, "Phùng Mượn Trước");
  const gone = items.filter((/** @type {{status: string}} */ { status }) => status === "available");
  for (const one of gone) await give(other.card, one);
  const { page, open, calm, close, card } = await newReader(browser, librarian, "Lý Mượn Sách", { ...VIETNAMESE, expected: [409, 422] });

  await open(`/books/${copy.book_id}`);
  await page.getByRole("button", { name: "Mượn", exact: true }).click();
  await page.locator("#borrow .note.good").waitFor();
  assert.match((await page.locator("#borrow .note.good").textContent()) ?? "", new RegExp(`^Sách là của bạn: hạn trả ${DAY_AHEAD}\\.`));
  await speaksVietnamese(page, "a title that was borrowed");
  await open(`/books/${out.book_id}`);
  assert.match((await page.locator("bv-availability").textContent()) ?? "", /^Cả \d+ bản đang được mượn/);
  await page.getByLabel("Nhận tại").selectOption(out.branch);
  await page.getByRole("button", { name: "Đặt giữ" }).click();
  await page.locator("#borrow .note.good", { hasText: "Bạn đứng thứ 1 trong hàng đợi; sách sẽ chờ bạn tại " }).waitFor();
  await page.locator("bv-availability", { hasText: "1 người đang đợi" }).waitFor();
  await speaksVietnamese(page, "a title that is waited for");

  await page.locator("#borrow").getByRole("link", { name: "Thư viện của tôi" }).click();
  await page.waitForURL("**/loans");
  await settled(page);
  const loan = page.locator("bv-loan", { hasText: copy.title });
  assert.match((await loan.locator(".when").textContent()) ?? "", new RegExp(`^Hạn trả ${DAY_AHEAD}$`));
  await loan.getByRole("button", { name: "Gia hạn" }).click();
  await loan.locator(".note.good", { hasText: "Đã gia hạn" }).waitFor();
  assert.match((await loan.locator(".when").textContent()) ?? "", new RegExp(`^Hạn trả ${DAY_AHEAD} · đã gia hạn 1 lần$`));
  const [{ id }] = (await librarian.get(`/api/borrowing/v1/loans?member_card=${card}&status=open`)).items;
  for (let more = true; more; ) more = await librarian.post(`/api/borrowing/v1/loans/${id}/renewals`).then(() => true, (error) => assert.match(String(error), /409/) ?? false);
  await loan.getByRole("button", { name: "Gia hạn" }).click();
  await loan.locator(".note.bad", { hasText: "Đã gia hạn đủ số lần cho phép." }).waitFor();
  const hold = page.locator("bv-hold", { hasText: out.title });
  assert.match((await hold.locator(".when").textContent()) ?? "", /^Thứ 1 trong 1 người đợi \d+ bản, nhận tại /);
  await hold.locator("summary", { hasText: "Thay đổi…" }).click();
  await hold.getByLabel("Tạm ngưng đến").fill("2099-12-31");
  await hold.getByRole("button", { name: "Lưu" }).click();
  await hold.locator(".when", { hasText: "Tạm ngưng đến Thứ Năm, 31 tháng 12, 2099" }).waitFor();
  await speaksVietnamese(page, "loans and holds");
  await picture(page, "loans-vi");
  await hold.getByRole("button", { name: "Hủy" }).click();
  await page.locator("bv-toast", { hasText: "Đã hủy. Bạn không còn đợi cuốn này." }).waitFor();

  await page.getByRole("button", { name: "English" }).click();
  await page.locator("h1", { hasText: "My library" }).waitFor();
  assert.match((await loan.locator(".when").textContent()) ?? "", /^Due \w+day, /);
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await page.locator("h1", { hasText: "Thư viện của tôi" }).waitFor();
  await page.reload();
  await settled(page);
  await speaksVietnamese(page, "one's library, back from English");
  await open("/profile");
  await page.getByLabel("Email").evaluate((box) => box.setAttribute("type", "text")); // as a browser without the check would send it
  await page.getByLabel("Email").fill("not an address");
  await page.locator("#details").getByRole("button", { name: "Lưu" }).click();
  await page.locator("#details .note.bad", { hasText: "Có ô chưa đúng. Hãy xem lại ô được đánh dấu." }).waitFor();
  await speaksVietnamese(page, "the profile and a refusal");
  for (const path of ["/charges", "/reading-lists", "/ratings", "/history"]) {
    await visit(page, path);
    await speaksVietnamese(page, path);
  }
  calm();
  await close();
  await Promise.all([copy, ...gone].map(take));
});

test("the desk lends, hears every reason of a refusal, lends all the same, takes back, undoes, pulls and clears", async () => {
  const [copy, wanted] = await freeCopies(librarian, 2, 194);
  const { card } = await librarian.post("/api/members/v1/members", { name: "Đặng Thẻ Cũ", category: "adult", expires_on: "2020-01-31" });
  await librarian.post(`/api/members/v1/members/${card}/blocks`, { code: "conduct" });
  const well = await newMember(librarian, "Đặng Thẻ Mới");
  const { page, open, calm, close } = await reader(browser, { ...VIETNAMESE, expected: [404, 409] });
  await page.addInitScript((branch) => localStorage.setItem("bookvault.desk.branch", branch), copy.branch);
  await open("/sign-in?next=/desk");
  await signIn(page, "librarian");
  await page.locator("#scan").waitFor();
  const first = page.locator(".scan").first();
  const scan = async (/** @type {string[]} */ ...codes) => {
    for (const code of codes) {
      await page.keyboard.insertText(code);
      await page.keyboard.press("Enter");
    }
    await page.waitForFunction(() => document.querySelectorAll(".scan.waiting, .scan.held").length === 0 && document.querySelector("#queue")?.textContent === "");
  };
  const heard = async (/** @type {RegExp} */ words) => assert.match(((await first.textContent()) ?? "").replace(/\s+/g, " "), words);

  await scan(copy.barcode);
  await heard(/KHÔNG.*Hãy quét thẻ bạn đọc trước/);
  await scan("NO-SUCH-THING");
  await heard(/KHÔNG.*Không có thẻ hay sách nào mang số này/);
  await speaksVietnamese(page, "the desk and a code that nobody knows");
  await scan(well.card, copy.barcode);
  await heard(new RegExp(`ĐƯỢC.*hạn trả ${DAY_AHEAD}.*sau [\\d.,]+ ms`));
  await first.getByRole("button", { name: "Hoàn tác" }).click();
  await first.locator(".words", { hasText: "đã hoàn tác" }).waitFor();
  await speaksVietnamese(page, "the desk and a lending that was undone");
  await scan(card, copy.barcode);
  await heard(/KHÔNG.*Thẻ đã hết hạn\..*Thẻ đang bị khóa\./);
  assert.match((await page.locator("#member").innerText()).replace(/\s+/g, " "), new RegExp(`Người lớn.*Thẻ đã hết hạn ngày ${DAY}.*Đang bị khóa: vi phạm nội quy\\..*0 cuốn đang mượn`));
  await speaksVietnamese(page, "the desk and a refusal");
  await page.getByText("Bỏ qua quy định…").click();
  await page.getByLabel("Vì sao vẫn cho mượn?").fill("Gia hạn thẻ ngay hôm nay");
  await page.getByRole("button", { name: "Vẫn cho mượn" }).click();
  await first.locator(".sign", { hasText: "ĐƯỢC" }).waitFor();
  await page.keyboard.press("F4");
  await scan(copy.barcode);
  await heard(/ĐƯỢC.*đã trả · xếp lại lên giá/);
  await scan(copy.barcode);
  await heard(/ĐƯỢC.*không phải sách đang mượn · xếp lại lên giá/);
  await speaksVietnamese(page, "the desk and books that are back");
  await picture(page, "desk-vi");

  const hold = await librarian.post("/api/borrowing/v1/holds", { member_card: well.card, book_id: wanted.book_id, pickup_branch: wanted.branch });
  await page.addInitScript((branch) => localStorage.setItem("bookvault.desk.branch", branch), wanted.branch);
  await open("/desk/pull-list");
  const pulled = page.locator("#list tr", { hasText: wanted.title }).first();
  const barcode = (await pulled.getAttribute("data-barcode")) ?? "";
  assert.match((await pulled.textContent()) ?? "", new RegExp(`thẻ có số cuối ${well.card.slice(-4)}`));
  await scan(barcode);
  await first.locator(".words", { hasText: "để lên giá đặt giữ" }).waitFor();
  await speaksVietnamese(page, "the pull list");
  await librarian.remove(`/api/borrowing/v1/holds/${hold.id}`);
  await open("/desk/hold-shelf");
  assert.match((await page.locator("section", { hasText: "Cần dọn" }).locator(`tr[data-barcode="${barcode}"]`).textContent()) ?? "", /đã hủy đặt giữ/);
  await speaksVietnamese(page, "the hold shelf");
  await scan(barcode);
  await first.locator(".words", { hasText: "xếp lại lên giá" }).waitFor();
  await page.locator(`tr[data-barcode="${barcode}"]`).waitFor({ state: "detached" });
  calm();
  await close();
});
