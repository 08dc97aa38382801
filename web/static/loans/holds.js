// holds.js: <bv-hold>, one hold of a reader: the book, the place in the queue or the shelf it waits on, and the button that gives it up.

import { commandKey, Offline, Problem, remove } from "../lib/api.js";
import { find, html, render } from "../lib/html.js";
import { dateWithDistance, t } from "../lib/i18n.js";
import { refusal } from "../lib/refusals.js";
import { coverOf } from "../parts/cover.js";

/** @typedef {import("../lib/types.js").Hold} Hold */
/** @typedef {import("../lib/types.js").Book} Book */

/** @param {Hold} hold @param {string} branch its name */
function words({ status, position, expires_on }, branch) {
  if (status === "ready") return html`<strong class="ready">${expires_on ? t("holds.readyUntil", { branch, due: dateWithDistance(expires_on) }) : t("holds.ready", { branch })}</strong>`;
  if (status === "in_transit") return t("holds.coming", { branch });
  return t("holds.waiting", { position, branch });
}

/**
 * @param {Hold} hold
 * @param {Book | undefined} book
 * @param {(code: string) => string} branch
 */
export function holdRow(hold, book, branch) {
  const title = book?.title ?? hold.title ?? t("loans.unknownTitle", { barcode: `№ ${hold.book_id}` });
  return html`<li><bv-hold class="loan" data-hold="${hold.id}" data-key="${commandKey()}">
    <a class="book" href="/books/${hold.book_id}" tabindex="-1" aria-hidden="true">${coverOf(book ?? { id: hold.book_id, title })}</a>
    <div class="loan-words">
      <h3><a href="/books/${hold.book_id}" dir="auto">${title}</a></h3>
      ${book && html`<p class="by" dir="auto">${book.authors.map(({ name }) => name).join(", ")}</p>`}
      <p class="when">${words(hold, branch(hold.pickup_branch))}</p>
      <div class="answer" aria-live="polite"></div>
    </div>
    <button type="button" class="button slim">${t("holds.cancel")}<span class="hidden-text"> ${title}</span></button>
  </bv-hold></li>`;
}

class HoldRow extends HTMLElement {
  connectedCallback() {
    find(this, "button").addEventListener("click", () => void this.#cancel());
  }

  async #cancel() {
    const button = /** @type {HTMLButtonElement} */ (find(this, "button"));
    const answer = find(this, ".answer");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await remove(`/api/borrowing/v1/holds/${this.dataset.hold}`, this.dataset.key);
      render(answer, html`<p class="note">${t("holds.cancelled")}</p>`);
      find(this, ".when").remove();
    } catch (error) {
      button.removeAttribute("aria-disabled");
      render(answer, error instanceof Problem ? refusal(error) : html`<p class="note bad">${error instanceof Offline ? t("offline.try") : t("state.failedWords")}</p>`);
    }
  }
}

customElements.define("bv-hold", HoldRow);
