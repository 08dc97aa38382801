// catalogue.test.mjs: a librarian adds a title and its copy, edits it beside a colleague, gives it a cover, withdraws the copy, deletes it; and imports a file.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, PHONE, picture, reader, settled, signIn } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("a title from the first word to the last, with a colleague's edit beside one's own", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [404, 412, 409] });
  const code = `CAT${Date.now()}`;
  await open(`/sign-in?next=/catalogue/new?barcode=${code}`);
  await signIn(page, "librarian");
  await page.getByRole("textbox", { name: "Title", exact: true }).fill("Một nhan đề <em>mới</em>");
  await page.getByLabel("Authors").fill("Trần Người Viết\nSomebody Else");
  await page.getByLabel("Year").fill("nineteen");
  await page.getByRole("button", { name: "Add the title" }).click();
  await page.getByText("That is no whole number.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "published_year");
  await page.getByLabel("Year").fill("1999");
  await accessible(page, "a new title");
  await picture(page, "book-new");
  await page.getByRole("button", { name: "Add the title" }).click();
  await page.waitForURL(`**/edit?barcode=${code}`);
  const id = Number(/books\/(\d+)\/edit/.exec(page.url())?.[1]);
  await page.getByLabel("Shelf mark").fill("895 TRA");
  assert.equal(await page.locator("#add-copy [name=barcode]").inputValue(), code);
  await page.getByRole("button", { name: "Add a copy" }).click();
  await page.locator(`tr[data-barcode="${code}"]`, { hasText: "895 TRA" }).waitFor();
  await accessible(page, "a title and its copies");
  await picture(page, "book-edit", true);

  const { version, ...book } = await librarian.get(`/api/catalog/v1/books/${id}`);
  assert.deepEqual(book.authors.map((/** @type {{name: string}} */ { name }) => name), ["Trần Người Viết", "Somebody Else"]);
  await librarian.put(`/api/catalog/v1/books/${id}`, { ...book, version, publisher: "Nhà xuất bản Kia", pages: 321 }); // a colleague is quicker
  await page.getByLabel("Publisher").fill("Nhà xuất bản Này");
  await page.locator("#book").getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody changed this title while you were editing").waitFor();
  assert.deepEqual(await page.locator(".theirs .letter").allTextContents(), ["Nhà xuất bản Kia", "321"]);
  await accessible(page, "a conflict about a title");
  await picture(page, "book-conflict", true);
  await page.getByRole("button", { name: "Take theirs pages" }).click();
  await page.locator("#book").getByRole("button", { name: "Save" }).click();
  await page.locator("bv-toast", { hasText: "Saved" }).waitFor();
  const saved = await librarian.get(`/api/catalog/v1/books/${id}`);
  assert.deepEqual([saved.publisher, saved.pages], ["Nhà xuất bản Này", 321]);

  const png = await page.evaluate(() => {
    const paper = document.createElement("canvas");
    [paper.width, paper.height] = [300, 450];
    const pen = /** @type {CanvasRenderingContext2D} */ (paper.getContext("2d"));
    pen.fillStyle = "#246";
    pen.fillRect(0, 0, 300, 450);
    return paper.toDataURL("image/png").split(",")[1];
  });
  await page.getByLabel("A picture: JPEG, PNG or WebP").setInputFiles({ name: "cover.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
  await page.getByRole("button", { name: "Upload the cover" }).click();
  await page.getByRole("button", { name: "Take the cover away" }).waitFor();
  await page.waitForFunction(() => /** @type {HTMLImageElement | null} */ (document.querySelector("#cover bv-cover img"))?.naturalWidth);

  await page.locator("summary", { hasText: "Delete or merge" }).click();
  await page.getByRole("button", { name: "Delete this title" }).click();
  await page.locator("#delete .note.bad").waitFor();
  await page.getByRole("button", { name: `Withdraw ${code}` }).click();
  await page.locator(`tr[data-barcode="${code}"]`, { hasText: "Withdrawn" }).waitFor();
  await page.getByRole("button", { name: "Delete this title" }).click();
  await page.waitForURL("**/search");
  calm();
  await close();
});

test("a file is tried, then imported; refused rows are told with their reason (phone, dark)", async () => {
  const { page, open, calm, close } = await reader(browser, { viewport: PHONE, scheme: "dark" });
  await open("/sign-in?next=/catalogue/import");
  await signIn(page, "librarian");
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByText("Choose a file first.").waitFor();
  const rows = Array.from({ length: 300 }, (_, i) => `Sách nhập ${Date.now()} số ${i},Người Nhập,vi`);
  const csv = `title,authors,language\n${rows.join("\n")}\n,Nobody <b>,vi\n`;
  for (const dry of [true, false]) {
    await open("/catalogue/import");
    await page.getByLabel("File", { exact: true }).setInputFiles({ name: "new titles.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await page.getByLabel("Only try it, change nothing").setChecked(dry);
    if (dry) await accessible(page, "the import form");
    await page.getByRole("button", { name: "Import" }).click();
    await page.getByText("Done: every row was read.").waitFor();
    assert.match(await page.locator("#progress").innerText(), /New\s+300\s+Changed\s+0\s+Unchanged\s+0\s+Refused\s+1/);
    assert.equal(await page.getByText("Only tried: nothing was changed.").count(), dry ? 1 : 0);
    await page.locator("#refused tbody tr").waitFor();
    await accessible(page, "an import that is over");
  }
  await picture(page, "import-phone-dark", true);
  assert.match(await page.locator("#refused tbody").innerText(), /^302\b/);
  await settled(page);
  calm();
  await close();
});
