// opinion.js: what readers together think of a title; whoever is signed in gives stars and keeps the title in a list.

import { get, post } from "../lib/api.js";
import { html, find, render } from "../lib/html.js";
import { number, t } from "../lib/i18n.js";

/**
 * The place of readers' opinion, as markup: as high as what comes there.
 * @param {boolean} signedIn
 */
export function opinionOf(signedIn) {
  return html`<div class="opinion" id="opinion"><p class="average quiet" aria-live="polite"></p>${signedIn && html`<div class="own"></div>`}</div>`;
}

/**
 * Fills it, and counts the view.
 * @param {HTMLElement} place
 * @param {number} book
 * @param {import("../lib/session.js").Me | null} member
 * @param {AbortSignal} signal
 */
export async function opinion(place, book, member, signal) {
  void post(`/api/catalog/v1/books/${book}/views`).catch(() => {}); // nobody waits for the count
  const mean = average(find(place, ".average"), book, signal);
  if (member) await (await import("./rating.js")).own(find(place, ".own"), book, () => average(find(place, ".average"), book, signal), signal);
  await mean;
}

/** @param {HTMLElement} place @param {number} book @param {AbortSignal} signal */
async function average(place, book, signal) {
  const page = await get("/api/catalog/v1/ratings", { book_ids: book }, signal).catch(() => null); // the title stands without it
  if (signal.aborted || !page) return;
  const { average: mean, ratings } = page.items[0] ?? {};
  render(place, ratings > 0 ? html`<span aria-hidden="true">★</span> ${t("rating.average", { n: ratings, mean: number(Math.round(mean * 10) / 10) })}` : t("rating.none"));
}
