// facets.js: the filters beside the results: each value with how many titles it would leave.

import { html } from "../lib/html.js";
import { genreName, languageName, number, t } from "../lib/i18n.js";

/** @typedef {import("../lib/types.js").FacetValue} FacetValue */

const MANY = 8;
const FIRST_YEAR = -4000; // what a library takes unless it is configured otherwise
const YEARS_AHEAD = 5;

/**
 * The filters in an address, by the API's names.
 * @param {URLSearchParams} params
 * @returns {Record<string, string>}
 */
export function filtersOf(params) {
  /** @type {Record<string, string>} */
  const filters = {};
  for (const name of ["q", "genre", "language", "author", "year_from", "year_to", "available", "sort"]) {
    const value = params.get(name)?.trim();
    if (value) filters[name] = value;
  }
  return filters;
}

/**
 * @param {string} name
 * @param {string} heading
 * @param {FacetValue[]} values
 * @param {string | null} chosen
 * @param {(value: string) => string} words
 */
function group(name, heading, values, chosen, words) {
  const list = chosen && !values.some(({ value }) => value === chosen) ? [{ value: chosen, count: -1 }, ...values] : values;
  if (list.length === 0) return null;
  const line = (/** @type {FacetValue} */ { value, count, label }) => html`<li><label>
      <input type="radio" name="${name}" value="${value}"${value === chosen && html` checked`}>
      <span dir="auto">${label ?? words(value)}</span>${count >= 0 && html`<small class="numbers">${number(count)}</small>`}
    </label></li>`;
  return html`<fieldset>
    <legend>${heading}</legend>
    <ul>
      ${chosen && html`<li><label><input type="radio" name="${name}" value=""><span>${t("facet.any")}</span></label></li>`}
      ${list.slice(0, MANY).map(line)}
    </ul>
    ${list.length > MANY && html`<details><summary>${t("facet.more", { n: list.length - MANY })}</summary><ul>${list.slice(MANY).map(line)}</ul></details>`}
  </fieldset>`;
}

/**
 * The panel of filters; where it is folded away, its fields are left for later.
 * @param {Record<string, FacetValue[]>} facets
 * @param {URLSearchParams} params
 */
export function facetPanel(facets, params) {
  const chosen = ["genre", "language", "author", "year_from", "year_to", "available"].filter((name) => params.get(name)).length;
  const folded = matchMedia("(max-width: 55rem)").matches;
  return html`<details class="facet-panel" ${!folded && html`open`}>
    <summary>${t("facet.heading")}${chosen > 0 && html` <span class="numbers">(${chosen})</span>`}</summary>
    <form class="facets" aria-label="${t("facet.heading")}"${folded && html` aria-busy="true"`}>${!folded && facetFields(facets, params)}</form>
  </details>`;
}

/**
 * @param {Record<string, FacetValue[]>} facets
 * @param {URLSearchParams} params
 */
export function facetFields(facets, params) {
  const last = new Date().getFullYear() + YEARS_AHEAD;
  return html`<label class="switch"><input type="checkbox" name="available" value="true"${params.get("available") === "true" && html` checked`}><span>${t("facet.available")}</span></label>
    ${group("genre", t("facet.genre"), facets.genre ?? [], params.get("genre"), genreName)}
    ${group("language", t("facet.language"), facets.language ?? [], params.get("language"), languageName)}
    ${group("author", t("facet.author"), facets.author ?? [], params.get("author"), (name) => name)}
    <fieldset class="years">
      <legend>${t("facet.year")}</legend>
      <label><span class="hidden-text">${t("facet.from")}</span><input class="input numbers" type="number" name="year_from" min="${FIRST_YEAR}" max="${last}" placeholder="${t("facet.from")}" value="${params.get("year_from") ?? ""}"></label>
      <span aria-hidden="true">–</span>
      <label><span class="hidden-text">${t("facet.to")}</span><input class="input numbers" type="number" name="year_to" min="${FIRST_YEAR}" max="${last}" placeholder="${t("facet.to")}" value="${params.get("year_to") ?? ""}"></label>
    </fieldset>
    <button class="hidden-text" type="submit">${t("facet.apply")}</button>`;
}
