// book-form.js: the boxes of a title, what stands in them, and another's edit beside one's own.

import { field, text, Wrong } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";

/** @typedef {import("../lib/types.js").Book} Book */

const LISTS = /** @type {const} */ (["genres", "subjects"]);
const WORDS = /** @type {const} */ (["subtitle", "isbn13", "language", "publisher", "series", "series_position", "description"]);
const NUMBERS = /** @type {const} */ (["published_year", "pages"]);
const NAMES = /** @type {const} */ (["title", "subtitle", "authors", "isbn13", "language", "published_year", "publisher", "pages", "series", "series_position", "genres", "subjects", "description"]);

/** The names of the boxes that are not called as the title's part is. */
const CALLED = /** @type {const} */ ({ isbn13: "isbn", published_year: "year", series_position: "position" });

/** What a box is called. @param {typeof NAMES[number]} name */
const labelOf = (name) => t(`book.${name in CALLED ? CALLED[/** @type {keyof typeof CALLED} */ (name)] : /** @type {Exclude<typeof name, keyof typeof CALLED>} */ (name)}`);

/** @param {Partial<Book>} book @param {typeof NAMES[number]} name */
function valueOf(book, name) {
  if (name === "authors") return (book.authors ?? []).map((author) => author.name).join("\n");
  const value = book[name];
  return Array.isArray(value) ? value.join("\n") : String(value ?? "");
}

/** @param {Partial<Book>} book */
export function boxes(book) {
  const value = (/** @type {typeof NAMES[number]} */ name) => valueOf(book, name);
  return html`<div class="whole">${field("title", t("book.title"), { value: value("title"), required: true, max: 500 })}</div>
    <div class="whole">${field("subtitle", t("book.subtitle"), { value: value("subtitle"), max: 500 })}</div>
    ${field("authors", t("book.authors"), { value: value("authors"), rows: true, required: true, max: 5000, hint: t("book.perLine") })}
    ${field("isbn13", t("book.isbn"), { value: value("isbn13"), max: 20, inputmode: "numeric" })}
    ${field("language", t("book.language"), { value: value("language"), max: 20, hint: t("book.languageHint") })}
    ${field("published_year", t("book.year"), { value: value("published_year"), max: 6 })}
    ${field("publisher", t("book.publisher"), { value: value("publisher"), max: 300 })}
    ${field("pages", t("book.pages"), { value: value("pages"), max: 6, inputmode: "numeric" })}
    ${field("series", t("book.series"), { value: value("series"), max: 300 })}
    ${field("series_position", t("book.position"), { value: value("series_position"), max: 40 })}
    ${field("genres", t("book.genres"), { value: value("genres"), rows: true, max: 2000, hint: t("book.perLine") })}
    ${field("subjects", t("book.subjects"), { value: value("subjects"), rows: true, max: 5000, hint: t("book.perLine") })}
    ${field("description", t("book.description"), { value: value("description"), rows: true, max: 20000 })}`;
}

/** @param {FormData} form @param {string} name */
const lines = (form, name) => text(form, name).split("\n").map((line) => line.trim()).filter(Boolean);

/**
 * The title that stands in the boxes. An author whose name was left as it is stays that author.
 * @param {FormData} form
 * @param {Partial<Book>} [book] as it was read
 */
export function bookOf(form, book) {
  /** @type {Record<string, unknown>} */
  const body = { title: text(form, "title"), authors: lines(form, "authors").map((name) => book?.authors?.find((author) => author.name === name) ?? { name }) };
  for (const name of WORDS) if (text(form, name)) body[name] = text(form, name);
  for (const name of LISTS) if (lines(form, name).length > 0) body[name] = lines(form, name);
  for (const name of NUMBERS) {
    const value = text(form, name);
    if (!value) continue;
    if (!/^-?\d+$/.test(value)) throw new Wrong(name, t("book.number"));
    body[name] = Number(value);
  }
  return body;
}

/**
 * Shows another's edit beside one's own, where they differ, each with a button that takes it.
 * @param {HTMLFormElement} form
 * @param {Book} theirs
 */
export function sideBySide(form, theirs) {
  for (const name of NAMES) {
    const box = /** @type {HTMLInputElement | HTMLTextAreaElement} */ (form.elements.namedItem(name));
    const place = /** @type {HTMLElement} */ (box.closest(".field"));
    place.querySelector(".theirs")?.remove();
    const other = valueOf(theirs, name);
    place.classList.toggle("conflict", box.value.trim() !== other.trim());
    if (box.value.trim() === other.trim()) continue;
    const beside = document.createElement("div");
    beside.className = "theirs";
    render(beside, html`<p class="small quiet">${t("book.theirs")}</p><p class="letter" dir="auto">${other || t("book.empty")}</p><button type="button" class="button slim">${t("book.take")}<span class="hidden-text"> ${labelOf(name)}</span></button>`);
    find(beside, "button").addEventListener("click", () => {
      box.value = other;
      place.classList.remove("conflict");
      beside.remove();
      box.focus();
    });
    place.append(beside);
  }
}
