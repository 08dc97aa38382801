// loans.js: what a reader has at home: when each is due, in plain words, and renewing one or all.

import { get } from "../lib/api.js";
import { find, html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { may, me } from "../lib/session.js";
import { Problem } from "../lib/api.js";
import { GAP } from "../states/states.js";
import { LoanRow, loanRow } from "./loan-row.js";

/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/types.js").Book} Book */

/** Bones of the page while its answers are on the way. */
export function waiting() {
  return html`<h1>${t("nav.loans")}</h1><ul class="loans" aria-hidden="true">${Array.from({ length: 3 }, () => html`<li class="loan"><div class="bone book"></div><div><div class="bone w50"></div><br><div class="bone w30"></div></div></li>`)}</ul>`;
}

/**
 * The titles of loans; a title that cannot be had leaves its loan with the barcode.
 * @param {Loan[]} loans
 * @param {AbortSignal} signal
 * @returns {Promise<Map<number, Book>>}
 */
async function titlesOf(loans, signal) {
  const ids = [...new Set(loans.map(({ book_id }) => book_id))];
  const books = await Promise.all(ids.map((id) => get(`/api/catalog/v1/books/${id}`, {}, signal).catch(() => null)));
  return new Map(books.filter(Boolean).map((book) => [book.id, book]));
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const member = await me();
  if (!may(member, "patron") || !member) throw new Problem(401, { code: "unauthenticated" });
  const { items } = /** @type {{items: Loan[]}} */ (await get("/api/borrowing/v1/loans", { member_card: member.card, status: "open", limit: 100 }, signal));
  const loans = items.toSorted((a, b) => a.due_on.localeCompare(b.due_on));
  const titles = await titlesOf(loans, signal);
  if (loans.length === 0) {
    return {
      title: t("nav.loans"),
      body: html`<section class="state">${GAP}<h1>${t("loans.none")}</h1><p>${t("loans.noneWords")}</p><p><a class="button first" href="/search">${t("loans.find")}</a></p></section>`,
    };
  }
  const late = loans.filter(({ overdue }) => overdue).length;
  return {
    title: t("nav.loans"),
    body: html`<div class="loans-head">
        <div><h1>${t("nav.loans")}</h1><p class="quiet">${t("loans.count", { n: loans.length })}${late > 0 && html` · <strong class="late">${t("loans.late", { n: late })}</strong>`}</p></div>
        ${loans.length > 1 && html`<button type="button" class="button" id="renew-all">${t("loans.renewAll")}</button>`}
      </div>
      <p class="hidden-text" role="status" id="said"></p>
      <ul class="loans">${loans.map((loan) => loanRow(loan, titles.get(loan.book_id)))}</ul>`,
    ready(main) {
      const all = main.querySelector("#renew-all");
      all?.addEventListener("click", async () => {
        if (all.getAttribute("aria-disabled") === "true") return;
        all.setAttribute("aria-disabled", "true");
        let renewed = 0;
        const rows = [...main.querySelectorAll("bv-loan")].filter((row) => row instanceof LoanRow);
        for (const row of rows) if (await row.renew()) renewed++;
        all.removeAttribute("aria-disabled");
        render(find(main, "#said"), t("loans.renewedOf", { n: renewed, of: rows.length }));
      });
    },
  };
}
