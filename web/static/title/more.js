// more.js: other titles below a title: by its author, and of its kind. Fetched when a reader comes near.

import { get } from "../lib/api.js";
import { html, render } from "../lib/html.js";
import { genreName, t } from "../lib/i18n.js";
import { coverOf } from "../parts/cover.js";

/** @typedef {import("../lib/types.js").Book} Book */
/** @typedef {import("../lib/types.js").BookPage} BookPage */

const SHELF = 8;

/** @param {string} heading @param {Book[]} books */
function shelf(heading, books) {
  return books.length > 0 && html`<section><h2>${heading}</h2><ul class="shelf">${books.map((book) => html`<li><a class="book" href="/books/${book.id}">${coverOf(book)}<span class="hidden-text">${book.title}</span></a></li>`)}</ul></section>`;
}

/**
 * @param {HTMLElement} place
 * @param {Book} book
 * @param {AbortSignal} signal
 */
export async function more(place, book, signal) {
  const author = book.authors?.[0];
  const genre = book.genres?.[0];
  const find = async (/** @type {Record<string, unknown> | false | undefined} */ query) => {
    if (!query) return [];
    const page = /** @type {BookPage | null} */ (await get("/api/catalog/v1/books", { ...query, limit: SHELF + 2 }, signal).catch(() => null));
    return (page?.items ?? []).filter(({ id }) => id !== book.id); // a title stands without its neighbours
  };
  const [byAuthor, ofKind] = await Promise.all([find(author && { author: author.id }), find(genre ? { genre, language: book.language } : undefined)]);
  const like = ofKind.filter((one) => !one.authors.some(({ id }) => id === author?.id));
  if (!signal.aborted) render(place, html`${shelf(t("title.moreBy", { name: author?.name ?? "" }), byAuthor.slice(0, SHELF))}${shelf(t("title.like", { genre: genre ? genreName(genre) : "" }), like.slice(0, SHELF))}`);
}
