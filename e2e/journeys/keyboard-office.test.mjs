// keyboard-office.test.mjs: what a librarian does beside the desk, by keyboard alone: covers, imports, merging, the calendar, the house; every stop shows the focus, and no action loses it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hand, launch, newMember, picture, reader, signInOf } from "../browser.mjs";
import { exactly, keyboard } from "../keyboard.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
});
after(() => browser.close());

/** A librarian at a page, with nothing but a keyboard. @param {string} path */
async function office(path) {
  const at = await reader(browser);
  const keys = keyboard(at.page);
  at.page.on("filechooser", () => {}); // lists of files are asked for from the beginning, else the first one opens by itself
  await at.open(`/sign-in?next=${path}`);
  await keys.signIn(signInOf("librarian"));
  const said = async (/** @type {string} */ words) => {
    await at.page.locator("bv-toast", { hasText: words }).waitFor();
    await keys.kept(words);
  };
  /** Opens the list of files at the control that has the focus, and takes one. @param {{name: string, mimeType: string, buffer: Buffer}} file */
  const choose = async (file) => {
    const [asked] = await Promise.all([at.page.waitForEvent("filechooser"), at.page.keyboard.press("Enter")]);
    await asked.setFiles(file);
  };
  return { ...at, ...keys, said, choose };
}

/** A title to be worked on. @param {string} title */
const newTitle = (title) => librarian.post("/api/catalog/v1/books", { title, authors: [{ name: "Phạm Phím" }] });

test("a title gets a cover, loses it, and becomes one with another", async () => {
  const [twice, stays] = [await newTitle(`Bìa bàn phím ${Date.now()}`), await newTitle(`Ở lại ${Date.now()}`)];
  const { page, tabTo, press, type, isAt, said, choose, kept, calm, close } = await office(`/books/${twice.id}/edit`);
  await page.locator("#add-copy").waitFor();
  const png = await page.evaluate(() => Object.assign(document.createElement("canvas"), { width: 200, height: 300 }).toDataURL("image/png").split(",")[1]);
  await tabTo(/^input A picture/);
  await choose({ name: "cover.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
  await tabTo(/^button Upload the cover/);
  await press("Enter");
  await said("The cover is changed");
  await isAt(/^button Upload the cover/);
  assert.ok((await librarian.get(`/api/catalog/v1/books/${twice.id}`)).cover);
  await tabTo(/^button Take the cover away/);
  await picture(page, "keyboard-cover");
  await press("Space");
  await page.locator("[data-remove]").waitFor({ state: "detached" });
  await isAt(/^h1/, "the button is gone");
  await page.locator("#add-copy").waitFor();
  await tabTo(/^summary Delete or merge/);
  await press("Enter");
  await tabTo(/^input Number of the title/);
  await type("nothing");
  await press("Enter");
  await isAt(/^input Number of the title/, "what is wrong has the focus");
  await page.locator("#merge .note.bad").waitFor();
  await press("Control+A");
  await type(String(stays.id));
  await press("Enter");
  await page.waitForURL(`**/books/${stays.id}`);
  await kept("merging titles");
  await isAt(/^h1/);
  calm();
  await close();
  await librarian.remove(`/api/catalog/v1/books/${stays.id}`);
});

test("a file is tried, its refused rows are read, and another one chosen", async () => {
  const { page, tabTo, press, isAt, choose, follow, kept, calm, close } = await office("/catalogue/import");
  await tabTo(/^button Import/);
  await press("Enter");
  await page.getByText("Choose a file first.").waitFor();
  await isAt(/^input File/, "what is missing has the focus");
  await choose({ name: "titles.csv", mimeType: "text/csv", buffer: Buffer.from(`title,authors\nPhím ${Date.now()},Phạm Phím\n,Nobody\n`) });
  await tabTo(/^input Only try it/);
  assert.equal(await page.locator("[name=dry_run]").isChecked(), true);
  await press("Space", "Space");
  await tabTo(/^summary How to read it/);
  await press("Enter");
  await tabTo(/^input Whose keys/);
  await tabTo(/^button Import/);
  await press("Space");
  await page.waitForURL("**/catalogue/import?id=*");
  await kept("importing");
  await page.locator("#refused tbody tr").waitFor();
  await isAt(/^h1/, "the focus stays while the rows come");
  await follow(/^a Another file/, "**/catalogue/import");
  calm();
  await close();
});

test("two accounts of one person become one", async () => {
  const [twice, stays] = [await newMember(librarian, "Phím Hai Thẻ"), await newMember(librarian, "Phím Một Thẻ")];
  const { page, tabTo, press, type, isAt, kept, calm, close } = await office(`/members/${twice.card}`);
  await page.locator("#account h2").waitFor();
  await tabTo(/^summary Make one with another member/);
  await press("Enter");
  await tabTo(/^input Card/);
  await type(stays.card);
  await tabTo(/^input Reason/);
  await type("two cards, one person");
  await press("Enter");
  await page.waitForURL(`**/members/${stays.card}`);
  await kept("merging members");
  await isAt(/^h1 Phím Một Thẻ/);
  calm();
  await close();
});

test("opening hours and closed days are written and published", async () => {
  const { hours, closures } = await librarian.get("/api/borrowing/v1/calendar");
  const { page, tabTo, press, type, isAt, said, calm, close } = await office("/calendar");
  const branch = (await page.locator(".branch-hours").first().getAttribute("data-branch")) ?? "";
  await tabTo(/^input Open every day/);
  await press("Space");
  await tabTo(/^input Monday, opens/);
  await type("0830AM");
  await tabTo(/^input Monday, closes/);
  await type("0530PM");
  await tabTo(/^button Add closed days/);
  await press("Enter");
  await isAt(/^input First day/);
  await type("12242098"); // as this browser writes dates
  await tabTo(/^input Last day/);
  await type("12262098");
  await tabTo(/^select Branch/);
  await press("ArrowDown");
  await tabTo(/^input Reason/);
  await type("Typed, not clicked");
  await picture(page, "keyboard-calendar");
  await tabTo(/^input Why it changes/);
  await type("By keyboard");
  await tabTo(/^button Publish/);
  await press("Enter");
  await said("is in force");
  await isAt(/^button Publish/);
  const now = await librarian.get("/api/borrowing/v1/calendar");
  assert.deepEqual(now.hours[branch], [{ weekday: 1, opens: "08:30", closes: "17:30" }]);
  const added = now.closures.find((/** @type {{reason?: string}} */ { reason }) => reason === "Typed, not clicked");
  assert.deepEqual([added.first_day, added.last_day], ["2098-12-24", "2098-12-26"]);
  assert.ok(added.branch);
  calm();
  await close();
  await librarian.put("/api/borrowing/v1/calendar", { hours, closures }, now.version);
});

test("a kind of copies is added and renamed, a category added and taken away", async () => {
  const code = `key${Date.now()}`;
  const { page, tabTo, press, type, write, isAt, said, calm, close } = await office("/house");
  await tabTo(/^summary Add a kind of copies/);
  await press("Enter");
  await tabTo(/^input Code/);
  await type(code);
  await tabTo(/^input Name/);
  await type("Globe");
  await press("Enter");
  await said("Saved");
  await isAt(/^h2 Kinds of copies/);
  await tabTo(new RegExp(`^summary Globe ${exactly(code)}`));
  await press("Space");
  await tabTo(/^input Name/);
  await write("Old globe");
  await press("Enter");
  await page.locator("summary", { hasText: "Old globe" }).waitFor();
  await isAt(/^h2 Kinds of copies/);
  await tabTo(/^summary Add a category/);
  await press("Enter");
  await tabTo(/^input Code/);
  await type(code);
  await tabTo(/^input Name/);
  await type("Guests by key");
  await tabTo(/^input Months/);
  await type("3");
  await press("Enter");
  const guests = page.locator("summary", { hasText: "Guests by key" });
  await guests.waitFor();
  await isAt(/^h2 Categories/);
  await tabTo(/^summary Guests by key/);
  await press("Enter");
  await picture(page, "keyboard-house");
  await tabTo(/^button Delete/);
  await press("Enter");
  await guests.waitFor({ state: "detached" });
  await isAt(/^h2 Categories/);
  calm();
  await close();
});
