// cite.js: a title to be cited or shared: a line for a list of books, BibTeX for programs, its address.

import { find, html, render } from "../lib/html.js";
import { t, unturned, year } from "../lib/i18n.js";
import { toast } from "../parts/toast.js";

/** @typedef {import("../lib/types.js").Book} Book */

/** "Nguyễn Du (1820). Truyện Kiều. ISBN …" @param {Book} book */
export function line(book) {
  const when = book.published_year === undefined ? "" : ` (${year(book.published_year)})`;
  const title = [book.title, book.subtitle].filter(Boolean).join(": ");
  return unturned([`${book.authors.map(({ name }) => name).join("; ")}${when}`, title, book.publisher, book.isbn13 && `ISBN ${book.isbn13}`].filter(Boolean).join(". "));
}

/** A value of BibTeX: braces would end it. @param {unknown} value */
const bare = (value) => unturned(String(value)).replace(/[{}\\]/g, " ").replace(/\s+/g, " ").trim();

/** @param {Book} book @param {string} address */
export function bibtex(book, address) {
  /** @type {[string, unknown][]} */
  const facts = [["title", book.title], ["author", book.authors.map(({ name }) => name).join(" and ")], ["year", book.published_year], ["publisher", book.publisher], ["isbn", book.isbn13], ["language", book.language], ["url", address]];
  return `@book{bookvault${book.id},\n${facts.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => `  ${name} = {${bare(value)}}`).join(",\n")}\n}`;
}

/**
 * @param {HTMLElement} place
 * @param {Book} book
 */
export function cite(place, book) {
  const address = `${location.origin}/books/${book.id}`;
  const texts = { line: line(book), bibtex: bibtex(book, address), address };
  const copy = (/** @type {keyof typeof texts} */ name) => html`<button type="button" class="button slim" data-copy="${name}">${t("cite.copy")}<span class="hidden-text"> ${t(`cite.${name}`)}</span></button>`;
  render(
    place,
    html`<dl class="cite"><div><dt>${t("cite.line")}</dt><dd><span dir="auto">${texts.line}</span>${copy("line")}</dd></div>
      <div><dt>BibTeX</dt><dd><pre>${texts.bibtex}</pre>${copy("bibtex")}</dd></div>
      <div><dt>${t("cite.address")}</dt><dd><span>${address}</span>${copy("address")}</dd></div></dl>
      ${"share" in navigator && html`<button type="button" class="button slim" id="share">${t("cite.share")}</button>`}`,
  );
  place.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy], #share") : null;
    if (!(button instanceof HTMLElement)) return;
    try {
      if (button.id === "share") return void (await navigator.share({ title: book.title, url: address }));
      await navigator.clipboard.writeText(texts[/** @type {keyof typeof texts} */ (button.dataset.copy)]);
      toast(t("cite.copied"), "good");
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) toast(t("cite.notCopied"), "bad");
    }
  });
  find(place, "button").focus();
}
