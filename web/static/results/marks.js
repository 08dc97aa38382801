// marks.js: the words that were searched, marked where they stand in a text; accents and capitals make no difference, as in the search.

import { html } from "../lib/html.js";

/** @param {string} text one letter, or many */
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");

/**
 * A function that marks in a text the words of a search.
 * @param {string | undefined} q
 * @returns {(text: string) => import("../lib/html.js").Part}
 */
export function marker(q = "") {
  const words = fold(q).split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 1);
  if (words.length === 0) return (text) => text;
  return (text) => {
    const letters = Array.from(text, (letter) => ({ letter, folded: fold(letter) }));
    /** @type {unknown[]} */
    const parts = [];
    let plain = "";
    for (let i = 0; i < letters.length; ) {
      const begins = i === 0 || !/[\p{L}\p{N}\p{M}]/u.test(letters[i - 1].letter);
      const long = begins ? Math.max(...words.map((word) => lengthOf(letters, i, word))) : 0;
      if (long === 0) {
        plain += letters[i++].letter;
        continue;
      }
      parts.push(plain, html`<mark>${letters.slice(i, i + long).map(({ letter }) => letter).join("")}</mark>`);
      plain = "";
      i += long;
    }
    return [...parts, plain];
  };
}

/**
 * How many letters from a place on make up a word; 0 where they do not.
 * @param {{folded: string}[]} letters
 * @param {number} at
 * @param {string} word
 */
function lengthOf(letters, at, word) {
  let have = "";
  for (let i = at; i < letters.length; i++) {
    have += letters[i].folded;
    if (!word.startsWith(have)) return 0;
    if (have === word) {
      while (letters[i + 1]?.folded === "" && letters[i + 1]) i++; // the marks of the last letter
      return i + 1 - at;
    }
  }
  return 0;
}
