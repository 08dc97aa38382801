// rules.test.mjs: rules and the calendar are edited, tried with the why, and published; the operator switches a pattern.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, hand, launch, newMember, PHONE, picture, reader, settled, signIn } from "../browser.mjs";
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

test("a rule is changed, tried before it is in force, and published; a colleague's version is not overwritten", async () => {
  const { version: firstVersion, published_at: _, published_by: __, note: ___, ...first } = await librarian.get("/api/borrowing/v1/rules");
  const member = await newMember(librarian, "Thử Quy Định");
  const { page, open, calm, close } = await reader(browser, { expected: [412] });
  await open("/sign-in?next=/rules");
  await signIn(page, "librarian");
  await page.locator(".rule summary").first().click();
  const rule = page.locator(".rule").first();
  await accessible(page, "the rules");
  await picture(page, "rules");
  await rule.getByLabel("Loan days").fill("some");
  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByText("That is no whole number.").waitFor();
  await rule.getByLabel("Loan days").fill("33");
  await page.getByLabel("Card, or nothing").fill(member.card);
  await page.getByRole("button", { name: "Try it" }).click();
  await page.locator("#foreseen", { hasText: "It would be lent." }).waitFor();
  assert.match(await page.locator("#foreseen").innerText(), /33 days from .*The rule: every branch · every member · every kind.*Loans in all: 0 of \d+/s);
  await accessible(page, "a rule that was tried");
  await picture(page, "rules-tried", true);
  assert.equal((await librarian.get("/api/borrowing/v1/rules")).rules[0].loan_days, first.rules[0].loan_days, "nothing is in force yet");
  await page.getByLabel("Why it changes").fill("Longer evenings <i>");
  await page.getByRole("button", { name: "Publish" }).click();
  await page.locator("bv-toast", { hasText: `version ${firstVersion + 1} is in force` }).waitFor();
  await settled(page);
  assert.equal((await librarian.get("/api/borrowing/v1/rules")).rules[0].loan_days, 33);

  await librarian.put("/api/borrowing/v1/rules", first, firstVersion + 1); // a colleague publishes
  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByText("Somebody published in the meantime.").waitFor();
  calm();
  await close();
});

test("closed days are published and come back; hours too (phone, Vietnamese)", async () => {
  const { page, open, calm, close } = await reader(browser, { viewport: PHONE, locale: "vi-VN" });
  await open("/sign-in?next=/calendar");
  await signIn(page, "librarian");
  const before = await librarian.get("/api/borrowing/v1/calendar");
  await page.getByRole("button", { name: "Thêm ngày đóng cửa" }).click();
  await page.getByLabel("Ngày đầu").last().fill("2099-02-01");
  await page.getByLabel("Lý do").last().fill("Tết <b>");
  const hours = page.locator(".branch-hours").first();
  await hours.getByLabel("Mở cửa mọi ngày").uncheck();
  await hours.getByLabel("Thứ Hai, mở").fill("08:00");
  await hours.getByLabel("Thứ Hai, đóng").fill("17:30");
  const preview = page.locator("#preview");
  await preview.getByLabel("Chi nhánh").selectOption(await hours.getAttribute("data-branch"));
  await preview.getByLabel("Như thể là ngày").fill("2099-01-10"); // a Saturday
  await preview.getByRole("button", { name: "Thử" }).click();
  await preview.locator(".note.good", { hasText: /Hạn trả Thứ Hai, .*chuyển từ Thứ Bảy/ }).waitFor(); // by the hours that are not published yet
  await accessible(page, "the calendar");
  await speaksVietnamese(page, "the calendar");
  await picture(page, "calendar-phone-vi", true);
  await page.getByRole("button", { name: "Công bố" }).click();
  await page.locator("bv-toast", { hasText: "Đã công bố" }).waitFor();
  await speaksVietnamese(page, "a calendar that was published");
  const now = await librarian.get("/api/borrowing/v1/calendar");
  assert.deepEqual(now.closures.at(-1), { first_day: "2099-02-01", last_day: "2099-02-01", reason: "Tết <b>" });
  assert.deepEqual(Object.values(now.hours)[0], [{ weekday: 1, opens: "08:00", closes: "17:30" }]);
  await librarian.put("/api/borrowing/v1/calendar", { hours: before.hours, closures: before.closures }, now.version);
  calm();
  await close();
});

test("the operator switches a pattern off and on; others may not look", async () => {
  const { page, open, calm, close } = await reader(browser);
  await open("/sign-in?next=/ops");
  await signIn(page, "administrator");
  const compression = page.locator("[data-pattern=compression]");
  const readers = await hand("librarian"); // somebody is there while the operator looks
  const { items } = await readers.get("/api/catalog/v1/books?limit=5");
  const alive = setInterval(() => void Promise.all(items.map((/** @type {{id: number}} */ { id }) => readers.get(`/api/catalog/v1/books/${id}`).catch(() => {}))), 200);
  alive.unref(); // a journey that fails must end all the same
  const figure = (/** @type {string} */ place, /** @type {RegExp} */ is) => page.locator(`${place} .doing div`).filter({ hasText: is });
  await figure("[data-place=gateway]", /requests\s*[1-9][\d.,]*\/s/).waitFor();
  await figure("[data-pattern=gateway_cache]", /found there\s*\d+%/).or(figure("[data-pattern=cache_aside]", /found there\s*\d+%/)).first().waitFor();
  await figure("[data-pattern=circuit_breaker]", /open breakers\s*0/).waitFor();
  await figure("[data-pattern=pool_tuning]", /at most\s*[1-9]/).waitFor();
  for (const pattern of await page.locator(".pattern").all()) {
    const name = await pattern.getAttribute("data-pattern");
    if (name === "sharding") continue; // one server holds all shards
    assert.ok((await pattern.locator(".doing div").count()) > 0, `${name} says what it does`);
    assert.equal(await pattern.locator(".trend svg").count(), 1, `${name} has its chart`);
    assert.match((await pattern.locator(".gain").textContent()) ?? "", /When measured:\s*\S/, name ?? "");
  }
  await page.locator("[data-pattern=rate_limit] .trend path:not(.ground)[d*=L]").waitFor({ state: "attached" }); // a second look was drawn
  clearInterval(alive);
  await accessible(page, "operations");
  await picture(page, "ops");
  await compression.getByRole("switch").press("Space");
  await compression.getByText("configured otherwise").waitFor();
  await page.locator("#way .step.off", { hasText: "compression" }).waitFor();
  await accessible(page, "operations with a pattern off");
  await compression.getByRole("switch").press("Space");
  await compression.getByText("configured otherwise").waitFor({ state: "detached" });
  calm();
  await close();
  const other = await reader(browser);
  await other.open("/sign-in?next=/ops");
  await signIn(other.page, "librarian");
  assert.equal(await other.page.locator("h1").textContent(), "This page is for the staff");
  await other.close();
});
