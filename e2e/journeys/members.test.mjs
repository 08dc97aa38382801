// members.test.mjs: a member from the first card to the last payment, at the desk: create, find, edit, block, renew, another card, lost books, money.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, freeCopies, hand, launch, newMember, PHONE, picture, reader, settled, signIn } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

test("a member is created with a scanned card, found, edited beside a colleague, blocked, renewed, and gets another card", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [412] });
  const card = `29${Date.now()}`;
  await open(`/sign-in?next=/members/new?card=${card}`);
  await signIn(page, "desk");
  await page.getByLabel("Name", { exact: true }).fill("Âu <i>Dương</i> Thị Mới");
  await page.getByLabel("Valid until").fill("2027-01-31");
  await accessible(page, "a new member");
  await picture(page, "member-new");
  await page.getByRole("button", { name: "Create the member" }).click();
  await page.waitForURL(`**/members/${card}`);
  await settled(page);
  assert.equal(await page.locator("h1").textContent(), "Âu <i>Dương</i> Thị Mới");

  await open("/members");
  await page.keyboard.type("au duong");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Âu <i>Dương</i> Thị Mới" }).click();
  await page.waitForURL(`**/members/${card}`);
  await page.locator("#account h2").waitFor();
  await accessible(page, "a member");

  await page.getByText("Edit the details").click();
  await librarian.patch(`/api/members/v1/members/${card}`, { email: "moi@example.org" }); // a colleague is quicker
  await page.locator("#edit").getByLabel("Name", { exact: true }).fill("Âu Dương Thị Mới");
  await page.locator("#edit").getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody changed this member in the meantime").waitFor();
  assert.match((await page.locator(".theirs").allTextContents()).join("|"), /Now: moi@example\.org/);
  await accessible(page, "a conflict about a member");
  await picture(page, "member-conflict", true);
  await page.locator("#edit").getByLabel("Email").fill("moi@example.org");
  await page.locator("#edit").getByRole("button", { name: "Save" }).click();
  await page.locator("h1", { hasText: /^Âu Dương Thị Mới$/ }).waitFor();

  await page.locator("#block").evaluate((fold) => fold.classList.add("before"));
  await page.getByRole("button", { name: "Renew the card" }).click();
  await page.locator("bv-toast", { hasText: "Renewed until" }).waitFor();
  await page.locator("#block:not(.before)").waitFor(); // the page was drawn anew, with its folds shut
  await page.locator("#block summary").click();
  await page.getByLabel("Kind").selectOption("conduct");
  await page.getByLabel("Note for the staff").fill("loud");
  await page.getByRole("button", { name: "Block", exact: true }).click();
  await page.getByText("Blocked: conduct.").waitFor();
  await page.getByRole("button", { name: "Take away" }).click();
  await page.getByText("Blocked: conduct.").waitFor({ state: "detached" });

  await page.locator("#replace summary").click();
  await page.getByLabel("New card").fill(`${card}9`);
  await page.getByRole("button", { name: "Replace", exact: true }).click();
  await page.waitForURL(`**/members/${card}9`);
  calm();
  await close();
});

test("a lost book is charged, paid in part, and the rest waived by a librarian; a claim is noted (phone)", async () => {
  const member = await newMember(librarian, "Mạc Mất Sách");
  const copies = await freeCopies(librarian, 2, 160);
  for (const { barcode } of copies) await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode });
  const { page, calm, close, open } = await reader(browser, { viewport: PHONE });
  await open(`/sign-in?next=/members/${member.card}`);
  await signIn(page, "librarian");
  const row = (/** @type {string} */ title) => page.locator("#loans tr", { hasText: title });
  await row(copies[0].title).getByRole("button", { name: "Says it was returned" }).click();
  await row(copies[0].title).getByText("said to be returned on").waitFor();
  await row(copies[1].title).getByRole("button", { name: "Lost…" }).click();
  await page.getByRole("button", { name: "Declare it lost" }).click();
  await row(copies[1].title).getByText("declared lost on").waitFor();
  await page.locator("#account strong", { hasText: "To pay" }).waitFor();
  await accessible(page, "an account with charges");
  await picture(page, "member-account-phone", true);
  const before = (await librarian.get(`/api/borrowing/v1/charges?member_card=${member.card}`)).balance;
  await page.locator("[data-form=pay] [name=amount]").fill("ten");
  await page.getByRole("button", { name: "Take a payment" }).click();
  await page.getByText("That is no amount of money.").waitFor();
  await page.locator("[data-form=pay] [name=amount]").fill("1.000");
  await page.getByRole("button", { name: "Take a payment" }).dblclick();
  await page.locator("bv-toast", { hasText: "taken" }).waitFor();
  assert.equal((await librarian.get(`/api/borrowing/v1/charges?member_card=${member.card}`)).balance, before - 1000, "a double click takes it once");
  await page.locator("summary", { hasText: "Waive" }).click();
  await page.locator("[data-form=waive] [name=reason]").fill("found in the returns box <b>");
  await page.locator("[data-form=waive] button").click();
  await page.getByText("Nothing to pay.").waitFor();
  assert.equal((await librarian.get(`/api/borrowing/v1/charges?member_card=${member.card}`)).balance, 0);
  calm();
  await close();
});
