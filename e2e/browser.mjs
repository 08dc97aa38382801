// browser.mjs: what every journey needs: a browser, readers in it who are watched, an accessibility check, a picture, a hand on the API.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */

export const URL_ = process.env.E2E_URL ?? "http://127.0.0.1:8080";
const OUTPUT = fileURLToPath(new URL("output/", import.meta.url));
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PROGRAMS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const PHONE = { width: 390, height: 844 };
export const WIDE = { width: 1280, height: 900 };

/** A consistency token of a position that no server ever reaches: whoever sends it sees all that was committed before, whoever wrote it. */
const EVERYTHING = "_".repeat(16);

/** @type {{role: string, card: string, password: string}[]} */
const SIGN_INS = JSON.parse(process.env.E2E_SIGN_INS ?? "[]");

/** @param {string} role */
export function signInOf(role) {
  const found = SIGN_INS.find((one) => one.role === role);
  assert.ok(found, `the demonstration library has no sign-in for ${role}`);
  return found;
}

export async function launch() {
  const executablePath = PROGRAMS.find((path) => path && existsSync(path));
  assert.ok(executablePath, "no chromium: apt-get install chromium, or set CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/**
 * A reader with a browser of their own. `calm` fails when the console said anything, a script failed or a request left the
 * library; answers with a status in `expected` (a refusal that the test asks for) may be logged by the browser.
 * @param {import("playwright-core").Browser} browser
 * @param {{viewport?: {width: number, height: number}, scheme?: "light" | "dark", locale?: string, expected?: number[]}} [options]
 */
export async function reader(browser, { viewport = WIDE, scheme = "light", locale = "en-GB", expected = [] } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, locale, reducedMotion: "reduce", hasTouch: viewport.width < 500, timezoneId: "Asia/Ho_Chi_Minh" });
  context.setDefaultTimeout(15_000);
  await context.addInitScript(() => document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => console.error(`policy: ${effectiveDirective} ${blockedURI}`)));
  const page = await context.newPage();
  /** @type {string[]} */
  const noise = [];
  page.on("console", (message) => {
    const status = /status of (\d+)/.exec(message.text())?.[1];
    if (!(status && expected.includes(Number(status)))) noise.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => noise.push(`script: ${error.stack}`));
  page.on("dialog", (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== URL_ && !/^(data|blob):/.test(request.url())) noise.push(`left the library: ${request.url()}`);
  });
  const calm = () => assert.deepEqual(noise.splice(0), []);
  const open = async (/** @type {string} */ path) => {
    await abreast(context);
    await page.goto(URL_ + path);
    await settled(page);
  };
  return { context, page, calm, open, close: () => context.close() };
}

/**
 * What a hand has just prepared is shown to whoever is signed in as soon as a replica has it, which on a busy machine takes a while: the
 * next answers include it.
 * @param {import("playwright-core").BrowserContext} context
 */
async function abreast(context) {
  const cookies = await context.cookies(URL_);
  if (cookies.some(({ name }) => name === "bv_session")) await context.addCookies([{ name: "bv_consistency", value: EVERYTHING, url: URL_ }]);
}

/** Counts the bytes that come over the wire for a page, with the headers of each answer. @param {Page} page */
export async function weighed(page) {
  const wire = await page.context().newCDPSession(page);
  let bytes = 0;
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await wire.send("Network.enable");
  return () => bytes;
}

/** Waits until the page of the address stands, with all that comes after its first words. @param {Page} page */
export async function settled(page) {
  await page.waitForFunction(() => {
    const main = document.querySelector("main");
    const waits = "[aria-busy], bv-availability:not([class]), #copies:empty, #shelves:empty, .bone";
    return main?.dataset.at === location.pathname + location.search && !main.matches("[aria-busy]") && !main.querySelector(waits);
  });
}

/** Goes to an address as a link in the page would: no document is loaded. @param {Page} page @param {string} path */
export async function visit(page, path) {
  await abreast(page.context());
  await page.evaluate((to) => {
    history.pushState({}, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
  await settled(page);
}

/** @param {Page} page @param {string} role */
export async function signIn(page, role) {
  const { card, password } = signInOf(role);
  await page.fill("#login", card);
  await page.fill("#password", password);
  await page.click("form button[type=submit]:visible");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  await settled(page);
}

/** What axe judges by colours; the rest of its rules finds the same in the light and in the dark. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * What axe finds against the page as it stands.
 * @param {Page} page
 * @param {string[]} [rules] only these
 * @returns {Promise<string[]>}
 */
async function violations(page, rules) {
  const found = await page.evaluate((only) => /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"], ...(only && { runOnly: { type: "rule", values: only } }) }), rules);
  return found.violations.flatMap((/** @type {any} */ { id, nodes }) => nodes.map((/** @type {any} */ node) => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary?.split("\n").slice(1).join(" ").slice(0, 200)})`));
}

/**
 * No violation of WCAG 2.2 A and AA, nor of axe's best practices, in the page as it stands, and none by its colours in the other
 * scheme, light or dark, either; nothing wider than the window; and nothing seen that is marked as hidden, which a style may show
 * by mistake.
 * @param {Page} page
 * @param {string} where
 */
export async function accessible(page, where) {
  const known = await page.evaluate(() => "axe" in window);
  if (!known) await page.evaluate(AXE);
  assert.deepEqual(await violations(page), [], `accessibility of ${where}`);
  const [scheme, other] = (await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches)) ? /** @type {const} */ (["dark", "light"]) : /** @type {const} */ (["light", "dark"]);
  const turned = async (/** @type {"light" | "dark"} */ to) => {
    await page.emulateMedia({ colorScheme: to });
    await page.waitForFunction((wanted) => matchMedia(`(prefers-color-scheme: ${wanted})`).matches && document.getAnimations().every(({ playState }) => playState !== "running"), to);
  };
  await turned(other);
  assert.deepEqual(await violations(page, COLOURS), [], `colours of ${where}, ${other}`);
  await turned(scheme);
  await fits(page, where);
  const shown = await page.evaluate(() => [...document.querySelectorAll("[hidden]")].filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => one.outerHTML.slice(0, 120)));
  assert.deepEqual(shown, [], `hidden things show in ${where}`);
}

/** Nothing reaches beyond the window's width. @param {Page} page @param {string} where */
export async function fits(page, where) {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(beyond <= 0, `${where} is ${beyond} px wider than its window`);
}

/** A picture for people to look at, kept as output; in CI a smaller one, which takes less time. @param {Page} page @param {string} name @param {boolean} [whole] */
export async function picture(page, name, whole = false) {
  const kind = process.env.CI ? /** @type {const} */ ({ type: "jpeg", quality: 60, path: `${OUTPUT}${name}.jpg` }) : { path: `${OUTPUT}${name}.png` };
  if (whole) await page.evaluate(() => dispatchEvent(new Event("beforeprint"))); // covers out of sight are drawn, too
  await page.screenshot({ ...kind, fullPage: whole, animations: "disabled" });
}

/**
 * A hand on the API, signed in as a role, to prepare what a journey needs.
 * @param {string} role
 */
export async function hand(role) {
  const { card, password } = signInOf(role);
  const answer = await fetch(`${URL_}/api/members/v1/sessions`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ login: card, password }) });
  assert.ok(answer.ok, `signing in as ${role}: ${answer.status} ${await answer.clone().text()}`);
  const cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  /** @param {string} method @param {string} path @param {unknown} [body] @param {number} [version] that was edited */
  const call = async (method, path, body, version) => {
    const reply = await fetch(URL_ + path, {
      method,
      headers: { Cookie: cookie, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), "BookVault-Consistency": EVERYTHING, ...(version !== undefined && { "If-Match": `"${version}"` }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  return {
    card,
    get: (/** @type {string} */ path) => call("GET", path),
    post: (/** @type {string} */ path, /** @type {unknown} */ body = {}) => call("POST", path, body),
    patch: (/** @type {string} */ path, /** @type {unknown} */ body) => call("PATCH", path, body),
    put: (/** @type {string} */ path, /** @type {unknown} */ body, /** @type {number | undefined} */ version = undefined) => call("PUT", path, body, version),
    remove: (/** @type {string} */ path) => call("DELETE", path),
  };
}

/** @typedef {Awaited<ReturnType<typeof hand>>} Hand */

/** A new member with nothing on loan. @param {Hand} staff @param {string} name */
export async function newMember(staff, name) {
  return staff.post("/api/members/v1/members", { name, category: "adult" });
}

/**
 * Copies that are on the shelf, of titles of their own.
 * @param {Hand} staff
 * @param {number} count
 * @param {number} [skip] titles left to other journeys
 * @returns {Promise<{barcode: string, book_id: number, title: string, branch: string}[]>}
 */
export async function freeCopies(staff, count, skip = 0) {
  const copies = [];
  let found = null;
  for (let again = 0; (!found || found.partial) && again < 20; again++) { // a machine that has just started may need longer than a search may take
    found = await staff.get(`/api/catalog/v1/books?available=true&limit=200&sort=title`).catch((/** @type {Error} */ error) => {
      if (!error.message.includes('"too_slow"')) throw error;
    });
  }
  assert.ok(found, "a search that finds what is on the shelf");
  for (const book of found.items.slice(skip)) {
    const { items: copiesOf } = await staff.get(`/api/borrowing/v1/items?book_id=${book.id}`);
    const free = copiesOf.find((/** @type {{status: string, loanable?: boolean}} */ item) => item.status === "available" && item.loanable !== false);
    if (free) copies.push({ barcode: free.barcode, book_id: book.id, title: book.title, branch: free.branch });
    if (copies.length === count) return copies;
  }
  throw new Error(`only ${copies.length} of ${count} free copies`);
}

/**
 * A new member with a password, signed in in a browser of their own, in their library.
 * @param {import("playwright-core").Browser} browser
 * @param {Hand} staff
 * @param {string} name
 * @param {Parameters<typeof reader>[1]} [options]
 */
export async function newReader(browser, staff, name, options) {
  const password = "a quiet reading room";
  const { card } = await staff.post("/api/members/v1/members", { name, category: "adult", password });
  const at = await reader(browser, options);
  await at.open("/sign-in?next=/loans");
  await at.page.fill("#login", card);
  await at.page.fill("#password", password);
  await at.page.keyboard.press("Enter");
  await at.page.waitForURL((url) => url.pathname === "/loans");
  await settled(at.page);
  return { ...at, card, password };
}
