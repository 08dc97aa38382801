// looks.test.mjs: every page and state, light and dark, phone and wide, both languages: accessible, nothing cut, and pictures to look at.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, fits, hand, launch, PHONE, picture, reader, settled, signIn, URL_, visit, WIDE } from "../browser.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {number} */
let book;
before(async () => {
  browser = await launch();
  const librarian = await hand("librarian");
  const { items } = await librarian.get("/api/catalog/v1/books?q=truyen+kieu&limit=1");
  book = items[0].id;
});
after(() => browser.close());

/** Colours do not depend on the width, nor words on either: each colour, width and language is seen, and not every one with every other. */
const VIEWS = /** @type {const} */ ([
  ["wide-light-en", WIDE, "light", "en-GB"],
  ["phone-dark-vi", PHONE, "dark", "vi-VN"],
]);

const STAFF = ["/desk/pull-list", "/desk/hold-shelf", "/desk/transit", "/desk/claims", "/desk/notices", "/desk/exceptions", "/members?q=nguyen", "/members/patron", "/members/new", "/catalogue/new", "/catalogue/import", "/rules", "/calendar", "/house", "/audit", "/desk/reports", "/ops"];

for (const [name, viewport, scheme, locale] of VIEWS) {
  test(`pages for everybody (${name})`, async () => {
    const { page, open, calm, close } = await reader(browser, { viewport, scheme, locale, expected: [404] });
    for (const [what, path] of [["home", "/"], ["results", "/search?q=the"], ["filtered", "/search?genre=Novel&language=vi&sort=title"], ["title", `/books/${book}`], ["sign-in", "/sign-in"], ["nothing", "/search?q=zzqqxx&genre=War"], ["missing", "/no/such/page"], ["missing-title", "/books/1"], ["anonymous-loans", "/loans"]]) {
      await open(path);
      await accessible(page, `${what} (${name})`);
      await picture(page, `${what}-${name}`);
      const words = (await page.locator("body").innerText()) + (await page.title());
      assert.doesNotMatch(words, /\b(undefined|null|NaN|\[object|[a-z]+\.[a-z]+[A-Z]\w*)\b/, `${what} shows a word of ours`);
      if (locale === "vi-VN") assert.doesNotMatch(words, /\b(Search|Sign in|Filters|available|Nothing)\b/, `${what} speaks English`);
    }
    calm();
    await close();
  });

  test(`pages for members and staff (${name})`, async () => {
    const { page, open, calm, close } = await reader(browser, { viewport, scheme, locale, expected: [401] });
    for (const [what, role, path] of [["loans", "patron", "/loans"], ["empty-loans", "desk", "/loans"], ["desk", "desk", "/desk"]]) {
      await page.context().clearCookies();
      await open(`/sign-in?next=${path}`);
      await signIn(page, role);
      await accessible(page, `${what} (${name})`);
      await picture(page, `${what}-${name}`);
    }
    calm();
    await close();
  });
}

/**
 * Looks at pages of somebody who is signed in, in Vietnamese: wide and light, and then, as they stand, on a phone and in the dark.
 * @param {string} role @param {readonly string[]} paths
 */
async function looked(role, paths) {
  const { page, open, calm, close } = await reader(browser, { viewport: WIDE, scheme: "light", locale: "vi-VN", expected: [401] });
  await open(`/sign-in?next=${paths[0]}`);
  await signIn(page, role);
  for (const path of paths) {
    await visit(page, path);
    await accessible(page, path);
    const name = path.slice(1).replaceAll("/", "-");
    await picture(page, `${name}-wide-light-vi`);
    const words = (await page.locator("body").innerText()) + (await page.title());
    assert.doesNotMatch(words, /\b(undefined|null|NaN|\[object)\b/, `${path} shows a word of ours`);
    assert.doesNotMatch(words, /\b(Search|Sign in|Sign out|Save|Publish|Members|Loans|Charges|Nothing|Copy)\b/, `${path} speaks English`);
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: "dark" });
    await fits(page, path);
    await picture(page, `${name}-phone-dark-vi`);
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(WIDE);
  }
  calm();
  await close();
}

test("pages of a reader's own library", () => looked("patron", ["/loans", "/charges", "/reading-lists", "/ratings", "/history", "/profile"]));
test("pages of the staff", () => looked("administrator", STAFF));

test("the check of accessibility can fail", async () => {
  const { page, open, close } = await reader(browser);
  await open("/sign-in");
  await page.evaluate(() => document.querySelector("label[for=login]")?.remove());
  await assert.rejects(accessible(page, "a form without a label"), /label/);
  for (const [colour, scheme] of [["light-dark(black, #333)", "dark"], ["light-dark(#ccc, white)", "light"]]) {
    await open("/sign-in");
    await page.emulateMedia({ colorScheme: scheme === "dark" ? "light" : "dark" });
    await page.evaluate((unread) => document.querySelector("h1")?.style.setProperty("color", unread), colour);
    await assert.rejects(accessible(page, "a heading"), new RegExp(`colours of a heading, ${scheme}[^]*color-contrast: <h1`));
  }
  await close();
});

test("what moves only moves for whoever did not ask for less motion", async () => {
  const { page, open, close } = await reader(browser);
  await open("/");
  await page.route("**/api/catalog/v1/books?*", async (route) => {
    await new Promise((done) => setTimeout(done, 1500));
    await route.continue();
  });
  /** How long anything in the page takes to move, while it waits for an answer. */
  const motion = async () => {
    await page.locator(".section-head a").first().click();
    await page.locator(".bone").first().waitFor();
    const found = await page.evaluate(() => ({ moving: document.getAnimations().length, longest: Math.max(...[...document.querySelectorAll("*")].map((one) => parseFloat(getComputedStyle(one).transitionDuration))) }));
    await settled(page);
    await open("/");
    return found;
  };
  assert.deepEqual(await motion(), { moving: 0, longest: 0 });
  await page.emulateMedia({ reducedMotion: "no-preference" });
  const { moving, longest } = await motion();
  assert.ok(moving > 0 && longest > 0 && longest <= 0.2, `${moving} move, the longest takes ${longest} s`);
  await close();
});

test("suggestions are accessible too", async () => {
  const { page, open, calm, close } = await reader(browser, { scheme: "dark" });
  await open("/");
  await page.keyboard.type("ng", { delay: 20 });
  await page.locator("bv-search.large [role=option]").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await accessible(page, "home with suggestions");
  await picture(page, "suggestions");
  calm();
  await close();
});

test("slow answers show bones after 300 ms and not before; no answer shows what to do", async () => {
  const { context, page, open, close } = await reader(browser);
  await open("/");
  await page.route("**/api/catalog/v1/books?*", async (route) => {
    await new Promise((done) => setTimeout(done, 900));
    await route.continue();
  });
  await page.locator(".section-head a").first().click();
  await page.waitForTimeout(150);
  assert.equal(await page.locator(".bone").count(), 0, "a quick answer never flickers");
  await page.locator(".bone").first().waitFor();
  await picture(page, "waiting");
  await settled(page);
  assert.equal(await page.locator(".bone").count(), 0);
  await page.unrouteAll();
  await context.setOffline(true);
  await page.locator(".row h2 a").first().click();
  await page.locator("h1", { hasText: "No connection" }).waitFor();
  await accessible(page, "no connection");
  await picture(page, "offline");
  await context.setOffline(false);
  await page.locator(".title h1").waitFor(); // it comes back by itself
  await page.route("**/api/catalog/v1/books/*", (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: '{"code":"internal"}' }));
  await page.reload();
  await page.locator("h1", { hasText: "Something went wrong on our side" }).waitFor();
  await accessible(page, "a failure");
  await picture(page, "failed");
  await close();
});

test("a search that had no time says so, and one that is not all; both are tried again", async () => {
  const { page, open, calm, close } = await reader(browser, { expected: [503] });
  const answers = "**/api/catalog/v1/books?*";
  await page.route(answers, (route) => route.fulfill({ status: 503, headers: { "Retry-After": "1" }, contentType: "application/problem+json", body: '{"status":503,"code":"too_slow","detail":"The search found nothing yet."}' }));
  await open("/search?q=truyen");
  await page.locator("h1", { hasText: "That took too long" }).waitFor();
  await accessible(page, "a search without time");
  await page.unroute(answers);
  await page.route(answers, async (route) => {
    const found = await route.fetch();
    await route.fulfill({ response: found, json: { ...(await found.json()), partial: true, next_cursor: null, total: { value: 1, relation: "gte" } } });
  });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".note.partial", { hasText: "there may be better ones" }).waitFor();
  assert.ok((await page.locator(".row h2").count()) > 0, "what was found is shown");
  await accessible(page, "a search that is not all");
  await picture(page, "partial");
  await page.unroute(answers);
  await page.locator(".note.partial").getByRole("button", { name: "Try again" }).click();
  await page.locator(".note.partial").waitFor({ state: "detached" });
  await page.locator(".row h2").first().waitFor();
  calm();
  await close();
});

test("the documents have the right statuses and keep the policy", async () => {
  for (const [path, status] of /** @type {const} */ ([["/", 200], ["/search?q=a", 200], [`/books/${book}`, 200], ["/nothing", 404], ["/lib/", 404]])) {
    const answer = await fetch(URL_ + path, { headers: { Accept: "text/html" } });
    assert.equal(answer.status, status, path);
    assert.match(answer.headers.get("Content-Security-Policy") ?? "", /default-src 'self'/);
    assert.doesNotMatch(answer.headers.get("Content-Security-Policy") ?? "", /unsafe-inline|unsafe-eval/);
  }
});
