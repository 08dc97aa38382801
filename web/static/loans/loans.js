// loans.js: what a reader has at home and waits for: when each is due, in plain words, and renewing one or all. A hold that gets ready shows by itself.

import { mine, ways } from "../account/frame.js";
import { get } from "../lib/api.js";
import { branches, branchName } from "../lib/branches.js";
import { find, html, keepFocus, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { partsInUse, turn } from "../lib/in-use.js";
import { listen } from "../lib/live.js";
import { again } from "../lib/router.js";
import { titlesOf } from "../lib/titles.js";
import { GAP } from "../states/states.js";
import { holdRow } from "./holds.js";
import { LoanRow, loanRow } from "./loan-row.js";

/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/types.js").Hold} Hold */
/** @typedef {import("../lib/types.js").Book} Book */
/** @typedef {import("../lib/types.js").Availability} Availability */

const LOOK = 15_000; // ms between two looks at the holds

/** Bones of the page while its answers are on the way. */
export function waiting() {
  return html`<h1>${t("nav.loans")}</h1><ul class="loans" aria-hidden="true">${Array.from({ length: 3 }, () => html`<li class="loan"><div class="bone book"></div><div><div class="bone w50"></div><br><div class="bone w30"></div></div></li>`)}</ul>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const member = await mine();
  const theirs = { member_card: member.card, limit: 100 };
  const [lent, held, branch, places] = await Promise.all([
    /** @type {Promise<{items: Loan[]}>} */ (get("/api/borrowing/v1/loans", { ...theirs, status: "open" }, signal)),
    /** @type {Promise<{items: Hold[]}>} */ (get("/api/borrowing/v1/holds", theirs, signal)),
    branchName(signal),
    branches(signal).catch(() => []),
  ]);
  const loans = lent.items.toSorted((a, b) => a.due_on.localeCompare(b.due_on));
  const holds = held.items.toSorted((a, b) => a.position - b.position);
  if (loans.length + holds.length === 0) return { title: t("nav.loans"), body: nothing() };
  const [titles, counts] = await Promise.all([titlesOf([...loans, ...holds], signal), countsOf(holds, signal)]);
  const queue = (/** @type {Hold[]} */ held, /** @type {Map<number, Availability>} */ counts) => html`<h2 id="holds">${t("holds.heading")}</h2>${untitled(held, titles)}<ul class="loans">${held.map((hold) => holdRow(hold, titles.get(hold.book_id), branch, places, counts.get(hold.book_id)))}</ul>`;
  return {
    title: t("nav.loans"),
    body: html`${ways("/loans")}${atHome(loans, titles)}
      ${holds.length > 0 && html`<section class="holds" aria-labelledby="holds">${queue(holds, counts)}</section>`}`,
    ready(main, alive) {
      if (holds.length > 0) follow(find(main, ".holds"), holds, theirs, queue, alive);
      const all = main.querySelector("#renew-all");
      all?.addEventListener("click", async () => {
        if (all.getAttribute("aria-disabled") === "true") return;
        all.setAttribute("aria-disabled", "true");
        let renewed = 0;
        const rows = [...main.querySelectorAll("bv-loan")].filter((row) => row instanceof LoanRow);
        for (const row of rows) if (await row.renew()) renewed++;
        all.removeAttribute("aria-disabled");
        render(find(main, "#said"), html`· ${t("loans.renewedOf", { n: renewed, of: rows.length })}`);
      });
    },
  };
}

/** How many wait for the titles of holds, and for how many copies. @param {Hold[]} holds @param {AbortSignal} signal */
async function countsOf(holds, signal) {
  if (holds.length === 0) return new Map();
  const { items } = await get("/api/borrowing/v1/availability", { book_ids: [...new Set(holds.map(({ book_id }) => book_id))].join(",") }, signal).catch(() => ({ items: [] }));
  return new Map(/** @type {import("../lib/types.js").Availability[]} */ (items).map((counts) => [counts.book_id, counts]));
}

/**
 * Looks when the library says that something changed, and from time to time, while somebody looks at the page, whether a hold became
 * something else; then the page shows it. A command that is on the way and a form that is open are waited for; what was answered, and is
 * being read, goes along.
 * @param {HTMLElement} place of the holds
 * @param {Hold[]} holds as they stand there
 * @param {Record<string, unknown>} theirs
 * @param {(holds: Hold[], counts: Map<number, Availability>) => import("../lib/html.js").Html} queue
 * @param {AbortSignal} signal
 */
function follow(place, holds, theirs, queue, signal) {
  const main = find(document, "#main");
  const ids = (/** @type {Hold[]} */ list) => list.map(({ id }) => id).sort().join();
  const state = (/** @type {Hold[]} */ list) => list.map(({ id, version, position }) => `${id} ${version} ${position}`).sort().join();
  const busy = () => document.visibilityState !== "visible" || main.querySelector("[aria-disabled=true], .holds details[open]");
  const look = async (/** @type {{consistency?: string}} */ { consistency } = {}) => {
    if (busy()) return;
    const latest = turn(place);
    const { items } = await get("/api/borrowing/v1/holds", theirs, signal, consistency).catch(() => ({ items: holds }));
    const over = () => signal.aborted || !latest() || busy();
    if (over() || state(items) === state(holds)) return;
    if (ids(items) !== ids(holds)) { // one was given up elsewhere, or is a loan now
      const putBack = partsInUse(main);
      return void again().then(() => putBack(main));
    }
    const counts = await countsOf(items, signal);
    if (over()) return;
    holds = items;
    const keep = partsInUse(place);
    keepFocus(place, () => render(place, queue(holds.toSorted((a, b) => a.position - b.position), counts)));
    keep(place);
  };
  listen({ account: look, hold_ready: look, resync: look }, signal);
  const timer = setInterval(() => void look(), LOOK);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Nothing at home and nothing awaited. */
function nothing() {
  return html`${ways("/loans")}<section class="state">${GAP}<h1>${t("loans.none")}</h1><p>${t("loans.noneWords")}</p><p><a class="button first" href="/search">${t("loans.find")}</a></p></section>`;
}

/**
 * A line where titles are missing, since the catalogue does not answer.
 * @param {{book_id: number, title_unknown?: boolean}[]} rows
 * @param {Map<number, Book>} titles
 */
const untitled = (rows, titles) => rows.some((row) => row.title_unknown && !titles.has(row.book_id)) && html`<p class="quiet" role="note">${t("loans.untitled")}</p>`;

/**
 * @param {Loan[]} loans
 * @param {Map<number, Book>} titles
 */
function atHome(loans, titles) {
  const late = loans.filter(({ overdue }) => overdue).length;
  return html`<div class="loans-head">
      <div><h1>${t("nav.loans")}</h1><p class="quiet">${t("loans.count", { n: loans.length })}${late > 0 && html` · <strong class="late">${t("loans.late", { n: late })}</strong>`} <span role="status" id="said" data-part="said"></span></p></div>
      ${loans.length > 1 && html`<button type="button" class="button" id="renew-all">${t("loans.renewAll")}</button>`}
    </div>
    ${untitled(loans, titles)}
    <ul class="loans">${loans.map((loan) => loanRow(loan, titles.get(loan.book_id)))}</ul>`;
}
