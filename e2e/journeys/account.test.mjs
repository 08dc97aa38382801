// account.test.mjs: a reader's own library: holds that are suspended, moved and get ready by themselves; charges, history, profile, browsers, keys.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newReader, PHONE, picture, URL_ } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("a hold is suspended, fetched elsewhere, and shows at once when it is ready", async () => {
  const { page, open, calm, close, card } = await newReader(browser, librarian, "Nghiêm Chờ Sách");
  const [copy, lent] = await freeCopies(librarian, 2, 170);
  await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode: lent.barcode });
  const { items: places } = await librarian.get("/api/borrowing/v1/branches");
  const other = places.find((/** @type {{code: string}} */ { code }) => code !== copy.branch);
  const hold = await librarian.post("/api/borrowing/v1/holds", { member_card: card, book_id: copy.book_id, pickup_branch: copy.branch });
  await page.clock.install();
  await open("/loans");
  const row = page.locator("bv-hold", { hasText: copy.title });
  assert.match((await row.locator(".when").textContent()) ?? "", /^Number 1 of 1 in the queue for \d+ cop(y|ies), to pick up at /);
  await row.locator("summary").click();
  await row.getByLabel("Pick up at").selectOption(other.code);
  await row.getByLabel("Suspend until").fill("2099-12-31");
  await accessible(page, "a hold being changed");
  await picture(page, "hold-change");
  await row.getByRole("button", { name: "Save" }).click();
  await row.locator(".when", { hasText: "Suspended until Thursday, 31 December 2099" }).waitFor();
  assert.equal((await librarian.get(`/api/borrowing/v1/holds/${hold.id}`)).pickup_branch, other.code);
  await row.locator("summary").click();
  await row.getByLabel("Suspend until").fill("");
  await row.getByRole("button", { name: "Save" }).click();
  await row.locator(".when", { hasText: "Number 1 of 1" }).waitFor();

  const loan = page.locator("bv-loan", { hasText: lent.title });
  await loan.getByRole("button", { name: "Renew" }).click();
  await loan.locator(".answer .note").waitFor();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode, branch: other.code });
  await row.locator(".when", { hasText: "Ready at" }).waitFor(); // the page's clock stands still: the library says so
  assert.equal(await loan.locator(".answer .note").count(), 1, "what is being read stays");
  await picture(page, "hold-ready");
  calm();
  await close();
  await librarian.remove(`/api/borrowing/v1/holds/${hold.id}`);
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: lent.barcode });
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode, branch: other.code });
});

test("charges, history, profile, password, browsers and keys (phone, dark)", async () => {
  const { page, open, calm, close, card, password } = await newReader(browser, librarian, "Ông Hồ Sơ", { viewport: PHONE, scheme: "dark", expected: [403, 422] });
  await librarian.post("/api/borrowing/v1/charges", { member_card: card, amount: 12_000, note: "<b>A lost bag</b>" });
  await open("/charges");
  assert.match((await page.locator("main").innerText()).replace(/\u00a0/g, " "), /To pay: ₫12,000\s+Charges are paid at any desk.*<b>A lost bag<\/b>/s);
  await accessible(page, "charges");
  await picture(page, "charges-phone-dark");

  await open("/history");
  await accessible(page, "an empty history");
  await page.getByRole("button", { name: "Keep my history from now on" }).click();
  await page.locator("main p", { hasText: "Your history is kept from now on" }).waitFor();
  const [copy] = await freeCopies(librarian, 1, 175);
  await librarian.post("/api/borrowing/v1/loans", { member_card: card, barcode: copy.barcode });
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: copy.barcode });
  await open("/history");
  assert.equal(await page.locator("main li", { hasText: copy.title }).count(), 1);
  await picture(page, "history-phone-dark");

  const elsewhere = await fetch(`${URL_}/api/members/v1/sessions`, { method: "POST", headers: { "Content-Type": "application/json", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" }, body: JSON.stringify({ login: card, password }) });
  const cookie = elsewhere.headers.getSetCookie()[0].split(";")[0];
  await open("/profile");
  await accessible(page, "the profile");
  await picture(page, "profile-phone-dark", true);
  await page.getByLabel("Email").fill("no address");
  await page.getByLabel("Email").evaluate((box) => box.setAttribute("type", "text")); // as a browser without the check would send it
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#details [aria-invalid]").waitFor();
  await page.getByLabel("Email").fill("ong@example.org");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("bv-toast", { hasText: "Saved" }).waitFor();
  await page.locator("li", { hasText: "Firefox" }).getByRole("button", { name: "Sign out there" }).click();
  await page.locator("li", { hasText: "Firefox" }).waitFor({ state: "detached" });
  assert.equal((await fetch(`${URL_}/api/members/v1/me`, { headers: { Cookie: cookie } })).status, 401);

  await page.getByLabel("What for").fill("my script");
  await page.getByRole("button", { name: "Make a key" }).click();
  const token = await page.locator("#made code").textContent();
  const as = (await fetch(`${URL_}/api/members/v1/me`, { headers: { Authorization: `Bearer ${token}` } })).status;
  assert.equal(as, 200);
  await page.getByRole("button", { name: "Revoke my script" }).click();
  await page.locator("li", { hasText: "my script" }).waitFor({ state: "detached" });

  await page.locator("summary", { hasText: "Change the password" }).click();
  await page.getByLabel("Present password").fill("wrong");
  await page.getByLabel("New password").fill("another reading room");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.locator("#password .note.bad").waitFor();
  await page.getByLabel("Present password").fill(password);
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.locator("bv-toast", { hasText: "The password is changed" }).waitFor();
  calm();
  await close();
});
