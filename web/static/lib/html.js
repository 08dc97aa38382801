// html.js: markup from template strings. Every value is escaped; the only way around that is named `unsafe`.

/** A piece of markup that is known to be safe to parse. */
export class Html {
  /** @param {string} markup */
  constructor(markup) {
    this.markup = markup;
  }

  toString() {
    return this.markup;
  }
}

/** @typedef {Html | string | number | null | undefined | false | readonly unknown[]} Part */

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Escapes text for an element or a quoted attribute.
 * @param {string} text
 */
export function escape(text) {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}

/**
 * One value of a template: markup stays, lists are joined, nothing and false vanish, the rest is escaped text.
 * @param {unknown} part
 * @returns {string}
 */
function markupOf(part) {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.markup;
  if (Array.isArray(part)) return part.map(markupOf).join("");
  return escape(String(part));
}

/**
 * A template tag: html`<p title="${title}">${text}</p>`. Attribute values must stand in quotes.
 * @param {TemplateStringsArray} strings
 * @param {...unknown} parts
 * @returns {Html}
 */
export function html(strings, ...parts) {
  let markup = strings[0];
  parts.forEach((part, i) => {
    markup += markupOf(part) + strings[i + 1];
  });
  return new Html(markup);
}

/**
 * Trusts markup as it is. For text that this code wrote itself, never for an answer of the API.
 * @param {string} markup
 */
export function unsafe(markup) {
  return new Html(markup);
}

/**
 * Replaces what an element holds.
 * @param {Element} target
 * @param {Part} content
 */
export function render(target, content) {
  target.innerHTML = markupOf(content);
}

/**
 * Puts something behind what an element holds.
 * @param {Element} target
 * @param {Part} content
 */
export function append(target, content) {
  target.insertAdjacentHTML("beforeend", markupOf(content));
}

/** Lets the browser paint, and readers press, before more is drawn: what takes a slow phone longer than 50 ms is felt. */
export const pause = () => new Promise((resolve) => setTimeout(resolve));

/** What an element is to who reads it. @param {Element} one */
const readsAs = (one) => [one.localName, one.getAttribute("name"), one.getAttribute("type") === "radio" && one.getAttribute("value"), one.textContent].join();

/**
 * Draws a place anew; where that takes away what had the focus, the focus goes to what reads the same there, else to the `other`.
 * @param {Element} place
 * @param {() => void} draw
 * @param {() => HTMLElement | null} [other]
 */
export function keepFocus(place, draw, other = () => null) {
  const held = document.activeElement;
  const words = held && held !== place && place.contains(held) && readsAs(held);
  draw();
  if (!words || held.isConnected || document.activeElement !== document.body) return;
  const same = [...place.querySelectorAll(held.localName)].find((one) => readsAs(one) === words && one.checkVisibility());
  /** @type {HTMLElement | null} */ (same ?? other())?.focus({ preventScroll: true });
}

/**
 * The one element that must be there; a page that lost it is a defect worth a loud error.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} scope
 * @param {string} selector
 * @returns {T}
 */
export function find(scope, selector) {
  const found = scope.querySelector(selector);
  if (!found) throw new Error(`no element matches ${selector}`);
  return /** @type {T} */ (found);
}
