// home.js: the front page: one large search box, new titles on a shelf, genres to wander through.

import { get } from "../lib/api.js";
import { find, html } from "../lib/html.js";
import { number, t } from "../lib/i18n.js";
import { genreName } from "../lib/genres.js";
import { coverOf } from "../parts/cover.js";
import { colourOf } from "../parts/cover-palette.js";
import "../parts/search.js";

/** @typedef {import("../lib/types.js").BookPage} BookPage */
/** @typedef {import("../lib/router.js").Context} Context */

const SHELF = 14;
const DRAWERS = 18;

/** Bones of the page while its answers are on the way. */
export function waiting() {
  return html`<div class="hero"><h1>${t("home.heading")}</h1><bv-search class="large"></bv-search></div>
    <div class="shelf" aria-hidden="true">${Array.from({ length: 8 }, () => html`<div class="bone book"></div>`)}</div>`;
}

/**
 * @param {Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const page = /** @type {BookPage} */ (await get("/api/catalog/v1/books", { sort: "newest", limit: SHELF }, signal));
  const genres = page.facets?.genre ?? [];
  const total = page.total.relation === "gte" ? t("results.atLeast", { n: page.total.value }) : number(page.total.value);
  return {
    title: "BookVault",
    body: html`
      <section class="hero">
        <h1>${t("home.heading")}</h1>
        <bv-search class="large"></bv-search>
        <p class="quiet">${page.total.value > 0 ? t("home.size", { total }) : t("home.empty")}</p>
      </section>
      ${page.items.length > 0 && html`<section aria-labelledby="new">
        <div class="section-head"><h2 id="new">${t("home.new")}</h2><a href="/search?sort=newest">${t("home.all")}</a></div>
        <ul class="shelf" tabindex="0" aria-labelledby="new">
          ${page.items.map((book) => html`<li><a class="book" href="/books/${book.id}">${coverOf(book)}<span class="hidden-text">${book.title}, ${(book.authors ?? []).map(({ name }) => name).join(", ")}</span></a></li>`)}
        </ul>
      </section>`}
      ${genres.length > 0 && html`<section aria-labelledby="genres">
        <div class="section-head"><h2 id="genres">${t("home.genres")}</h2></div>
        <ul class="drawers">
          ${genres.slice(0, DRAWERS).map(({ value, count }) => html`<li><a href="/search?genre=${encodeURIComponent(value)}"><svg viewBox="0 0 10 32" aria-hidden="true" focusable="false"><rect width="10" height="32" rx="1.5" fill="${colourOf(value)}"/><path d="M0 5h10M0 26h10" stroke="#fff" stroke-opacity=".45"/></svg><span>${genreName(value)}</span> <small class="numbers">${number(count)}</small></a></li>`)}
        </ul>
      </section>`}`,
    ready(main) {
      if (matchMedia("(pointer: fine)").matches && scrollY === 0) find(main, "bv-search input").focus({ preventScroll: true });
    },
    ownFocus: true,
  };
}
