// late.test.mjs: answers that come late: after the reader has moved on, after the session has ended, or never.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, newMember, newReader, reader, signIn, URL_, visit } from "../browser.mjs";
import { held } from "../held.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

/** Marks what stands in the page, to see that it is still the same. @param {Page} page */
const marked = (page) => page.evaluate(() => document.querySelector("main")?.firstElementChild?.setAttribute("data-as-it-was", ""));
/** @param {Page} page */
const asItWas = (page) => page.locator("main > [data-as-it-was]").count();

test("what was asked for on a page that was left is told, and moves nothing on the page where the reader is", async () => {
  const member = await newMember(librarian, "Ân Đi Trước");
  const { page, open, calm, close } = await reader(browser, { expected: [409] });
  await open(`/sign-in?next=/members/${member.card}`);
  await signIn(page, "desk");
  const renewal = await held(page, /\/renewal$/, "POST");
  await page.getByRole("button", { name: "Renew the card" }).click();
  await renewal.came;
  await visit(page, "/desk");
  await page.locator("#scan").fill("half a code");
  await marked(page);
  await renewal.free();
  await page.locator("bv-toast", { hasText: "What you asked for on the page before is done" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/desk");
  assert.equal(await asItWas(page), 1, "the desk was not drawn anew");
  assert.equal(await page.locator("#scan").inputValue(), "half a code");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "scan", "the focus stays");

  await visit(page, `/members/${member.card}`);
  const block = await held(page, /\/blocks$/, "POST", { status: 409, body: { code: "busy", detail: "busy" } });
  await page.locator("#block summary").click();
  await page.getByRole("button", { name: "Block", exact: true }).click();
  await block.came;
  await visit(page, "/desk");
  await marked(page);
  await block.free();
  await page.locator("bv-toast", { hasText: /^On the page before: / }).waitFor();
  assert.equal(await asItWas(page), 1, "nor for a refusal");

  await visit(page, `/members/${member.card}`);
  const replaced = await held(page, /\/card-replacement$/, "POST"); // it would go to the address of the new card
  await page.locator("#replace summary").click();
  await page.getByRole("button", { name: "Replace", exact: true }).click();
  await replaced.came;
  await visit(page, "/desk/claims");
  await marked(page);
  await replaced.free();
  await page.locator("bv-toast", { hasText: "What you asked for on the page before is done" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/desk/claims", "the address stays");
  assert.equal(await asItWas(page), 1);
  calm();
  await close();
});

test("what a reader did in their library before they went on is told, and nothing looks for its page", async () => {
  const { page, calm, close } = await newReader(browser, librarian, "Bách Đi Ngay");
  const steps = /** @type {const} */ ([
    ["/history", "/profile", /members\/v1\/me$/, "PATCH", () => page.getByRole("button", { name: "Keep my history from now on" }).click()],
    ["/profile", "/history", /\/tokens$/, "POST", async () => {
      await page.getByLabel("What for").fill("my script");
      await page.getByRole("button", { name: "Make a key" }).click();
    }],
    ["/reading-lists", "/ratings", /\/lists$/, "POST", async () => {
      await page.locator("#new-list [name=name]").fill("Đọc sau");
      await page.locator("#new-list button").click();
    }],
  ]);
  for (const [from, to, address, method, act] of steps) {
    await visit(page, from);
    const answer = await held(page, address, method);
    await act();
    await answer.came;
    await visit(page, to);
    await marked(page);
    await page.locator("bv-toast").evaluate((toast) => (toast.textContent = ""));
    await answer.free();
    await page.locator("bv-toast", { hasText: "What you asked for on the page before is done" }).waitFor();
    assert.equal(await asItWas(page), 1, `${to} was not drawn anew`);
    assert.equal(await page.evaluate(() => document.activeElement?.localName), "h1", "the focus stays");
  }
  await page.unrouteAll({ behavior: "wait" });
  calm();
  await close();
});

test("a session that ended takes nothing of a long form: it is sent again after signing in beside it", async () => {
  const { page, context, open, calm, close } = await reader(browser, { expected: [401] });
  await open("/sign-in?next=/catalogue/new");
  await signIn(page, "librarian");
  const title = `Việc Dài ${Date.now()}`;
  await page.getByLabel("Title", { exact: true }).fill(title);
  await page.getByLabel("Authors").fill("Ẩn Danh");
  await context.clearCookies();
  await page.getByRole("button", { name: "Add the title" }).click();
  const note = page.locator("#book .note", { hasText: "Your session has ended. What you wrote stays here" });
  await note.waitFor();
  const [beside] = await Promise.all([context.waitForEvent("page"), note.getByRole("link").click()]);
  await beside.locator("#login").waitFor();
  await signIn(beside, "librarian");
  await beside.close();
  assert.equal(await page.getByLabel("Title", { exact: true }).inputValue(), title, "it is all there still");
  await page.getByRole("button", { name: "Add the title" }).click();
  await page.waitForURL(`${URL_}/books/*/edit`);
  calm();
  await close();
});
