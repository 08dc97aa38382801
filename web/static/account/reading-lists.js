// reading-lists.js: a reader's own lists of titles: made, renamed, emptied and deleted here; a title is put in from its own page.

import { get, patch, post, remove } from "../lib/api.js";
import { field, press, text, wish } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { titlesOf } from "../lib/titles.js";
import { coverOf } from "../parts/cover.js";
import { toast } from "../parts/toast.js";
import { mine, ways } from "./frame.js";

/** @typedef {import("../lib/types.js").List} List */
/** @typedef {import("../lib/types.js").Book} Book */

const ADDRESS = "/api/members/v1/me/lists";

/** @param {number} id @param {Book | undefined} book */
function entry(id, book) {
  const title = book?.title ?? t("reading.gone");
  return html`<li class="kept">
    <a class="book" href="/books/${id}" tabindex="-1" aria-hidden="true">${coverOf(book ?? { id, title })}</a>
    <div><h3><a href="/books/${id}" dir="auto">${title}</a></h3>${book && html`<p class="by quiet" dir="auto">${book.authors.map(({ name }) => name).join(", ")}</p>`}</div>
    <button type="button" class="button slim" data-book="${id}">${t("reading.takeOut")}<span class="hidden-text"> ${title}</span></button></li>`;
}

/** @param {List} list @param {Map<number, Book>} titles */
function section({ id, name, books }, titles) {
  return html`<section class="part" data-list="${id}" aria-labelledby="list-${id}"><h2 id="list-${id}" tabindex="-1" dir="auto">${name}</h2>
    ${books.length === 0 ? html`<p class="quiet">${t("reading.empty")}</p>` : html`<ul>${books.map(({ book_id }) => entry(book_id, titles.get(book_id)))}</ul>`}
    <details class="fold"><summary>${t("reading.change")}<span class="hidden-text"> ${name}</span></summary><form class="form">${field("name", t("reading.name"), { value: name, max: 100, required: true })}
      <div class="whole acts-start"><button class="button" type="submit">${t("reading.rename")}</button> <button type="button" class="button" data-delete>${t("reading.delete")}</button></div><div class="answer" aria-live="polite"></div></form></details></section>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  await mine();
  const { items } = /** @type {{items: List[]}} */ (await get(ADDRESS, {}, signal));
  const titles = await titlesOf(items.flatMap(({ books }) => books), signal);
  return {
    title: t("mine.lists"),
    body: html`${ways("/reading-lists")}<h1>${t("mine.lists")}</h1>
      <div class="stack">${items.length === 0 && html`<p class="quiet prose">${t("reading.none")}</p>`}${items.map((list) => section(list, titles))}
        <form class="form" id="new-list">${field("name", t("reading.new"), { max: 100, required: true })}<div class="whole"><button class="button" type="submit">${t("reading.make")}</button></div><div class="answer" aria-live="polite"></div></form></div>`,
    ready(main) {
      wish(
        /** @type {HTMLFormElement} */ (find(main, "#new-list")),
        (values, key) => post(ADDRESS, { name: text(values, "name") }, key),
        async ({ id }) => {
          await again();
          focusOn(`#list-${id}`);
        },
      );
      for (const place of main.querySelectorAll("[data-list]")) manage(/** @type {HTMLElement} */ (place));
    },
  };
}

/** The page was drawn anew: the focus goes to what is still there. @param {string} selector */
function focusOn(selector) {
  const place = /** @type {HTMLElement} */ (document.querySelector(selector) ?? find(document, "h1"));
  place.tabIndex = -1;
  place.focus();
}

/** @param {HTMLElement} place */
function manage(place) {
  const address = `${ADDRESS}/${place.dataset.list}`;
  const heading = `#list-${place.dataset.list}`;
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  const answer = find(form, ".answer");
  wish(
    form,
    (values) => patch(address, { name: text(values, "name") }),
    async () => {
      await again();
      focusOn(heading);
      toast(t("reading.renamed"), "good");
    },
  );
  const erase = find(form, "[data-delete]");
  erase.addEventListener("click", () => press(erase, answer, (key) => remove(address, key), async () => {
    await again();
    focusOn("h1");
    toast(t("reading.deleted"), "good");
  }));
  for (const button of place.querySelectorAll("[data-book]")) {
    const out = /** @type {HTMLElement} */ (button);
    out.addEventListener("click", () => press(out, answer, (key) => remove(`${address}/books/${out.dataset.book}`, key), async () => {
      await again();
      focusOn(heading);
      toast(t("reading.takenOut"), "good");
    }));
  }
}
