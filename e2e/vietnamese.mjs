// vietnamese.mjs: finds what a page in Vietnamese still says in English: words of the English message files, and sentences of the library itself.

import assert from "node:assert/strict";
import { signInOf } from "./browser.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** The demonstration's cards, which read like words. */
const CARDS = ["patron", "desk", "librarian", "administrator"].map((role) => signInOf(role).card);

export const VIETNAMESE = { locale: "vi-VN" };

/** "Thứ Sáu, 4 tháng 12 (sau 8 ngày nữa)", as a part of an expression. */
export const DAY = "(Thứ (Hai|Ba|Tư|Năm|Sáu|Bảy)|Chủ Nhật), \\d+ tháng \\d+(, \\d{4})?";
export const DAY_AHEAD = `${DAY} \\((sau \\d+ ngày nữa|ngày mai|ngày kia)\\)`;

/**
 * Everything that the page shows, tells or has folded away, the library's data excepted, that is English.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
function english(page) {
  return page.evaluate(async (cards) => {
    const FILES = ["", "account-", "staff-", "office-"];
    /** @type {Record<string, Record<string, string | Record<string, string>>[]>} */
    const spoken = { en: [], vi: [] };
    for (const language of ["en", "vi"]) for (const file of FILES) spoken[language].push((await import(`/i18n/${file}${language}.js`)).messages);
    const forms = (/** @type {string | Record<string, string>} */ message) => (typeof message === "string" ? [message] : Object.values(message));
    /** Each with the longest of its words in one piece, which a text must hold before the whole is looked for. @type {{piece: string, pattern: RegExp}[]} */
    const known = [];
    for (const [i, messages] of spoken.en.entries()) {
      for (const [key, message] of Object.entries(messages)) {
        const ours = forms(spoken.vi[i][key]);
        for (const text of forms(message).filter((one) => !ours.includes(one))) {
          const words = text.replace(/\{\w+\}/g, " ").match(/\p{L}+/gu)?.length ?? 0;
          if (words === 0) continue;
          const piece = text.split(/\{\w+\}/).reduce((one, other) => (other.length > one.length ? other : one)).trim();
          const pattern = text.trim().replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, ".+?");
          known.push({ piece, pattern: words < 3 ? new RegExp(`^${pattern}$`, "u") : new RegExp(`(?<!\\p{L})${pattern}(?!\\p{L})`, "u") }); // long ones also within others
        }
      }
    }
    const SENTENCE = /(?<![\p{L}\d_.=-])(the|of|is|are|was|were|and|with|this|not|has|have|cannot|please|must)(?![\p{L}\d_.=-])/iu;
    const DATA = "[dir=auto]:not(.facets *), bv-cover, a:has(bv-cover), [lang=en], option[value=en], pre, script, style";
    const clean = (/** @type {string | null | undefined} */ text) => (text ?? "").replace(/[\s\u00a0\u2068\u2069]+/g, " ").trim();
    const data = [...document.querySelectorAll("[dir=auto]:not(.facets *)")].map((one) => clean(one.textContent)).filter((text) => text.length > 1).concat(cards);
    data.sort((a, b) => b.length - a.length); // what holds another before the other
    /** @type {(string | null | undefined)[]} */
    const shown = [document.title];
    for (const one of document.body.querySelectorAll("*")) {
      const folded = one.closest("details:not([open])") && !one.closest("[hidden]");
      if (one.closest(DATA) || !(folded || (one instanceof HTMLOptionElement ? one.closest("select") : one)?.checkVisibility({ visibilityProperty: true }))) continue;
      for (const child of one.childNodes) if (child instanceof Text) shown.push(child.data);
      for (const name of ["aria-label", "placeholder", "alt", "title", "data-label"]) shown.push(one.getAttribute(name));
    }
    const said = new Set(shown.map((text) => clean(data.reduce((rest, one) => rest.replaceAll(one, " "), clean(text)))).filter(Boolean));
    return [...said].filter((text) => SENTENCE.test(text) || known.some(({ piece, pattern }) => text.includes(piece) && pattern.test(text)));
  }, CARDS);
}

/** @param {Page} page @param {string} where */
export async function speaksVietnamese(page, where) {
  assert.equal(await page.locator("html").getAttribute("lang"), "vi", where);
  assert.deepEqual(await english(page), [], `English in ${where}`);
}
