// rules.js: the rules of lending: read by the desk, edited, tried and published by a librarian.

import { get, Problem, put } from "../lib/api.js";
import { branches } from "../lib/branches.js";
import { field, text, wish } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { moment, t } from "../lib/i18n.js";
import { kindsOfCopies } from "../lib/kinds.js";
import { again } from "../lib/router.js";
import { may } from "../lib/session.js";
import { categories } from "../members/form.js";
import { toast } from "../parts/toast.js";
import { rooms, staff } from "../staff/frame.js";
import { draftOf, ruleSheet, totals } from "./draft.js";
import { previewForm, previewing } from "./preview.js";

/** @typedef {import("./draft.js").Matrix} Matrix */
/** @typedef {import("./draft.js").House} House */
/** @typedef {{version: number, published_at?: string, note?: string}} Published */

/**
 * Who published what, newest first.
 * @param {Published[]} list
 */
export function published(list) {
  return html`<details class="fold"><summary>${t("rules.history")}</summary><ul class="plain">${list.map((one) => html`<li>${t("rules.version", { n: one.version })}${one.published_at && html` <span class="quiet">${t("rules.publishedBy", { at: moment(one.published_at) })}</span>`}${one.note && html` <span dir="auto">${one.note}</span>`}</li>`)}</ul></details>`;
}

/** The form that publishes. */
export function publishForm() {
  return html`<form class="form" id="publish">${field("note", t("rules.note"), { max: 500 })}<div class="whole"><button class="button first" type="submit">${t("rules.publish")}</button></div><div class="answer" aria-live="polite"></div></form>`;
}

/**
 * Publishes what stands on the page as the version after the one that was read.
 * @param {HTMLElement} main
 * @param {string} path
 * @param {number} version
 * @param {() => object} draft
 */
export function publishing(main, path, version, draft) {
  wish(
    /** @type {HTMLFormElement} */ (find(main, "#publish")),
    async (values, key) => {
      const note = text(values, "note");
      try {
        return await put(path, { ...draft(), ...(note && { note }) }, { version, key });
      } catch (error) {
        if (error instanceof Problem && error.status === 412) throw new Problem(412, { code: "published_since", detail: t("rules.conflict") });
        throw error;
      }
    },
    async ({ version: now }) => {
      await again();
      toast(t("rules.published", { n: now }), "good");
    },
  );
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const who = await staff();
  const [matrix, places, groups, kinds, versions] = await Promise.all([
    /** @type {Promise<Matrix>} */ (get("/api/borrowing/v1/rules", {}, signal)),
    branches(signal),
    categories(signal),
    kindsOfCopies(signal),
    get("/api/borrowing/v1/rules/versions", { limit: 20 }, signal),
  ]);
  const exponent = new Intl.NumberFormat("en", { style: "currency", currency: matrix.currency }).resolvedOptions().maximumFractionDigits ?? 0;
  /** @type {House} */
  const house = { places, groups, kinds, exponent, may: may(who, "librarian") };
  return {
    title: t("staff.rules"),
    body: html`${rooms(who, "/rules")}
      <div class="page-head"><div><h1>${t("staff.rules")}</h1><p class="quiet">${t("rules.words")}</p></div><p class="quiet">${t("rules.version", { n: matrix.version })} · ${matrix.currency}</p></div>
      <div class="stack">
        <div class="stack tight" id="rules">${matrix.rules.map((rule) => ruleSheet(rule, house))}</div>
        ${house.may && html`<p><button type="button" class="button" id="add">${t("rules.add")}</button></p>`}
        <details class="fold"><summary>${t("rules.totals")}</summary>${totals(matrix, house)}</details>
        ${house.may && publishForm()}
        ${previewForm(house)}
        ${published(versions.items)}
      </div>`,
    ready(main) {
      const list = find(main, "#rules");
      main.querySelector("#add")?.addEventListener("click", () => {
        const sheet = document.createElement("template");
        sheet.innerHTML = ruleSheet({ ...matrix.rules[0], branch: undefined, category: undefined, item_type: undefined }, house).markup;
        list.append(sheet.content);
        const added = /** @type {HTMLDetailsElement} */ (list.lastElementChild);
        added.open = true;
        find(added, "select").focus();
      });
      list.addEventListener("click", (event) => {
        const button = event.target instanceof Element ? event.target.closest("[data-remove]") : null;
        if (!button) return;
        button.closest("details")?.remove();
        find(main, "#add").focus();
      });
      if (!house.may) for (const control of main.querySelectorAll(":is(.rule, .totals) :is(input, select)")) control.setAttribute("disabled", "");
      const draft = () => draftOf(main, exponent);
      if (house.may) publishing(main, "/api/borrowing/v1/rules", matrix.version, draft);
      previewing(main, house, draft);
    },
  };
}
