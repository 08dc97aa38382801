// rows.js: the rows of the desk's lists, as tables: what to fetch, what waits, what is to be cleared, what travels, what is said to be returned.

import { html } from "../lib/html.js";
import { dateWithDistance, maybe, moment, t } from "../lib/i18n.js";

/**
 * @typedef {{kind: "hold" | "loan", hold_id?: number, loan_id?: number, barcode: string, book_id: number, title?: string, part?: string, call_number?: string, location?: string, pickup_branch: string, slip?: string, since: string}} Pull
 * @typedef {{item_id: number, barcode: string, book_id: number, title?: string, part?: string, call_number?: string, hold_id?: number, hold_status?: string, slip?: string, expires_on?: string, clear: boolean}} Shelved
 * @typedef {{item_id: number, barcode: string, book_id: number, title?: string, part?: string, from: string, to: string, hold_id?: number}} Travelling
 * @typedef {{barcode: string, book_id: number, title?: string, member_card: string, claimed_returned_on: string, mark?: string}} Claim
 * @typedef {(code: string) => string} Names
 */

/** @param {{barcode: string, book_id: number, title?: string, part?: string}} row */
function book({ barcode, book_id, title, part }) {
  return html`<td><a class="name" href="/books/${book_id}" dir="auto">${title ?? `№ ${book_id}`}</a>${part && html` · ${part}`}<span class="code numbers">${barcode}</span></td>`;
}

/** @param {string[]} heads @param {unknown} body @param {string} name */
function table(heads, body, name) {
  return html`<table class="rows" aria-label="${name}"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}<th scope="col"><span class="hidden-text">${t("staff.actions")}</span></th></tr></thead><tbody>${body}</tbody></table>`;
}

/** @param {Pull[]} pulls @param {Names} names @param {Set<number>} fetched */
export function pullRows(pulls, names, fetched) {
  return table(
    [t("lists.mark"), t("lists.title"), t("lists.for"), t("lists.since")],
    pulls.map((pull) => html`<tr data-barcode="${pull.barcode}" class="${fetched.has(pull.loan_id ?? 0) && "done"}">
      <td data-label="${t("lists.mark")}" class="numbers">${[pull.location, pull.call_number].filter(Boolean).join(" ") || "—"}</td>
      ${book(pull)}
      <td data-label="${t("lists.for")}">${t("lists.card", { slip: pull.slip ?? "" })} · ${names(pull.pickup_branch)}${pull.kind === "loan" && html`<br><span class="small">${fetched.has(pull.loan_id ?? 0) ? t("lists.fetched") : t("lists.webLoan")}</span>`}</td>
      <td data-label="${t("lists.since")}" class="small">${moment(pull.since)}</td>
      <td><div class="acts">${pull.kind === "loan" && html`<button type="button" class="button slim" data-act="slip">${t("slip.print")}<span class="hidden-text"> ${pull.title}</span></button>`}${pull.kind === "hold" && html`<button type="button" class="button slim" data-act="missing">${t("lists.notFound")}<span class="hidden-text"> ${pull.title}</span></button>`}<div class="answer"></div></div></td>
    </tr>`),
    t("staff.pull"),
  );
}

/** @param {Shelved[]} list @param {string} name */
export function shelfRows(list, name) {
  return table(
    [t("lists.title"), t("lists.for"), t("lists.until")],
    list.map((row) => html`<tr data-barcode="${row.barcode}">
      ${book(row)}
      <td data-label="${t("lists.for")}">${row.slip && t("lists.card", { slip: row.slip })}</td>
      <td data-label="${t("lists.until")}">${row.expires_on && dateWithDistance(row.expires_on)}</td>
      <td><div class="acts"><button type="button" class="button slim" data-act="slip">${t("slip.print")}<span class="hidden-text"> ${row.title}</span></button></div></td>
    </tr>`),
    name,
  );
}

/** @param {Shelved[]} list @param {string} name */
export function clearRows(list, name) {
  return table(
    [t("lists.title"), t("lists.for"), t("lists.why")],
    list.map((row) => html`<tr data-barcode="${row.barcode}">
      ${book(row)}
      <td data-label="${t("lists.for")}">${row.slip && t("lists.card", { slip: row.slip })}</td>
      <td data-label="${t("lists.why")}">${row.hold_status && (maybe(`shelfHold.${row.hold_status}`) ?? row.hold_status)}</td>
      <td></td>
    </tr>`),
    name,
  );
}

/** @param {Travelling[]} list @param {Names} names */
export function transitRows(list, names) {
  return table(
    [t("lists.title"), t("lists.from"), t("lists.to")],
    list.map((row) => html`<tr data-barcode="${row.barcode}">
      ${book(row)}
      <td data-label="${t("lists.from")}">${names(row.from)}</td>
      <td data-label="${t("lists.to")}">${names(row.to)}</td>
      <td></td>
    </tr>`),
    t("staff.transit"),
  );
}

/** @param {Claim[]} list */
export function claimRows(list) {
  return table(
    [t("lists.mark"), t("lists.title"), t("notices.member"), t("lists.claimedOn")],
    list.map((row) => html`<tr data-barcode="${row.barcode}">
      <td data-label="${t("lists.mark")}" class="numbers">${row.mark || "—"}</td>
      ${book(row)}
      <td data-label="${t("notices.member")}">${row.member_card ? html`<a class="numbers" href="/members/${encodeURIComponent(row.member_card)}">${row.member_card}</a>` : "—"}</td>
      <td data-label="${t("lists.claimedOn")}">${dateWithDistance(row.claimed_returned_on)}</td>
      <td></td>
    </tr>`),
    t("staff.claims"),
  );
}
