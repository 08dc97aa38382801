// lend.js: borrowing a title, or waiting for it, from its row among the results; loaded for whoever is signed in.

import { find, html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { offer } from "../title/offer.js";

/** @typedef {import("../lib/types.js").Availability} Availability */

/**
 * Puts into each row what its reader can do: one click borrows; a hold asks where to pick it up, where there is a choice.
 * @param {HTMLElement} scope
 * @param {Map<number, Availability>} counts
 * @param {import("../lib/session.js").Me} member
 */
export function lending(scope, counts, member) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (scope.querySelectorAll(".row-lend:empty"))) {
    const known = counts.get(Number(place.dataset.book));
    if (!known || known.items === 0) continue;
    const title = place.closest(".row")?.querySelector("h2")?.textContent;
    render(place, html`<button type="button" class="button slim">${t(known.available > 0 ? "title.borrow" : "title.hold")}<span class="hidden-text"> ${title}</span></button>`);
    find(place, "button").addEventListener("click", () => void begin(place, known, member), { once: true }); // a second click is the same wish
  }
}

/** @param {HTMLElement} place @param {Availability} known @param {import("../lib/session.js").Me} member */
async function begin(place, known, member) {
  await offer(place, known.book_id, member, known);
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  find(form, "select, button").focus();
  if (!form.querySelector("select")) form.requestSubmit();
}
