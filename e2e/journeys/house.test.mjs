// house.test.mjs: a librarian names branches, kinds and categories, reads who did what, and makes two accounts of one person one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, newMember, PHONE, picture, reader, signIn } from "../browser.mjs";
import { speaksVietnamese } from "../vietnamese.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("a kind of copies and a category are added, renamed, and taken away again", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [409, 422] });
  const code = `k${Date.now()}`;
  await open("/sign-in?next=/house");
  await signIn(page, "librarian");
  const kinds = page.getByRole("region", { name: "Kinds of copies" });
  await kinds.getByText("Add a kind of copies").click();
  await kinds.locator("[data-add]").getByLabel("Code").fill(code);
  await kinds.locator("[data-add]").getByLabel("Name").fill("Map <b>rolled</b> שלום");
  await kinds.locator("[data-add]").getByRole("button", { name: "Add" }).dblclick();
  const added = kinds.locator("li", { hasText: code });
  await added.locator("summary", { hasText: "Map <b>rolled</b>" }).waitFor();
  await added.locator("summary").click();
  await added.getByLabel("Name").fill("Rolled map");
  await added.getByRole("button", { name: "Rename" }).click();
  await added.locator("summary", { hasText: "Rolled map" }).waitFor();
  const groups = page.getByRole("region", { name: "Categories of members" });
  await groups.getByText("Add a category of members").click();
  await groups.locator("[data-add]").getByLabel("Code").fill(code);
  await groups.locator("[data-add]").getByRole("textbox", { name: "Name" }).fill("Guests");
  await groups.locator("[data-add]").getByLabel("Months of a membership").fill("a few");
  await groups.locator("[data-add]").getByRole("button", { name: "Add" }).click();
  await groups.locator("[data-add] .note.bad").waitFor();
  await accessible(page, "branches and kinds");
  await picture(page, "house", true);
  await groups.locator("[data-add]").getByLabel("Months of a membership").fill("3");
  await groups.locator("[data-add]").getByRole("button", { name: "Add" }).click();
  const guests = groups.locator("li", { hasText: code });
  await guests.locator("summary", { hasText: "3 months" }).click();
  await guests.getByRole("button", { name: "Delete" }).click();
  await guests.waitFor({ state: "detached" });
  calm();
  await close();
});

test("two accounts of one person become one, and the audit says who did it (phone, Vietnamese, dark)", async () => {
  const word = "Ǆ".repeat(100) + "🚀".repeat(20);
  const [twice, stays] = [await newMember(librarian, `\u202Eהמוזג ${word}`), await newMember(librarian, "Người Ở Lại")];
  const { page, open, calm, close } = await reader(browser, { viewport: PHONE, locale: "vi-VN", scheme: "dark" });
  await open(`/sign-in?next=/members/${twice.card}`);
  await signIn(page, "librarian");
  await page.locator("#account h2").waitFor();
  await accessible(page, "a member with a hostile name");
  await picture(page, "member-hostile-phone-vi", true);
  await page.locator("#merge summary").click();
  await speaksVietnamese(page, "two accounts that are to be one");
  await page.getByLabel("Thẻ của bạn đọc được giữ lại").fill(stays.card);
  await page.locator("#merge").getByLabel("Lý do").fill("hai thẻ <i>một người</i>");
  await page.getByRole("button", { name: "Gộp lại" }).click();
  await page.waitForURL(`**/members/${stays.card}`);
  await page.locator("h1", { hasText: "Người Ở Lại" }).waitFor();

  await open(`/audit?of=accounts&member_id=${twice.id}`);
  await page.locator("tr", { hasText: "gộp tài khoản" }).waitFor();
  await accessible(page, "the audit of accounts");
  await picture(page, "audit-accounts-phone-vi", true);
  await open("/audit");
  await page.locator("#filters").getByLabel("Việc gì").selectOption("LoanOpened");
  await page.getByRole("button", { name: "Xem", exact: true }).click();
  await page.waitForURL("**/audit?*type=LoanOpened*");
  await page.locator("tbody tr", { hasText: "cho mượn" }).first().waitFor();
  assert.equal(await page.locator("tbody tr").count(), await page.locator("tbody tr", { hasText: "cho mượn" }).count());
  await page.locator("tbody tr summary").first().click();
  await accessible(page, "the audit of the desk");
  await picture(page, "audit-phone-vi");
  calm();
  await close();
});
