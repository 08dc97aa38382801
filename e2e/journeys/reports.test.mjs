// reports.test.mjs: what was lent is seen by day, branch and title, as a file too; readers see what is borrowed most.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, picture, reader, settled, signIn } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("the desk reads what was lent, chooses another time, and takes a table along", async () => {
  const { page, open, calm } = await reader(browser, {});
  await open("/sign-in?next=/desk/reports");
  await signIn(page, "desk");
  await page.waitForURL("**/desk/reports");
  await settled(page);
  await page.getByRole("heading", { name: "Reports" }).waitFor();
  const collection = page.getByRole("table", { name: "The collection by genre" });
  assert.ok((await collection.locator("tbody tr").count()) > 5, "genres with their titles, copies and ratings");
  await page.getByRole("link", { name: "A year" }).click();
  await page.waitForURL("**/desk/reports?period=year");
  await settled(page);
  const most = page.getByRole("table", { name: "Most borrowed, all branches" });
  assert.ok((await most.locator("tbody tr").count()) > 3, "titles that were borrowed");
  assert.ok((await page.locator("svg.chart rect").count()) > 50, "a bar for every week");
  await accessible(page, "the reports");
  await picture(page, "reports");
  const link = page.getByRole("region", { name: "By branch" }).getByRole("link", { name: /^CSV/ });
  assert.notEqual(await link.getAttribute("download"), null, "the file is taken along, not shown");
  const file = await link.evaluate(async (a) => {
    const answer = await fetch(/** @type {HTMLAnchorElement} */ (a).href);
    return { status: answer.status, named: answer.headers.get("Content-Disposition") ?? "", text: await answer.text() };
  });
  assert.equal(file.status, 200, file.text);
  assert.match(file.named, /^attachment; filename="branches-.*\.csv"$/);
  assert.match(file.text, /main/);
  await calm();
});

test("readers find what is borrowed most on the front page, and all of it by that order", async () => {
  const { page, open, calm } = await reader(browser, {});
  await open("/");
  const shelf = page.getByRole("region", { name: "Most borrowed this year" });
  assert.ok((await shelf.getByRole("link").count()) > 3);
  await shelf.getByRole("link", { name: "All of them" }).click();
  await page.waitForURL("**/search?sort=popular");
  await settled(page);
  assert.equal(await page.locator("#sort").inputValue(), "popular");
  await calm();
});
