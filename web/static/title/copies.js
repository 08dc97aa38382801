// copies.js: where the copies of a title stand: branch, shelf mark, what each is doing.

import { get } from "../lib/api.js";
import { html, render } from "../lib/html.js";
import { dateWithDistance, locale, maybe, t } from "../lib/i18n.js";
import { branchName } from "../lib/branches.js";

/** @typedef {import("../lib/types.js").Item} Item */

/** @param {string} status */
export function statusWords(status) {
  return maybe(`item.${status}`) ?? status.replaceAll("_", " ");
}

/**
 * @param {HTMLElement} place
 * @param {{id: number}} book
 * @param {AbortSignal} signal
 */
export async function copies(place, book, signal) {
  /** @type {Item[]} */
  let items;
  try {
    ({ items } = await get("/api/borrowing/v1/items", { book_id: book.id, limit: 100 }, signal));
  } catch {
    if (!signal.aborted) render(place, html`<p class="quiet">${t("copies.unknown")}</p>`);
    return;
  }
  if (items.length === 0) {
    render(place, html`<p class="quiet">${t("copies.none")}</p>`);
    return;
  }
  const names = await branchName(signal);
  const where = (/** @type {Item} */ { branch }) => (branch ? names(branch) : "—");
  const mark = (/** @type {Item} */ item) => [item.call_number ?? item.location ?? item.barcode, item.part].filter(Boolean).join(" · ");
  const order = new Intl.Collator(locale(), { numeric: true });
  items = items.toSorted((a, b) => order.compare(where(a), where(b)) || order.compare(mark(a), mark(b)));
  render(
    place,
    html`<table class="copy-table">
      <thead><tr><th scope="col">${t("copies.branch")}</th><th scope="col">${t("copies.mark")}</th><th scope="col">${t("copies.status")}</th></tr></thead>
      <tbody>${items.map((item) => html`<tr>
        <td>${where(item)}</td>
        <td class="numbers">${mark(item)}</td>
        <td><span class="status ${item.status === "available" ? "in" : "out"}">${statusWords(item.status)}</span>${item.due_on && html` <span class="quiet small">${t("copies.due", { due: dateWithDistance(item.due_on) })}</span>`}</td>
      </tr>`)}</tbody>
    </table>`,
  );
}
