// loan-row.js: <bv-loan>, one loan: the book, its due date in plain words, and the button that renews it.

import { commandKey, Offline, post, Problem } from "../lib/api.js";
import { find, html, render } from "../lib/html.js";
import { dateWithDistance, t } from "../lib/i18n.js";
import { refusal } from "../lib/refusals.js";
import { coverOf } from "../parts/cover.js";

/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/types.js").Book} Book */

/** @param {{due_on: string, overdue: boolean}} loan */
function due({ due_on, overdue }) {
  const words = t(overdue ? "loans.overdue" : "loans.due", { due: dateWithDistance(due_on) });
  return html`<span class="${overdue ? "due late" : "due"}">${words}</span>`;
}

/**
 * @param {Loan} loan
 * @param {Book | undefined} book
 */
export function loanRow(loan, book) {
  const title = book?.title ?? loan.title ?? t("loans.unknownTitle", { barcode: loan.barcode });
  return html`<li><bv-loan class="loan" data-loan="${loan.id}" data-key="${commandKey()}">
    <a class="book" href="/books/${loan.book_id}" tabindex="-1" aria-hidden="true">${coverOf(book ?? { id: loan.book_id, title })}</a>
    <div class="loan-words">
      <h2><a href="/books/${loan.book_id}" dir="auto">${title}</a></h2>
      ${book && html`<p class="by" dir="auto">${book.authors.map(({ name }) => name).join(", ")}</p>`}
      <p class="when">${due(loan)}${loan.renewals > 0 && html` <span class="quiet small">· ${t("loans.renewals", { n: loan.renewals })}</span>`}</p>
      <div class="answer" aria-live="polite" data-part="loan-${loan.id}"></div>
    </div>
    <button type="button" class="button slim">${t("loans.renew")}<span class="hidden-text"> ${title}</span></button>
  </bv-loan></li>`;
}

export class LoanRow extends HTMLElement {
  connectedCallback() {
    find(this, "button").addEventListener("click", () => void this.renew());
  }

  /**
   * Renews the loan; shows the new date, or every reason why not.
   * @returns {Promise<boolean>} whether it was renewed
   */
  async renew() {
    const button = /** @type {HTMLButtonElement} */ (find(this, "button"));
    const answer = find(this, ".answer");
    if (button.getAttribute("aria-disabled") === "true") return false;
    button.setAttribute("aria-disabled", "true");
    try {
      const renewed = /** @type {Loan} */ (await post(`/api/borrowing/v1/loans/${this.dataset.loan}/renewals`, {}, this.dataset.key));
      this.dataset.key = commandKey(); // the next click is a new wish
      render(find(this, ".when"), html`${due(renewed)} <span class="quiet small">· ${t("loans.renewals", { n: renewed.renewals })}</span>`);
      render(answer, html`<p class="note good">${t("loans.renewed")}</p>`);
      return true;
    } catch (error) {
      if (error instanceof Problem) this.dataset.key = commandKey();
      render(answer, error instanceof Problem ? refusal(error) : html`<p class="note bad">${error instanceof Offline ? t("offline.try") : t("state.failedWords")}</p>`);
      return false;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }
}

customElements.define("bv-loan", LoanRow);
