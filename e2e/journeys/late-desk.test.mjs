// late-desk.test.mjs: answers that come late at the desk: after another branch was chosen, after the row was drawn anew, after a book was lent on the web.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freeCopies, hand, launch, newMember, reader, settled, signIn } from "../browser.mjs";
import { held } from "../held.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("../browser.mjs").Hand} */
let librarian;
/** @type {Awaited<ReturnType<typeof reader>>} */
let desk;
before(async () => {
  browser = await launch();
  librarian = await hand("librarian");
  desk = await reader(browser, { expected: [404, 409] });
  await desk.open("/sign-in?next=/desk");
  await signIn(desk.page, "librarian");
});
after(() => browser.close());

const row = (/** @type {string} */ barcode) => desk.page.locator(`#list tr[data-barcode="${barcode}"]`);
/** @param {string} branch */
const at = (branch) => desk.page.evaluate((code) => localStorage.setItem("bookvault.desk.branch", code), branch);

/** A copy that waits on the pull list of its branch. @param {string} name of who waits @param {number} skip */
async function pulled(name, skip) {
  const member = await newMember(librarian, name);
  const [copy] = await freeCopies(librarian, 1, skip);
  await librarian.post("/api/borrowing/v1/holds", { member_card: member.card, book_id: copy.book_id, pickup_branch: copy.branch });
  const { items } = await librarian.get(`/api/borrowing/v1/pull-list?branch=${copy.branch}&limit=200`);
  const { barcode } = items.find((/** @type {{book_id: number}} */ { book_id }) => book_id === copy.book_id);
  return { ...copy, barcode };
}

test("one branch, another, and back: the list is that of the branch that is shown", async () => {
  const { page, open, calm } = desk;
  const copy = await pulled("Cù Qua Lại", 176);
  const { items: places } = await librarian.get("/api/borrowing/v1/branches");
  const other = places.find((/** @type {{code: string}} */ { code }) => code !== copy.branch).code;
  await at(copy.branch);
  await open("/desk/pull-list");
  await row(copy.barcode).waitFor();
  const theirs = await held(page, new RegExp(`/pull-list\\?.*branch=${other}`), "GET");
  await page.selectOption("[name=branch]", other);
  await theirs.came;
  const back = page.waitForResponse((answer) => answer.url().includes(`branch=${copy.branch}`));
  await page.selectOption("[name=branch]", copy.branch);
  await (await back).finished();
  await theirs.free();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  assert.equal(await row(copy.barcode).count(), 1);
  await page.unrouteAll({ behavior: "wait" });
  calm();
});

test("a refusal is told also when its row was drawn anew meanwhile", async () => {
  const { page, open, calm } = desk;
  const copy = await pulled("Diêm Không Thấy", 177);
  await at(copy.branch);
  await open("/desk/pull-list");
  const refused = await held(page, /\/missing$/, "POST", { status: 409, body: { code: "busy" } });
  await row(copy.barcode).getByRole("button", { name: "Not found" }).click();
  await refused.came;
  await row(copy.barcode).evaluate((line) => line.classList.add("before"));
  await page.locator("#scan").fill("NOTHING-HAS-THIS-CODE");
  await page.keyboard.press("Enter");
  await page.locator(".scan .sign", { hasText: "NO" }).waitFor();
  await page.locator(`#list tr[data-barcode="${copy.barcode}"]:not(.before)`).waitFor(); // drawn anew
  await refused.free();
  await page.locator("bv-toast", { hasText: "This book is changing hands just now" }).waitFor();
  await page.unrouteAll({ behavior: "wait" });
  calm();
});

test("a book that was lent on the web after the list came is kept for its member, also when the page is loaded anew", async () => {
  const { page, open, calm } = desk;
  const patron = await hand("patron");
  const [copy] = await freeCopies(librarian, 1, 178);
  await at(copy.branch);
  await open("/desk/pull-list");
  const loan = await patron.post("/api/borrowing/v1/loans", { member_card: patron.card, book_id: copy.book_id });
  const lent = await librarian.get(`/api/borrowing/v1/items/${loan.barcode}`);
  assert.equal(lent.branch ?? copy.branch, copy.branch);
  assert.equal(await row(loan.barcode).count(), 0, "the list is older than the loan");
  await page.locator("#scan").fill(loan.barcode);
  await page.keyboard.press("Enter");
  await page.locator(".scan .sign", { hasText: "NOTE" }).waitFor();
  const isOpen = async () => (await librarian.get(`/api/borrowing/v1/loans?member_card=${patron.card}&status=open&limit=200`)).items.some((/** @type {{id: number}} */ { id }) => id === loan.id);
  assert.ok(await isOpen(), "it is their member's");
  await open("/desk/pull-list");
  assert.match((await row(loan.barcode).getAttribute("class")) ?? "", /done/);
  calm();
  await librarian.post("/api/borrowing/v1/check-ins", { barcode: loan.barcode });
});

test("what is under way or half written in one row of a member outlives what is done in another", async () => {
  const { page, open, calm } = desk;
  const member = await newMember(librarian, "Đinh Hai Hàng");
  const copies = await freeCopies(librarian, 2, 184);
  /** @type {{id: number}[]} */
  const loans = [];
  for (const { barcode } of copies) loans.push(await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode }));
  await open(`/members/${member.card}`);
  const line = (/** @type {number} */ i) => page.locator(`#loans tr[data-loan="${loans[i].id}"]`);
  const refused = await held(page, new RegExp(`/loans/${loans[1].id}/renewals$`), "POST", { status: 409, body: { code: "policy_refused", reasons: [{ code: "renewal_limit_reached", overridable: true, by: "librarian" }] } });
  await line(1).getByRole("button", { name: "Renew" }).click();
  await refused.came;
  await line(0).getByRole("button", { name: "Says it was returned" }).click();
  await line(0).getByText("said to be returned on").waitFor();
  await refused.free();
  await line(1).getByText("renewed as often as the rules allow").waitFor();
  await line(1).locator("[name=reason]").fill("the heating failed");
  await page.locator("#account summary", { hasText: "Charge" }).click();
  await page.locator("[data-form=charge] [name=note]").fill("A torn cover");
  await line(0).getByRole("button", { name: "Lost…" }).click();
  await page.getByRole("button", { name: "Declare it lost" }).click();
  await line(0).getByText("declared lost on").waitFor();
  await page.locator("#account strong", { hasText: "To pay" }).waitFor();
  assert.equal(await line(1).locator("[name=reason]").inputValue(), "the heating failed");
  assert.equal(await page.locator("[data-form=charge] [name=note]").inputValue(), "A torn cover");
  await page.unrouteAll({ behavior: "wait" });
  calm();
});

test("a command whose answer was lost is sent again as the same command", async () => {
  const { page, open } = desk;
  const member = await newMember(librarian, "Giáp Mất Tin");
  const [copy] = await freeCopies(librarian, 1, 188);
  await librarian.post("/api/borrowing/v1/loans", { member_card: member.card, barcode: copy.barcode });
  await open(`/members/${member.card}`);
  await settled(page);
  /** @type {string[]} */
  const keys = [];
  let lost = true;
  await page.route(/\/(renewal|renewals)$/, async (route) => {
    keys.push((await route.request().headerValue("Idempotency-Key")) ?? "none");
    const response = await route.fetch();
    await (lost ? route.abort() : route.fulfill({ response }));
    lost = !lost;
  });
  await page.getByRole("button", { name: "Renew the card" }).click();
  await page.locator("#head-answer", { hasText: "what you asked for is done once only" }).waitFor();
  const { expires_on: once } = await librarian.get(`/api/members/v1/members/${member.card}`);
  await page.getByRole("button", { name: "Renew the card" }).click();
  await page.locator("bv-toast", { hasText: "Renewed until" }).waitFor();
  assert.equal((await librarian.get(`/api/members/v1/members/${member.card}`)).expires_on, once, "renewed once");
  await page.locator("#loans tr").getByRole("button", { name: "Renew" }).click();
  await page.locator("#loans .answer", { hasText: "what you asked for is done once only" }).waitFor();
  await page.locator("#loans tr").getByRole("button", { name: "Renew" }).click();
  await page.locator("#loans .answer", { hasText: "what you asked for is done once only" }).waitFor({ state: "detached" });
  assert.equal(keys[0], keys[1]);
  assert.equal(keys[2], keys[3]);
  await page.unrouteAll({ behavior: "wait" });
});
