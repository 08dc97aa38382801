// keyboard.mjs: hands on a keyboard and nothing else: Tab to what reads so, press, type; each stop is seen, and the focus is never lost.

import assert from "node:assert/strict";
import { settled } from "./browser.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{words: string, shown: string, lit: string, inside: boolean}} Stop */

const PATIENCE = 5000; // ms

/**
 * Looks at what has the focus: how it reads, what shows that it has it, whether it stands in the window, and whether the stop
 * before it looks otherwise now. Runs in the page.
 * @returns {Stop}
 */
function look() {
  const keep = /** @type {{lastStop?: {at: Element, shown: string} | null}} */ (/** @type {unknown} */ (window));
  /** A ring may be drawn around the label of a control that is not to be seen itself. @param {Element} one */
  const ring = (one) =>
    [one, one.closest("label")]
      .filter((part) => part !== null)
      .map((part) => getComputedStyle(part))
      .map(({ outlineStyle, outlineWidth, boxShadow }) => (outlineStyle === "none" || parseFloat(outlineWidth) < 1.5 ? (boxShadow === "none" ? "" : boxShadow) : `${outlineStyle} ${outlineWidth}`))
      .join("");
  const at = document.activeElement ?? document.body;
  const labels = at instanceof HTMLInputElement || at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement ? at.labels : null;
  const words = at.getAttribute("aria-label") ?? (labels?.length ? labels[0].textContent : at.textContent) ?? "";
  const last = keep.lastStop;
  const lit = last && last.shown !== "" && last.at !== at && last.at.isConnected && ring(last.at) === last.shown ? last.at.outerHTML.slice(0, 120) : "";
  const shown = ring(at);
  const box = at.getBoundingClientRect();
  keep.lastStop = at === document.body ? null : { at, shown };
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return { words: `${at.localName} ${words.replace(/\s+/g, " ").trim()}`, shown, lit, inside };
}

/** A text as it reads, for the expressions below. @param {string} text */
export const exactly = (text) => text.replace(/\s+/g, " ").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** @param {Page} page */
export function keyboard(page) {
  /** What has the focus, as it reads: "button Undo Emma". */
  const here = async () => (await page.evaluate(look)).words;

  /** Looks until it holds, since an answer takes its time. @param {(words: string) => boolean} holds */
  const until = async (holds) => {
    let words = await here();
    for (const end = Date.now() + PATIENCE; !holds(words) && Date.now() < end; words = await here()) await page.waitForTimeout(30);
    return words;
  };

  /** The focus is, or comes, somewhere that reads so. @param {RegExp} words @param {string} [why] */
  const isAt = async (words, why) => assert.match(await until((at) => words.test(at)), words, why);

  /** Once the page stands, something in it has the focus. @param {string} after */
  const kept = async (after) => {
    await settled(page);
    assert.doesNotMatch(await until((at) => !at.startsWith("body")), /^body/, `the focus is lost after ${after}`);
  };

  /** Goes on, or back, to the stop that reads so; every stop on the way is shown. @param {RegExp} words @param {"Tab" | "Shift+Tab"} [key] */
  const tabTo = async (words, key = "Tab") => {
    for (let left = 150; left > 0; left--) {
      await page.keyboard.press(key);
      const stop = await page.evaluate(look);
      if (stop.words.startsWith("body")) continue; // the document ends, and begins again
      assert.notEqual(stop.shown, "", `nothing shows the focus on ${stop.words}`);
      assert.equal(stop.lit, "", `the stop before ${stop.words} looks as if it still had the focus`);
      assert.ok(stop.inside, `the focus is out of sight on ${stop.words}`);
      if (words.test(stop.words)) return;
    }
    assert.fail(`no stop reads ${words}`);
  };
  const backTo = (/** @type {RegExp} */ words) => tabTo(words, "Shift+Tab");

  /** @param {...string} keys */
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const type = (/** @type {string} */ text) => page.keyboard.type(text);
  /** Writes in the place of what stands in a box. @param {string} text */
  const write = async (text) => {
    await press("Control+A");
    await type(text);
  };

  /** Follows the way that reads so, to its address. @param {RegExp} words @param {Parameters<Page["waitForURL"]>[0]} address @param {"Tab" | "Shift+Tab"} [key] */
  const follow = async (words, address, key) => {
    await tabTo(words, key);
    await press("Enter");
    await page.waitForURL(address);
    await kept(`following ${words}`);
  };

  /** Signs in on the page for it, and comes to where that leads. @param {{card: string, password: string}} who */
  const signIn = async ({ card, password }) => {
    await isAt(/^input Card number/);
    await type(card);
    await tabTo(/^input Password/);
    await type(password);
    await press("Enter");
    await page.waitForURL((url) => url.pathname !== "/sign-in");
    await kept("signing in");
  };

  return { here, isAt, kept, tabTo, backTo, press, type, write, follow, signIn };
}
