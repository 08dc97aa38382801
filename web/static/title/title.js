// title.js: all about one title: what it is, where its copies stand, borrowing it or waiting for it, more by its author.

import { get } from "../lib/api.js";
import { find, html, pause, render } from "../lib/html.js";
import { genreName, languageName, t, year } from "../lib/i18n.js";
import { may, me } from "../lib/session.js";
import { availabilityOf, fillAvailability } from "../parts/availability.js";
import { coverOf } from "../parts/cover.js";
import { authors } from "../results/row.js";
import { copies } from "./copies.js";
import { opinion, opinionOf } from "./opinion.js";

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
  await pause();
  return {
    title: book.title,
    body: html`<article class="title">
        <div class="title-cover">${coverOf(book, "large")}</div>
        <div class="title-words">
          <h1 class="${book.title.length > LONG && "long"}" lang="${book.language ?? ""}" dir="auto">${book.title}</h1>
          ${book.stale && html`<p class="quiet" role="note">${t("title.stale")}</p>`}
          ${book.subtitle && html`<p class="subtitle" dir="auto">${book.subtitle}</p>`}
          <p class="by">${authors(book)}</p>
          <div class="lend">
            ${availabilityOf(book.id)}
            <div id="borrow"></div>
            ${may(member, "librarian") && html`<a href="/books/${book.id}/edit">${t("title.edit")}</a>`}
          </div>
          ${opinionOf(may(member, "patron"))}
          ${book.description && html`<section aria-labelledby="about"><h2 id="about">${t("title.about")}</h2><p class="description" dir="auto">${book.description}</p></section>`}
          ${facts(book)}
          ${(book.genres ?? []).length > 0 && html`<ul class="tags" aria-label="${t("facet.genre")}">${book.genres?.map((genre) => html`<li><a href="/search?genre=${encodeURIComponent(genre)}">${genreName(genre)}</a></li>`)}</ul>`}
          <section aria-labelledby="copies-head" class="copies"><h2 id="copies-head">${t("title.copies")}</h2><div id="copies" aria-live="polite"></div></section>
          <details class="citing" id="cite"><summary>${t("cite.open")}</summary><div></div></details>
        </div>
      </article>
      <div id="more"></div>`,
    ready(main, alive) {
      void copies(find(main, "#copies"), book, alive);
      near(find(main, "#opinion"), alive, (place) => opinion(place, book.id, member, alive));
      near(find(main, "#more"), alive, async (place) => (await import("./more.js")).more(place, book, alive));
      const citing = /** @type {HTMLDetailsElement} */ (find(main, "#cite"));
      citing.addEventListener("toggle", async () => (await import("./cite.js")).cite(find(citing, "div"), book), { once: true });
      void fillAvailability(main, alive).then((counts) => {
        const known = counts.get(book.id);
        if (known && !alive.aborted) void borrowing(find(main, "#borrow"), book.id, member, known);
      });
    },
  };
}

/**
 * What a reader can do with the title; whoever is not signed in is asked to, and loads no more.
 * @param {HTMLElement} place
 * @param {number} book
 * @param {import("../lib/session.js").Me | null} member
 * @param {import("../lib/types.js").Availability} counts
 */
async function borrowing(place, book, member, counts) {
  if (counts.items === 0) return;
  if (member) return (await import("./offer.js")).offer(place, book, member, counts);
  render(place, html`<a class="button first" href="/sign-in?next=/books/${book}">${t(counts.available > 0 ? "title.signInToBorrow" : "title.signInToHold")}</a>`);
}

/**
 * Calls back once a reader comes near a place.
 * @param {HTMLElement} place
 * @param {AbortSignal} signal
 * @param {(place: HTMLElement) => Promise<void>} arrived
 */
function near(place, signal, arrived) {
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      void arrived(place).catch(() => {}); // the title stands without its neighbours
    },
    { rootMargin: "0px" },
  );
  watch.observe(place);
  signal.addEventListener("abort", () => watch.disconnect());
}
