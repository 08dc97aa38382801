// title.js: all about one title: what it is, where its copies stand, borrowing it or waiting for it, more by its author.

import { get } from "../lib/api.js";
import { find, html, render } from "../lib/html.js";
import { languageName, t, year } from "../lib/i18n.js";
import { genreName } from "../lib/genres.js";
import { may, me } from "../lib/session.js";
import { availabilityOf, fillAvailability } from "../parts/availability.js";
import { coverOf } from "../parts/cover.js";
import { authors } from "../results/row.js";
import { copies } from "./copies.js";
import { offer } from "./offer.js";

/** @typedef {import("../lib/types.js").Book} Book */
/** @typedef {import("../lib/router.js").Context} Context */

const LONG = 90; // characters, from which on a title is set smaller

/** Bones of the page while its answers are on the way. */
export function waiting() {
  return html`<div class="title" aria-hidden="true"><div class="bone book"></div><div><div class="bone w70"></div><br><div class="bone w30"></div></div></div>`;
}

/** @param {Book} book */
function facts(book) {
  /** @type {[string, unknown][]} */
  const list = [
    [t("title.published"), [book.publisher, book.published_year && year(book.published_year)].filter(Boolean).join(", ")],
    [t("title.language"), book.language && languageName(book.language)],
    [t("title.pages"), book.pages],
    [t("title.series"), [book.series, book.series_position].filter(Boolean).join(", ")],
    [t("title.subjects"), (book.subjects ?? []).join(" · ")],
    ["ISBN", book.isbn13],
  ];
  return html`<dl class="facts">${list.map(([name, value]) => value && html`<div><dt>${name}</dt><dd class="numbers">${value}</dd></div>`)}</dl>`;
}

/**
 * @param {Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ params: [id], signal }) {
  const [book, member] = await Promise.all([
    /** @type {Promise<Book>} */ (get(`/api/catalog/v1/books/${id}`, {}, signal)),
    me().catch(() => null),
  ]);
  return {
    title: book.title,
    body: html`<article class="title">
        <div class="title-cover">${coverOf(book, "large")}</div>
        <div class="title-words">
          <h1 class="${book.title.length > LONG && "long"}" lang="${book.language ?? ""}" dir="auto">${book.title}</h1>
          ${book.subtitle && html`<p class="subtitle" dir="auto">${book.subtitle}</p>`}
          <p class="by">${authors(book)}</p>
          <div class="lend">
            ${availabilityOf(book.id)}
            <div id="borrow"></div>
            ${may(member, "librarian") && html`<a href="/books/${book.id}/edit">${t("title.edit")}</a>`}
          </div>
          ${book.description && html`<section aria-labelledby="about"><h2 id="about">${t("title.about")}</h2><p class="description" dir="auto">${book.description}</p></section>`}
          ${facts(book)}
          ${(book.genres ?? []).length > 0 && html`<ul class="tags" aria-label="${t("facet.genre")}">${book.genres?.map((genre) => html`<li><a href="/search?genre=${encodeURIComponent(genre)}">${genreName(genre)}</a></li>`)}</ul>`}
          <section aria-labelledby="copies-head" class="copies"><h2 id="copies-head">${t("title.copies")}</h2><div id="copies" aria-live="polite"></div></section>
        </div>
      </article>
      <section id="more" hidden></section>`,
    ready(main, alive) {
      void copies(find(main, "#copies"), book, alive);
      void moreBy(find(main, "#more"), book, alive);
      void fillAvailability(main, alive).then((counts) => {
        const known = counts.get(book.id);
        if (known && !alive.aborted) void offer(find(main, "#borrow"), book.id, member, known);
      });
    },
  };
}

/**
 * Other titles by the first author, on a shelf below.
 * @param {HTMLElement} place
 * @param {Book} book
 * @param {AbortSignal} signal
 */
async function moreBy(place, book, signal) {
  const author = book.authors?.[0];
  if (!author) return;
  try {
    const page = /** @type {import("../lib/types.js").BookPage} */ (await get("/api/catalog/v1/books", { author: author.id, limit: 9 }, signal));
    const others = page.items.filter(({ id }) => id !== book.id).slice(0, 8);
    if (others.length === 0) return;
    render(place, html`<h2>${t("title.moreBy", { name: author.name })}</h2><ul class="shelf">${others.map((other) => html`<li><a class="book" href="/books/${other.id}">${coverOf(other)}<span class="hidden-text">${other.title}</span></a></li>`)}</ul>`);
    place.hidden = false;
  } catch {
    // the title stands without its neighbours
  }
}
