// home.js: the front page: one large search box at once, then new titles on a shelf, genres to wander through.

import { get, Offline } from "../lib/api.js";
import { append, find, html, pause, render } from "../lib/html.js";
import { genreName, number, t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { coverOf } from "../parts/cover.js";
import { colourOf } from "../parts/cover-palette.js";
import "../parts/search.js";

/** @typedef {import("../lib/types.js").BookPage} BookPage */

const SHELF = 14;
const DRAWERS = 20;
const BONES_AFTER = 300; // ms

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ kept, signal: visit }) {
  const known = kept.scroll > 0 ? await shelves(visit).catch(() => null) : null; // whoever comes back to it finds it as high as it was
  return {
    title: "BookVault",
    body: html`<section class="hero">
        <h1>${t("home.heading")}</h1>
        <bv-search class="large"></bv-search>
        <p class="quiet" id="size"></p>
      </section>
      <div id="shelves">${known && sections(known).map((section) => section())}</div>`,
    ownFocus: true,
    ready(main, signal) {
      if (matchMedia("(pointer: fine)").matches && scrollY === 0) find(main, "bv-search input").focus({ preventScroll: true });
      if (known) void tell(find(main, "#size"), known[0].total, signal);
      else void fill(find(main, "#shelves"), find(main, "#size"), signal);
    },
  };
}

/**
 * What stands on the shelves: the newest titles, and the most borrowed, without which the page goes on.
 * @param {AbortSignal} signal
 */
async function shelves(signal) {
  return /** @type {[BookPage, BookPage | null]} */ (await Promise.all([
    get("/api/catalog/v1/books", { sort: "newest", limit: SHELF }, signal),
    get("/api/catalog/v1/books", { sort: "popular", limit: SHELF }, signal).catch(() => null),
  ]));
}

/**
 * What draws each of them.
 * @param {[BookPage, BookPage | null]} known
 */
const sections = ([page, most]) => [() => shelf(page, "new"), () => most && shelf(borrowed(most, page), "most"), () => genres(page)];

/**
 * The shelf and the genres, when their answer comes; the search box does not wait for them.
 * @param {HTMLElement} place
 * @param {HTMLElement} size
 * @param {AbortSignal} signal
 */
async function fill(place, size, signal) {
  const bones = setTimeout(() => render(place, html`<div class="shelf" aria-hidden="true">${Array.from({ length: 8 }, () => html`<div class="bone book"></div>`)}</div>`), BONES_AFTER);
  try {
    const known = await shelves(signal);
    clearTimeout(bones);
    void tell(size, known[0].total, signal);
    const [first, ...others] = sections(known);
    place.ariaBusy = "true"; // the page keeps its height until all is there
    render(place, first());
    for (const section of others) {
      await pause();
      if (signal.aborted) return;
      append(place, section());
    }
  } catch (error) {
    if (signal.aborted) return;
    const words = t(error instanceof Offline ? "state.offlineWords" : "state.failedWords");
    render(place, html`<p class="note warn" role="alert">${words} <button type="button" class="link-button">${t("state.retry")}</button></p>`);
    find(place, "button").addEventListener("click", () => void again());
    addEventListener("online", () => void again(), { signal });
  } finally {
    clearTimeout(bones);
    place.ariaBusy = null;
  }
}

/**
 * How many titles there are. A search counts exactly up to some hundreds; of more the statistics know, once they were made.
 * @param {HTMLElement} size
 * @param {BookPage["total"]} total
 * @param {AbortSignal} signal
 */
async function tell(size, { value, relation }, signal) {
  const titles = relation === "gte" ? await get("/api/catalog/v1/statistics", { genres: 1 }, signal).then(({ all }) => all.titles, () => 0) : value;
  if (signal.aborted) return;
  render(size, value > 0 ? t("home.size", { total: titles >= value ? number(titles) : t("results.atLeast", { n: value }) }) : t("home.empty"));
}

/**
 * Nothing, where nobody borrowed anything yet: then the most borrowed are the newest.
 * @param {BookPage} most
 * @param {BookPage} newest
 */
const borrowed = (most, newest) => (most.items.every(({ id }, i) => id === newest.items[i]?.id) ? { ...most, items: [] } : most);

/**
 * @param {BookPage} page
 * @param {"new" | "most"} which
 */
function shelf({ items }, which) {
  if (items.length === 0) return null;
  return html`<section aria-labelledby="${which}">
    <div class="section-head"><h2 id="${which}">${t(`home.${which}`)}</h2>${which === "new" ? html`<a href="/search?sort=newest">${t("home.all")}</a>` : html`<a href="/search?sort=popular">${t("home.allMost")}</a>`}</div>
    <ul class="shelf" tabindex="0" aria-labelledby="${which}">
      ${items.map((book) => html`<li><a class="book" href="/books/${book.id}">${coverOf(book)}<span class="hidden-text">${book.title}, ${(book.authors ?? []).map(({ name }) => name).join(", ")}</span></a></li>`)}
    </ul>
  </section>`;
}

/** @param {BookPage} page */
function genres({ facets }) {
  const found = (facets?.genre ?? []).slice(0, DRAWERS);
  if (found.length === 0) return null;
  return html`<section aria-labelledby="genres">
    <div class="section-head"><h2 id="genres">${t("home.genres")}</h2></div>
    <ul class="drawers">
      ${found.map(({ value, count }) => html`<li><a href="/search?genre=${encodeURIComponent(value)}"><svg viewBox="0 0 10 32" aria-hidden="true" focusable="false"><rect width="10" height="32" rx="1.5" fill="${colourOf(value)}"/><path d="M0 5h10M0 26h10" stroke="#fff" stroke-opacity=".45"/></svg><span>${genreName(value)}</span> <small class="numbers">${number(count)}</small></a></li>`)}
    </ul>
  </section>`;
}
