// preview.js: what somebody would get for something, and why, under the rules, or the calendar, as they stand in the boxes. Nothing is lent.

import { post } from "../lib/api.js";
import { choice, field, text, wish } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { date, dateWithDistance, maybe, number, said, t } from "../lib/i18n.js";
import { money } from "../lib/money.js";
import { reasonWords } from "../lib/refusals.js";
import { deskBranch } from "../staff/frame.js";
import { clean } from "../desk/scans.js";
import { ruleName } from "./draft.js";

/** @typedef {import("./draft.js").Names} Names */
/** @typedef {import("./draft.js").Rule} Rule */
/** @typedef {{would_lend: boolean, rule: Rule, candidates: Rule[], due?: {days: number, counted_from: string, due_on: string, moved?: {from: string, to: string, why: string}}, limits: {limit: string, most: number | null, has_now: number | null, currency?: string, exhausted: boolean}[], refusals: import("../lib/api.js").Reason[]}} Foreseen */

/** @param {Names} house @param {import("../lib/i18n.js").Key} [means] the words of what it is tried with */
export function previewForm({ places, groups, kinds }, means = "preview.words") {
  return html`<section class="part" id="preview"><h2>${t("preview.heading")}</h2><p class="quiet">${t(means)}</p>
    <form class="form">${field("member_card", t("preview.member"), { max: 64 })}${choice("category", t("rules.category"), groups)}${field("barcode", t("preview.item"), { max: 100 })}${choice("item_type", t("rules.kind"), kinds)}${choice("branch", t("rules.branch"), places, deskBranch(places))}${field("on", t("preview.on"), { type: "date" })}
      <div class="whole"><button class="button" type="submit">${t("preview.go")}</button></div><div class="answer" aria-live="polite"></div></form>
    <div id="foreseen" aria-live="polite"></div></section>`;
}

/** @param {Foreseen} seen @param {Names} house */
function words({ would_lend, rule, candidates, due, limits, refusals }, house) {
  const name = (/** @type {Rule} */ one) => ruleName(one, house);
  const others = candidates.filter((one) => name(one) !== name(rule));
  const amount = (/** @type {number} */ n, /** @type {string | undefined} */ currency) => (currency ? money(n, currency) : number(n));
  return html`<div class="note ${would_lend ? "good" : "bad"}"><p><strong>${t(would_lend ? "preview.lends" : "preview.refuses")}</strong></p>${refusals.length > 0 && html`<ul>${refusals.map((one) => html`<li>${reasonWords(one)}</li>`)}</ul>`}
    ${due && html`<p>${t("preview.due", { due: dateWithDistance(due.due_on), days: due.days, from: date(due.counted_from) })}${due.moved && html`; ${t("preview.moved", { from: date(due.moved.from) })} <span class="quiet" dir="auto">(${said(due.moved.why)})</span>`}</p>`}
    <p>${t("preview.rule", { rule: name(rule) })}</p>
    ${others.length > 0 && html`<p class="quiet">${t("preview.others", { rules: others.map(name).join("; ") })}</p>`}
    <ul>${limits.filter(({ most }) => most !== null).map(({ limit, most, has_now, currency, exhausted }) => html`<li class="${exhausted && "late"}">${t("preview.limit", { what: maybe(`limit.${limit}`) ?? limit, now: has_now === null ? "—" : amount(has_now, currency), most: amount(Number(most), currency) })}</li>`)}</ul></div>`;
}

/**
 * @param {HTMLElement} main
 * @param {Names} house
 * @param {() => object} draft
 */
export function previewing(main, house, draft) {
  wish(
    /** @type {HTMLFormElement} */ (find(main, "#preview form")),
    (values, key) => {
      const [card, barcode] = [clean(text(values, "member_card")), clean(text(values, "barcode"))];
      return post("/api/borrowing/v1/rules/preview", { ...draft(), ...(card ? { member_card: card } : { category: text(values, "category") }), ...(barcode ? { barcode } : { item_type: text(values, "item_type") }), branch: text(values, "branch"), ...(text(values, "on") && { on: text(values, "on") }) }, key);
    },
    (seen) => render(find(main, "#foreseen"), words(seen, house)),
  );
}
