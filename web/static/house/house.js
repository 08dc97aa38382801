// house.js: what the library is made of, for a librarian: branches, kinds of copies, categories of members. Codes stay; names can change.

import { get, patch, post, remove } from "../lib/api.js";
import { forgetBranches } from "../lib/branches.js";
import { field, press, text, tick, wish, Wrong } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { toast } from "../parts/toast.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {{code: string, name: string}} Named */
/** @typedef {Named & {months_valid: number | null, default: boolean}} Category */

const NAMED = /** @type {const} */ ({ branches: "/api/borrowing/v1/branches", kinds: "/api/borrowing/v1/item-types" });
const CATEGORIES = "/api/members/v1/categories";

const save = (/** @type {string} */ words) => html`<div class="whole"><button class="button" type="submit">${words}</button></div><div class="answer" aria-live="polite"></div>`;
const code = () => field("code", t("house.code"), { required: true, max: 32, hint: t("house.codeHint") });

/** @param {keyof typeof NAMED} which @param {Named[]} list */
function named(which, list) {
  return html`<section class="part" id="${which}" aria-labelledby="${which}-head"><h2 id="${which}-head" tabindex="-1">${t(`house.${which}`)}</h2>
    <ul class="plain">${list.map((one) => html`<li><details class="fold"><summary><span dir="auto">${one.name}</span> <span class="quiet small">${one.code}</span></summary>
      <form class="form" data-code="${one.code}">${field("name", t("house.name"), { value: one.name, required: true, max: 200 })}${save(t("house.rename"))}</form></details></li>`)}</ul>
    <details class="fold more"><summary>${t(`house.${which}Add`)}</summary><form class="form" data-add>${code()}${field("name", t("house.name"), { required: true, max: 200 })}${save(t("house.add"))}</form></details></section>`;
}

/** @param {Category} one */
const months = (one) => (one.months_valid === null ? t("house.forEver") : t("house.monthsN", { n: one.months_valid }));

/** @param {Partial<Category>} one */
const categoryBoxes = (one) => html`${field("name", t("house.name"), { value: one.name, required: true, max: 100 })}${field("months_valid", t("house.months"), { value: one.months_valid, inputmode: "numeric", max: 4, hint: t("house.monthsHint") })}<div class="whole">${tick("default", t("house.default"), one.default)}</div>`;

/** @param {Category[]} list */
function categories(list) {
  return html`<section class="part" id="categories" aria-labelledby="categories-head"><h2 id="categories-head" tabindex="-1">${t("house.categories")}</h2>
    <ul class="plain">${list.map((one) => html`<li><details class="fold"><summary><span dir="auto">${one.name}</span> <span class="quiet small">${one.code} · ${months(one)}${one.default && html` · ${t("house.isDefault")}`}</span></summary>
      <form class="form" data-code="${one.code}">${categoryBoxes(one)}<div class="whole acts-start"><button class="button" type="submit">${t("staff.save")}</button> <button class="button" type="button" data-delete>${t("house.delete")}</button></div><div class="answer" aria-live="polite"></div></form></details></li>`)}</ul>
    <details class="fold more"><summary>${t("house.categoriesAdd")}</summary><form class="form" data-add>${code()}${categoryBoxes({})}${save(t("house.add"))}</form></details></section>`;
}

/** The months that stand in a box; null for none. @param {FormData} values */
function monthsOf(values) {
  const typed = text(values, "months_valid");
  if (typed && !/^[1-9]\d{0,3}$/.test(typed)) throw new Wrong("months_valid", t("house.monthsHint"));
  return typed ? Number(typed) : null;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const who = await staff("librarian");
  const [places, kinds, groups] = await Promise.all([get(NAMED.branches, {}, signal), get(NAMED.kinds, {}, signal), get(CATEGORIES, {}, signal)]);
  return {
    title: t("staff.house"),
    body: html`${rooms(who, "/house")}<div class="page-head"><div><h1>${t("staff.house")}</h1><p class="quiet">${t("house.words")}</p></div></div>
      <div class="stack">${named("branches", places.items)}${named("kinds", kinds.items)}${categories(groups.items)}</div>`,
    ready(main) {
      for (const which of /** @type {(keyof typeof NAMED)[]} */ (Object.keys(NAMED))) {
        run(find(main, `#${which}`), {
          add: (values, key) => post(NAMED[which], { code: text(values, "code"), name: text(values, "name") }, key),
          edit: (at, values) => patch(`${NAMED[which]}/${encodeURIComponent(at)}`, { name: text(values, "name") }),
        });
      }
      run(find(main, "#categories"), {
        add: (values, key) => post(CATEGORIES, { code: text(values, "code"), name: text(values, "name"), ...(monthsOf(values) && { months_valid: monthsOf(values) }), ...(values.has("default") && { default: true }) }, key),
        edit: (at, values) => patch(`${CATEGORIES}/${encodeURIComponent(at)}`, { name: text(values, "name"), months_valid: monthsOf(values), ...(values.has("default") && { default: true }) }),
        erase: (at) => remove(`${CATEGORIES}/${encodeURIComponent(at)}`),
      });
    },
  };
}

/**
 * Makes the forms of a section do what they say; then the page is drawn anew and the focus goes to the section.
 * @param {HTMLElement} section
 * @param {{add: (values: FormData, key: string) => Promise<unknown>, edit: (code: string, values: FormData) => Promise<unknown>, erase?: (code: string) => Promise<unknown>}} how
 */
function run(section, { add, edit, erase }) {
  const anew = async () => {
    await again();
    document.getElementById(`${section.id}-head`)?.focus();
    toast(t("staff.saved"), "good");
  };
  wish(/** @type {HTMLFormElement} */ (find(section, "[data-add]")), (values, key) => add(values, key).finally(forgetBranches), anew);
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (section.querySelectorAll("[data-code]"))) {
    wish(form, (values) => edit(form.dataset.code ?? "", values).finally(forgetBranches), anew);
    const button = form.querySelector("[data-delete]");
    if (button instanceof HTMLElement && erase) {
      button.addEventListener("click", () => press(button, find(form, ".answer"), () => erase(form.dataset.code ?? ""), anew));
    }
  }
}
