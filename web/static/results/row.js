// row.js: one title among the results.

import { html } from "../lib/html.js";
import { languageName, t, year } from "../lib/i18n.js";
import { availabilityOf } from "../parts/availability.js";
import { coverOf } from "../parts/cover.js";

/**
 * @param {import("../lib/types.js").Book} book
 * @param {(text: string) => import("../lib/html.js").Part} mark shows what was searched
 * @param {boolean} lends whether whoever reads it may borrow
 */
export function row(book, mark, lends) {
  const facts = [book.published_year && year(book.published_year), book.language && languageName(book.language)].filter(Boolean).join(" · ");
  return html`<li class="row">
    <a class="book" href="/books/${book.id}" tabindex="-1" aria-hidden="true">${coverOf(book)}</a>
    <div class="row-words">
      <h2><a href="/books/${book.id}" lang="${book.language ?? ""}" dir="auto">${mark(book.title)}</a></h2>
      ${book.subtitle && html`<p class="subtitle" dir="auto">${mark(book.subtitle)}</p>`}
      <p class="by">${authors(book, mark)}</p>
      <p class="quiet small numbers">${facts || t("row.noFacts")}</p>
    </div>
    <div class="row-side">${availabilityOf(book.id)}${lends && html`<div class="row-lend" data-book="${book.id}"></div>`}</div>
  </li>`;
}

/**
 * The authors, each a way to their titles.
 * @param {import("../lib/types.js").Book} book
 * @param {(text: string) => import("../lib/html.js").Part} [mark]
 */
export function authors(book, mark = (name) => name) {
  return (book.authors ?? []).map(({ id, name }, i) => html`${i > 0 && ", "}<a href="/search?author=${id}" dir="auto">${mark(name)}</a>`);
}
