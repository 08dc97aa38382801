// ratings.js: the stars that a reader gave, the newest first, each taken back from here; they are given on a title's own page.

import { address, get, remove } from "../lib/api.js";
import { press } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { moment, t } from "../lib/i18n.js";
import { titlesOf } from "../lib/titles.js";
import { coverOf } from "../parts/cover.js";
import { toast } from "../parts/toast.js";
import { mine, ways } from "./frame.js";

/** @typedef {import("../lib/types.js").Book} Book */
/** @typedef {{book_id: number, stars: number, rated_at: string}} Rating */

const PAGE = 24;
const MOST = 5; // stars

const none = () => html`<p class="quiet prose">${t("ratings.none")}</p>`;

/** @param {Rating} rating @param {Book | undefined} book */
function entry({ book_id: id, stars, rated_at }, book) {
  const title = book?.title ?? t("reading.gone");
  return html`<li class="kept">
    <a class="book" href="/books/${id}" tabindex="-1" aria-hidden="true">${coverOf(book ?? { id, title })}</a>
    <div><h2><a href="/books/${id}" dir="auto">${title}</a></h2>${book && html`<p class="by quiet" dir="auto">${book.authors.map(({ name }) => name).join(", ")}</p>`}
      <p><span class="given" aria-hidden="true">${"★".repeat(stars)}${"☆".repeat(MOST - stars)}</span><span class="hidden-text">${t("rating.stars", { n: stars })}</span> <span class="quiet small">${moment(rated_at)}</span></p></div>
    <button type="button" class="button slim" data-book="${id}">${t("rating.withdraw")}<span class="hidden-text"> ${title}</span></button></li>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  await mine();
  const page = /** @type {{items: Rating[], next_cursor: string | null}} */ (await get("/api/catalog/v1/me/ratings", { limit: PAGE, cursor: url.searchParams.get("cursor") }, signal));
  const titles = await titlesOf(page.items, signal);
  return {
    title: t("mine.ratings"),
    body: html`${ways("/ratings")}<h1>${t("mine.ratings")}</h1>
      <div class="stack" id="given">${page.items.length === 0 ? none() : html`<ul>${page.items.map((one) => entry(one, titles.get(one.book_id)))}</ul>`}</div>
      <div class="answer" aria-live="polite"></div>
      ${page.next_cursor && html`<p class="more"><a class="button" href="${address("/ratings", { cursor: page.next_cursor })}">${t("history.more")}</a></p>`}`,
    ready(main) {
      for (const button of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll("[data-book]"))) {
        button.addEventListener("click", () => press(button, find(main, ".answer"), (key) => remove(`/api/catalog/v1/books/${button.dataset.book}/rating`, key), () => {
          toast(t("rating.withdrawn"), "good");
          button.closest("li")?.remove();
          if (!main.querySelector(".kept")) render(find(main, "#given"), none());
          const heading = find(main, "h1");
          heading.tabIndex = -1;
          heading.focus(); // the button went
        }));
      }
    },
  };
}
