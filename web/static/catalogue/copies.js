// copies.js: the copies of a title for the staff: added, edited, noted missing or damaged, withdrawn.

import { get, patch, post, Problem } from "../lib/api.js";
import { branches } from "../lib/branches.js";
import { choice, failure, field, press, text, tick, wish, Wrong } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { partsInUse, turn } from "../lib/in-use.js";
import { kindsOfCopies } from "../lib/kinds.js";
import { amountText, minorOf, money } from "../lib/money.js";
import { deskBranch } from "../staff/frame.js";
import { partAnew } from "../staff/part.js";
import { statusWords } from "../title/copies.js";

/** @typedef {import("../lib/types.js").Item} Item */
/** @typedef {{code: string, name: string}[]} Named */
/** @typedef {{places: Named, kinds: Named, currency: string}} House */

/** @param {string} currency */
const digits = (currency) => new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 0;

/** The boxes of a copy. @param {House} house @param {Partial<Item>} item */
function boxes({ places, kinds, currency }, item) {
  const priced = item.price?.currency ?? currency;
  return html`${field("barcode", t("items.barcode"), { value: item.barcode, required: true, max: 100 })}
    ${field("call_number", t("lists.mark"), { value: item.call_number, max: 100 })}
    ${field("location", t("items.location"), { value: item.location, max: 100 })}
    ${field("part", t("items.part"), { value: item.part, max: 100 })}
    ${choice("branch", t("items.home"), places, item.home_branch ?? deskBranch(places))}
    ${choice("item_type", t("items.type"), kinds, item.item_type)}
    ${field("price", `${t("items.price")} (${priced})`, { value: item.price && amountText(item.price.minor, digits(priced)), inputmode: "decimal", max: 20 })}
    <div class="whole">${tick("loanable", t("items.loanable"), item.loanable !== false)}</div>`;
}

/** @param {FormData} values @param {string} currency */
function priceOf(values, currency) {
  const typed = text(values, "price");
  if (!typed) return undefined;
  const minor = minorOf(typed, digits(currency));
  if (minor === undefined) throw new Wrong("price", t("money.wrong"));
  return { minor, currency };
}

/** @param {Item} item @param {House} house */
function row(item, house) {
  const mark = (/** @type {"missing" | "damaged" | "withdrawn"} */ act) => item.status !== act && html`<button type="button" class="button slim" data-mark="${act}">${t(`items.${act}`)}<span class="hidden-text"> ${item.barcode}</span></button>`;
  return html`<tr data-barcode="${item.barcode}">
    <td><span class="numbers">${item.barcode}</span>${item.part && html` · ${item.part}`}<span class="code">${[item.location, item.call_number].filter(Boolean).join(" · ")}</span></td>
    <td data-label="${t("items.home")}">${house.places.find(({ code }) => code === item.home_branch)?.name ?? item.home_branch}<span class="code">${house.kinds.find(({ code }) => code === item.item_type)?.name ?? item.item_type}${item.price && html` · ${money(item.price.minor, item.price.currency)}`}</span></td>
    <td data-label="${t("copies.status")}">${statusWords(item.status)}</td>
    <td><div class="acts" data-part="marks-${item.barcode}">${mark("missing")}${mark("damaged")}${mark("withdrawn")}<div class="answer" aria-live="polite"></div></div>
      <details class="fold" data-part="copy-${item.barcode}"><summary>${t("items.edit")}<span class="hidden-text"> ${item.barcode}</span></summary><form class="form">${boxes(house, item)}<div class="whole"><button class="button slim" type="submit">${t("staff.save")}</button></div><div class="answer" aria-live="polite"></div></form></details></td>
  </tr>`;
}

/**
 * @param {HTMLElement} place
 * @param {number} book
 * @param {string} barcode of the copy that is to be added, when it is known
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export async function copiesOf(place, book, barcode, signal) {
  const latest = turn(place);
  /** @type {Item[]} */
  let items;
  /** @type {House} */
  let house;
  try {
    const [copies, places, kinds, rules] = await Promise.all([get("/api/borrowing/v1/items", { book_id: book, limit: 200 }, signal), branches(signal), kindsOfCopies(signal), get("/api/borrowing/v1/rules", {}, signal)]);
    items = copies.items;
    house = { places, kinds, currency: rules.currency };
  } catch (error) {
    if (!signal.aborted) render(place, html`<h2>${t("items.heading")}</h2>${failure(error)}`);
    return;
  }
  if (!latest()) return;
  const putBack = partsInUse(place);
  render(
    place,
    html`<h2 tabindex="-1">${t("items.heading")}</h2>
      ${items.length === 0 ? html`<p class="quiet">${t("copies.none")}</p>` : html`<table class="rows" aria-label="${t("items.heading")}"><thead><tr><th scope="col">${t("items.barcode")}</th><th scope="col">${t("items.home")}</th><th scope="col">${t("copies.status")}</th><th scope="col"><span class="hidden-text">${t("staff.actions")}</span></th></tr></thead><tbody>${items.map((item) => row(item, house))}</tbody></table>`}
      <details class="sheet" id="add-copy" data-part="add"${(barcode || items.length === 0) && html` open`}><summary>${t("items.add")}</summary><form class="form">${boxes(house, { barcode })}<div class="whole"><button class="button first" type="submit">${t("items.add")}</button></div><div class="answer" aria-live="polite"></div></form></details>`,
  );
  const anew = (/** @type {Element} */ from, /** @type {string} */ words) => partAnew(place, from, words, signal, () => copiesOf(place, book, "", signal));
  const some = (/** @type {Record<string, string>} */ values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  const adding = /** @type {HTMLFormElement} */ (find(place, "#add-copy form"));
  wish(
    adding,
    (values, key) => {
      const price = priceOf(values, house.currency);
      return post("/api/borrowing/v1/items", { book_id: book, loanable: values.has("loanable"), ...some({ barcode: text(values, "barcode"), branch: text(values, "branch"), item_type: text(values, "item_type"), call_number: text(values, "call_number"), location: text(values, "location"), part: text(values, "part") }), ...(price && { price }) }, key);
    },
    () => anew(adding, t("items.added")),
  );
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("tr[data-barcode]"))) {
    const item = /** @type {Item} */ (items.find((one) => one.barcode === line.dataset.barcode));
    const at = `/api/borrowing/v1/items/${encodeURIComponent(item.barcode)}`;
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (line.querySelectorAll("[data-mark]"))) {
      button.addEventListener("click", () => press(button, find(line, ".answer"), (key) => post(`${at}/${button.dataset.mark}`, {}, key), () => anew(button, t("items.marked"))));
    }
    const editing = /** @type {HTMLFormElement} */ (find(line, "form"));
    wish(
      editing,
      async (values, key) => {
        const price = priceOf(values, item.price?.currency ?? house.currency);
        const body = { barcode: text(values, "barcode"), call_number: text(values, "call_number"), location: text(values, "location"), part: text(values, "part"), home_branch: text(values, "branch"), item_type: text(values, "item_type"), loanable: values.has("loanable"), ...(price ? { price } : item.price && { no_price: true }) };
        try {
          return await patch(at, body, { version: item.version, key });
        } catch (error) {
          if (error instanceof Problem && error.status === 412) throw new Problem(412, { code: "copy_changed", detail: t("items.conflict") });
          throw error;
        }
      },
      () => anew(editing, t("staff.saved")),
    );
  }
  putBack(place);
}
