// results.js: what a search found: filters at the side, one row a title, more on asking. The address says it all.

import { get } from "../lib/api.js";
import { append, find, html, pause, render } from "../lib/html.js";
import { genreName, language, t } from "../lib/i18n.js";
import { again, go, keep } from "../lib/router.js";
import { may, me } from "../lib/session.js";
import { fillAvailability } from "../parts/availability.js";
import { GAP } from "../states/states.js";
import { facetFields, facetPanel, filtersOf } from "./facets.js";
import { marker } from "./marks.js";
import { row } from "./row.js";
import "../parts/search.js";

/** @typedef {import("../lib/types.js").Book} Book */
/** @typedef {import("../lib/types.js").BookPage} BookPage */
/** @typedef {import("../lib/router.js").Context} Context */
/** @typedef {import("../lib/session.js").Me} Me */

const PAGE = 24;
const AT_ONCE = 8; // rows that are drawn in one go: more than are in sight, and fewer than a phone takes long for
const MOST = 200; // the API's largest page
const SORTS = /** @type {const} */ (["relevance", "title", "newest", "popular"]);
const BOOKS = "/api/catalog/v1/books";

/** Bones of the page while its answers are on the way. */
export function waiting() {
  return html`<div class="results" aria-hidden="true"><div></div><ol class="rows">${Array.from({ length: 6 }, () => html`<li class="row"><div class="bone book"></div><div><div class="bone w50"></div><br><div class="bone w30"></div></div></li>`)}</ol></div>`;
}

/**
 * What this list is: the words that were searched, else the author or the genre, else all there is.
 * @param {Record<string, string>} filters
 * @param {BookPage} page
 */
function headingOf({ q, author, genre }, page) {
  if (q) return t("results.for", { q });
  if (author) return page.facets?.author?.find(({ value }) => value === author)?.label ?? page.items[0]?.authors.find(({ id }) => String(id) === author)?.name ?? author;
  return genre ? genreName(genre) : t("results.browse");
}

/** @param {BookPage["total"]} total */
function count({ value, relation }) {
  return relation === "gte" ? t("results.countAtLeast", { n: value }) : t("results.count", { n: value });
}

/**
 * @param {Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal, kept }) {
  const filters = filtersOf(url.searchParams);
  if (filters.sort === "title") filters.lang = language(); // the alphabet of the page, not of the browser
  const shown = Math.min(Number(kept.shown) || PAGE, MOST); // coming back finds as many rows as there were
  const [page, member] = await Promise.all([/** @type {Promise<BookPage>} */ (get(BOOKS, { ...filters, limit: shown }, signal)), me().catch(() => null)]);
  await pause();
  const lends = may(member, "patron");
  const heading = headingOf(filters, page);
  const mark = marker(page.corrected ?? filters.q);
  const sort = filters.sort || (filters.q ? "relevance" : "newest");
  const line = (/** @type {Book} */ book) => row(book, mark, lends);
  const first = kept.scroll > 0 ? page.items.length : AT_ONCE; // whoever comes back to it finds it as high as it was
  const later = page.items.slice(first);
  const next = page.next_cursor && html`<button type="button" class="button" data-cursor="${page.next_cursor}">${t("results.more")}</button>`;
  const body = html`
    <bv-search class="in-page"></bv-search>
    <div class="results">
      <aside>${facetPanel(page.facets ?? {}, url.searchParams)}</aside>
      <section>
        <div class="results-head">
          <div><h1>${heading}</h1><p class="quiet numbers" role="status">${count(page.total)}</p></div>
          <label class="sort"><span>${t("results.sort")}</span>
            <select class="input" id="sort">${SORTS.filter((name) => filters.q || name !== "relevance").map((name) => html`<option value="${name}"${name === sort && html` selected`}>${t(`sort.${name}`)}</option>`)}</select>
          </label>
        </div>
        ${page.corrected && html`<p class="note corrected">${t("results.corrected", { q: page.corrected })}</p>`}
        ${page.partial && html`<p class="note partial">${t("results.partial")} <button type="button" class="link-button" data-again>${t("state.retry")}</button></p>`}
        ${(page.stale || page.items.some(({ stale }) => stale)) && html`<p class="quiet" role="note">${t("results.stale")}</p>`}
        ${page.items.length === 0 ? nothing(url.searchParams) : html`<ol class="rows"${later.length > 0 && html` aria-busy="true"`}>${page.items.slice(0, first).map(line)}</ol>`}
        <p class="more">${later.length === 0 && next}</p>
      </section>
    </div>`;
  return {
    title: heading,
    body,
    ready(main, alive) {
      void rest(main, later, line, () => facetFields(page.facets ?? {}, url.searchParams), alive).then(() => {
        if (alive.aborted) return;
        if (later.length > 0) render(find(main, ".more"), next);
        void offers(main, member, alive);
      });
      main.querySelector("[data-again]")?.addEventListener("click", () => void again());
      find(main, "#sort").addEventListener("change", (event) => {
        const next = new URL(url);
        next.searchParams.set("sort", /** @type {HTMLSelectElement} */ (event.target).value);
        go(next.pathname + next.search, { focus: "#sort" });
      });
      main.querySelector("form.facets")?.addEventListener("change", (event) => {
        const form = /** @type {HTMLFormElement} */ (event.currentTarget);
        if (event.target instanceof HTMLInputElement && event.target.type === "number" && !event.target.checkValidity()) return;
        go(addressOf(form, url), { focus: selectorOf(event.target) });
      });
      main.querySelector("form.facets")?.addEventListener("submit", (event) => {
        event.preventDefault();
        go(addressOf(/** @type {HTMLFormElement} */ (event.currentTarget), url));
      });
      find(main, ".more").addEventListener("click", (event) => more(main, event, { filters, mark, member }, alive));
    },
  };
}

/**
 * Draws what is out of sight, some at a time: the other rows, and the filters where they are folded away.
 * @param {HTMLElement} main
 * @param {Book[]} books
 * @param {(book: Book) => import("../lib/html.js").Html} line
 * @param {() => import("../lib/html.js").Html} fields
 * @param {AbortSignal} signal
 */
async function rest(main, books, line, fields, signal) {
  const form = find(main, "form.facets");
  if (form.ariaBusy) {
    await pause();
    if (signal.aborted) return;
    render(form, fields());
    form.ariaBusy = null;
  }
  for (let i = 0; i < books.length; i += AT_ONCE) {
    await pause();
    if (signal.aborted) return;
    append(find(main, ".rows"), books.slice(i, i + AT_ONCE).map(line));
  }
  main.querySelector(".rows")?.removeAttribute("aria-busy");
}

/**
 * Where the focus stays: the same filter in the new page.
 * @param {EventTarget | null} control
 */
function selectorOf(control) {
  if (!(control instanceof HTMLInputElement)) return undefined;
  const value = control.type === "radio" ? `[value="${CSS.escape(control.value)}"]` : "";
  return `.facets [name="${control.name}"]${value}`;
}

/**
 * The address that a form of filters asks for.
 * @param {HTMLFormElement} form
 * @param {URL} url
 */
function addressOf(form, url) {
  const next = new URLSearchParams();
  for (const name of ["q", "sort"]) {
    const value = url.searchParams.get(name);
    if (value) next.set(name, value);
  }
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value !== "") next.append(name, value);
  }
  return next.size > 0 ? `/search?${next}` : "/search";
}

/**
 * How many copies are in, and for whoever is signed in what they can do with a title.
 * @param {HTMLElement} scope
 * @param {Me | null} member
 * @param {AbortSignal} signal
 */
async function offers(scope, member, signal) {
  const counts = await fillAvailability(scope, signal);
  if (!member || signal.aborted) return;
  const { lending } = await import("./lend.js");
  if (!signal.aborted) lending(scope, counts, member);
}

/**
 * The next page of rows, put below; the focus goes to its first title.
 * @param {HTMLElement} main
 * @param {Event} event
 * @param {{filters: Record<string, unknown>, mark: ReturnType<typeof marker>, member: Me | null}} list what its rows are
 * @param {AbortSignal} signal
 */
async function more(main, event, { filters, mark, member }, signal) {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true"); // and not disabled, which would lose the focus
  const rows = find(main, ".rows");
  try {
    const page = /** @type {BookPage} */ (await get(BOOKS, { ...filters, limit: PAGE, cursor: button.dataset.cursor }, signal));
    const first = rows.children.length;
    append(rows, page.items.map((book) => row(book, mark, may(member, "patron"))));
    keep({ shown: rows.children.length });
    void offers(rows, member, signal);
    render(find(main, ".more"), page.next_cursor ? html`<button type="button" class="button" data-cursor="${page.next_cursor}">${t("results.more")}</button>` : t("results.end", { n: rows.children.length }));
    /** @type {HTMLElement | null | undefined} */ (rows.children[first]?.querySelector("h2 a"))?.focus();
  } catch {
    if (signal.aborted) return;
    button.removeAttribute("aria-disabled");
    button.textContent = t("results.moreFailed");
  }
}

/**
 * Nothing found, and what to try.
 * @param {URLSearchParams} params
 */
function nothing(params) {
  const q = params.get("q");
  const narrowed = [...params.keys()].some((name) => name !== "q" && name !== "sort");
  return html`<div class="state">
    ${GAP}
    <h2>${t("nothing.heading")}</h2>
    <ul>
      ${narrowed && html`<li><a href="${q ? `/search?q=${encodeURIComponent(q)}` : "/search"}">${t("nothing.filters")}</a></li>`}
      ${q && html`<li>${t("nothing.fewer")}</li><li>${t("nothing.author")}</li>`}
      <li><a href="/search">${t("nothing.all")}</a></li>
    </ul>
  </div>`;
}
