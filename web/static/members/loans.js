// loans.js: what a member has at home and waits for, as the desk sees it: renewed, lost, said to be returned, handed over, given up.

import { get, post, Problem, remove } from "../lib/api.js";
import { branches, branchName } from "../lib/branches.js";
import { choice, field, press, text, wish, Wrong } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { date, dateWithDistance, number, t } from "../lib/i18n.js";
import { partsInUse, turn } from "../lib/in-use.js";
import { money } from "../lib/money.js";
import { refusal } from "../lib/refusals.js";
import { deskBranch, overridable } from "../staff/frame.js";
import { partAnew } from "../staff/part.js";

/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/types.js").Hold} Hold */
/** @typedef {import("../lib/types.js").Charge} Charge */
/** @typedef {import("../lib/session.js").Me} Me */

/** @param {Loan & {collected_at?: string}} loan */
function loanLine(loan) {
  const awaits = loan.channel === "web" && !loan.collected_at;
  const gone = loan.lost_on ? t("theirLoans.lostSince", { date: date(loan.lost_on) }) : loan.claimed_returned_on && t("theirLoans.claimedOn", { date: date(loan.claimed_returned_on) });
  const name = html`<span class="hidden-text"> ${loan.title ?? loan.barcode}</span>`;
  return html`<tr data-loan="${loan.id}" data-barcode="${loan.barcode}">
    <td><a class="name" href="/books/${loan.book_id}" dir="auto">${loan.title ?? `№ ${loan.book_id}`}</a><span class="code numbers">${loan.barcode}</span></td>
    <td data-label="${t("lists.until")}"><span class="${loan.overdue && "late"}">${dateWithDistance(loan.due_on)}</span>${loan.renewals > 0 && html` <span class="quiet small">· ${t("loans.renewals", { n: loan.renewals })}</span>`}${gone && html`<span class="code">${gone}</span>`}</td>
    <td><div class="acts" data-part="loan-${loan.id}">
      ${awaits && html`<button type="button" class="button slim" data-act="collection">${t("theirLoans.handOver")}${name}</button>`}
      ${!loan.lost_on && html`<button type="button" class="button slim" data-act="renewals">${t("loans.renew")}${name}</button>`}
      ${!loan.lost_on && !loan.claimed_returned_on && html`<button type="button" class="button slim" data-act="claimed-returned">${t("theirLoans.claim")}${name}</button>`}
      ${!loan.lost_on && html`<button type="button" class="button slim" data-act="lost">${t("theirLoans.lost")}${name}</button>`}
      <div class="answer" aria-live="polite"></div></div></td>
  </tr>`;
}

/** A line where titles are missing, since the catalogue does not answer. @param {{title_unknown?: boolean}[]} items */
const untitled = (items) => items.some(({ title_unknown }) => title_unknown) && html`<p class="quiet" role="note">${t("theirLoans.untitled")}</p>`;

/**
 * The loans of a member, in their place.
 * @param {HTMLElement} place
 * @param {string} card
 * @param {Me} who
 * @param {() => Promise<unknown>} accountChanged
 * @param {AbortSignal} signal
 */
export async function theirLoans(place, card, who, accountChanged, signal) {
  const latest = turn(place);
  const { items } = await get("/api/borrowing/v1/loans", { member_card: card, status: "open", limit: 200 }, signal);
  if (!latest()) return;
  const putBack = partsInUse(place);
  render(
    place,
    html`<h2 tabindex="-1">${t("theirLoans.heading")} <span class="quiet numbers">${number(items.length)}</span></h2>
      ${untitled(items)}
      ${items.length === 0 ? html`<p class="quiet">${t("theirLoans.none")}</p>` : html`<table class="rows" aria-label="${t("theirLoans.heading")}"><thead><tr><th scope="col">${t("lists.title")}</th><th scope="col">${t("lists.until")}</th><th scope="col"><span class="hidden-text">${t("staff.actions")}</span></th></tr></thead><tbody>${items.map(loanLine)}</tbody></table>`}`,
  );
  putBack(place);
  const anew = (/** @type {Element} */ from, /** @type {string} */ words) => partAnew(place, from, words, signal, () => Promise.all([theirLoans(place, card, who, accountChanged, signal), accountChanged()]));
  place.querySelector("tbody")?.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-act]") : null;
    const line = button?.closest("tr");
    if (!(button instanceof HTMLElement) || !line) return;
    const [act, loan, barcode, answer] = [button.dataset.act, line.dataset.loan, line.dataset.barcode ?? "", find(line, ".answer")];
    const renew = (/** @type {unknown} */ body, /** @type {string} */ key) => post(`/api/borrowing/v1/loans/${loan}/renewals`, body, key);
    if (act === "lost") return void declareLost(answer, barcode, anew);
    if (act === "collection") return void press(button, answer, (key) => post(`/api/borrowing/v1/loans/${loan}/collection`, {}, key), () => anew(answer, t("theirLoans.handedOver")));
    if (act === "claimed-returned") return void press(button, answer, (key) => post(`/api/borrowing/v1/items/${encodeURIComponent(barcode)}/claimed-returned`, {}, key), () => anew(answer, t("theirLoans.claimDone")));
    /** @param {unknown} error @returns {Problem} that may be overridden */
    const refused = (error) => {
      if (error instanceof Problem && overridable(error, who)) return error;
      throw error;
    };
    void press(button, answer, (key) => renew({}, key).catch(refused), (came) => (came instanceof Problem ? against(answer, came, renew, anew) : anew(answer, t("loans.renewed"))));
  });
}

/**
 * Asks why it is renewed all the same.
 * @param {Element} place
 * @param {Problem} problem
 * @param {(body: unknown, key: string) => Promise<unknown>} renew
 * @param {(from: Element, words: string) => Promise<void>} anew
 */
function against(place, problem, renew, anew) {
  render(place, html`${refusal(problem)}<form class="form">${field("reason", t("staff.reason"), { required: true, max: 200 })}<div class="whole"><button class="button" type="submit">${t("theirLoans.override")}</button></div><div class="answer"></div></form>`);
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  find(form, "input").focus();
  wish(form, (values, key) => renew({ override: { codes: problem.reasons.map(({ code }) => code), reason: text(values, "reason") } }, key), () => anew(place, t("loans.renewed")));
}

/**
 * @param {Element} place
 * @param {string} barcode
 * @param {(from: Element, words: string) => Promise<void>} anew
 */
function declareLost(place, barcode, anew) {
  render(place, html`<form class="form"><p class="whole">${t("theirLoans.lostWords")}</p>${field("reason", t("staff.reason"), { max: 200 })}<div class="whole"><button class="button" type="submit">${t("theirLoans.lostGo")}</button></div><div class="answer"></div></form>`);
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  find(form, "input").focus();
  wish(
    form,
    (values, key) => post(`/api/borrowing/v1/items/${encodeURIComponent(barcode)}/lost`, { ...(text(values, "reason") && { reason: text(values, "reason") }) }, key),
    ({ charges = [] }) => {
      const sum = /** @type {Charge[]} */ (charges).reduce((all, { amount }) => all + amount, 0);
      return anew(place, t("theirLoans.lostDone", { amount: charges[0] ? money(sum, charges[0].currency, charges[0].exponent) : "0" }));
    },
  );
}

/**
 * The holds of a member, in their place, with the form for one more.
 * @param {HTMLElement} place
 * @param {string} card
 * @param {AbortSignal} signal
 */
export async function theirHolds(place, card, signal) {
  const latest = turn(place);
  const [{ items }, names, places] = await Promise.all([get("/api/borrowing/v1/holds", { member_card: card, limit: 200 }, signal), branchName(signal), branches(signal).catch(() => [])]);
  const words = (/** @type {Hold} */ { status, position, pickup_branch, expires_on, suspended_until }) => {
    const branch = names(pickup_branch);
    if (suspended_until) return t("holds.suspended", { date: date(suspended_until) });
    if (status === "ready") return expires_on ? t("holds.readyUntil", { branch, due: dateWithDistance(expires_on) }) : t("holds.ready", { branch });
    return status === "in_transit" ? t("holds.coming", { branch }) : t("holds.waiting", { position, branch });
  };
  if (!latest()) return;
  const putBack = partsInUse(place);
  render(
    place,
    html`<h2 tabindex="-1">${t("theirHolds.heading")}</h2>
      ${untitled(items)}
      ${items.length === 0 ? html`<p class="quiet">${t("theirHolds.none")}</p>` : html`<table class="rows" aria-label="${t("theirHolds.heading")}"><tbody>${/** @type {Hold[]} */ (items).map((hold) => html`<tr><td><a class="name" href="/books/${hold.book_id}" dir="auto">${hold.title ?? `№ ${hold.book_id}`}</a></td><td>${words(hold)}</td><td><div class="acts" data-part="hold-${hold.id}"><button type="button" class="button slim" data-hold="${hold.id}">${t("holds.cancel")}<span class="hidden-text"> ${hold.title}</span></button><div class="answer" aria-live="polite"></div></div></td></tr>`)}</tbody></table>`}
      <details class="fold" data-part="hold"><summary>${t("theirHolds.place")}</summary><form class="form">${field("what", t("theirHolds.number"), { required: true, max: 100 })}${places.length > 1 && choice("pickup_branch", t("title.pickup"), places, deskBranch(places))}<div class="whole"><button class="button" type="submit">${t("theirHolds.go")}</button></div><div class="answer" aria-live="polite"></div></form></details>`,
  );
  const anew = (/** @type {Element} */ from, /** @type {string} */ said) => partAnew(place, from, said, signal, () => theirHolds(place, card, signal));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-hold]"))) {
    button.addEventListener("click", () => press(button, find(/** @type {Element} */ (button.parentElement), ".answer"), (key) => remove(`/api/borrowing/v1/holds/${button.dataset.hold}`, key), () => anew(button, t("holds.cancelled"))));
  }
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  wish(
    form,
    async (values, key) => {
      const what = text(values, "what").replace(/^№\s*/, "");
      if (!what) throw new Wrong("what", t("theirHolds.number"));
      const where = values.get("pickup_branch");
      const copy = await get(`/api/borrowing/v1/items/${encodeURIComponent(what)}`).catch(() => null);
      if (!copy && !/^\d+$/.test(what)) throw new Wrong("what", t("theirHolds.number"));
      return post("/api/borrowing/v1/holds", { member_card: card, book_id: copy?.book_id ?? Number(what), ...(where && { pickup_branch: where }) }, key);
    },
    () => anew(form, t("title.held")),
  );
  putBack(place);
}
