// draft.js: the rules of lending as boxes, and what stands in them. Each rule is one sheet that opens.

import { choice, field, Wrong } from "../lib/forms.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { amountText, minorOf } from "../lib/money.js";

/**
 * @typedef {{branch?: string, category?: string, item_type?: string, loan_days: number, renewals: number, renew_from?: string, loan_limit: number, hold_limit: number, fine_per_day?: number, grace_days?: number, fine_cap?: number, lost_fee?: number}} Rule
 * @typedef {{loan_total?: number, hold_total?: number, charges_limit?: number}} Limits
 * @typedef {{version: number, currency: string, rules: Rule[], categories: Record<string, Limits>, note?: string, published_at?: string}} Matrix
 * @typedef {{code: string, name: string}[]} Named
 * @typedef {{places: Named, groups: Named, kinds: Named}} Names
 * @typedef {Names & {exponent: number, may: boolean}} House
 */

const COUNTS = /** @type {const} */ (["loan_days", "renewals", "loan_limit", "hold_limit", "grace_days"]);
const AMOUNTS = /** @type {const} */ (["fine_per_day", "fine_cap", "lost_fee"]);
const TOTALS = /** @type {const} */ (["loan_total", "hold_total"]);

/** Which loans a rule is for, in words. @param {Pick<Rule, "branch" | "category" | "item_type">} rule @param {Names} names */
export function ruleName({ branch, category, item_type }, { places, groups, kinds }) {
  const name = (/** @type {Named} */ list, /** @type {string | undefined} */ code, /** @type {string} */ all) => (code ? (list.find((one) => one.code === code)?.name ?? code) : all);
  return [name(places, branch, t("rules.everywhere")), name(groups, category, t("rules.anybody")), name(kinds, item_type, t("rules.anything"))].join(" · ");
}

/** @param {Rule} rule @param {House} house */
export function ruleSheet(rule, house) {
  const any = (/** @type {Named} */ list, /** @type {string} */ words) => [{ code: "", name: words }, ...list];
  const boxes = html`<div class="form narrow">
      ${choice("branch", t("rules.branch"), any(house.places, t("rules.everywhere")), rule.branch ?? "")}
      ${choice("category", t("rules.category"), any(house.groups, t("rules.anybody")), rule.category ?? "")}
      ${choice("item_type", t("rules.kind"), any(house.kinds, t("rules.anything")), rule.item_type ?? "")}
      ${choice("renew_from", t("rules.renew_from"), /** @type {const} */ (["due_date", "today"]).map((code) => ({ code, name: t(`renewFrom.${code}`) })), rule.renew_from ?? "due_date")}
      ${COUNTS.map((name) => field(name, t(`rules.${name}`), { value: rule[name] ?? 0, inputmode: "numeric", max: 5 }))}
      ${AMOUNTS.map((name) => field(name, t(`rules.${name}`), { value: amountText(rule[name] ?? 0, house.exponent), inputmode: "decimal", max: 15 }))}
    </div>${house.may && html`<p class="more"><button type="button" class="button slim" data-remove>${t("rules.remove")}</button></p>`}`;
  return html`<details class="sheet rule"><summary>${ruleName(rule, house)} <span class="quiet small">${t("rules.sum", { days: rule.loan_days, renewals: rule.renewals, limit: rule.loan_limit })}</span></summary>${boxes}</details>`;
}

/** @param {Matrix} matrix @param {House} house */
export function totals(matrix, house) {
  return house.groups.map(({ code, name }) => {
    const limits = matrix.categories[code] ?? {};
    return html`<fieldset class="totals" data-category="${code}"><legend>${name}</legend><div class="form narrow">
      ${TOTALS.map((one) => field(one, t(`rules.${one}`), { value: limits[one] ?? "", inputmode: "numeric", max: 5 }))}
      ${field("charges_limit", t("rules.charges_limit"), { value: limits.charges_limit === undefined ? "" : amountText(limits.charges_limit, house.exponent), inputmode: "decimal", max: 15 })}</div></fieldset>`;
  });
}

/** @param {Element} scope @param {string} name */
function box(scope, name) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (scope.querySelector(`[name=${name}]`));
}

/** A number in a box; what is none opens its sheet and takes the focus. @param {Element} scope @param {string} name @param {(text: string) => number | undefined} read */
function numberIn(scope, name, read) {
  const at = box(scope, name);
  const value = read(at.value.trim());
  if (value !== undefined) return value;
  if (scope instanceof HTMLDetailsElement) scope.open = true;
  at.setAttribute("aria-invalid", "true");
  at.focus();
  throw new Wrong("", t("book.number"));
}

const count = (/** @type {string} */ text) => (/^\d{1,5}$/.test(text) ? Number(text) : undefined);

/**
 * The rules and totals that stand in the boxes.
 * @param {HTMLElement} main
 * @param {number} exponent
 */
export function draftOf(main, exponent) {
  for (const control of main.querySelectorAll(":is(.rule, .totals) [aria-invalid]")) control.removeAttribute("aria-invalid");
  const amount = (/** @type {string} */ text) => minorOf(text, exponent);
  const rules = [...main.querySelectorAll("details.rule")].map((sheet) => {
    /** @type {Record<string, unknown>} */
    const rule = { renew_from: box(sheet, "renew_from").value };
    for (const name of ["branch", "category", "item_type"]) if (box(sheet, name).value) rule[name] = box(sheet, name).value;
    for (const name of COUNTS) rule[name] = numberIn(sheet, name, count);
    for (const name of AMOUNTS) rule[name] = numberIn(sheet, name, amount);
    return rule;
  });
  /** @type {Record<string, Limits>} */
  const categories = {};
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll(".totals"))) {
    /** @type {Limits} */
    const limits = {};
    for (const name of TOTALS) if (box(place, name).value.trim()) limits[name] = numberIn(place, name, count);
    if (box(place, "charges_limit").value.trim()) limits.charges_limit = numberIn(place, "charges_limit", amount);
    if (Object.keys(limits).length > 0) categories[place.dataset.category ?? ""] = limits;
  }
  return { rules, categories };
}
