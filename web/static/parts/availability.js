// availability.js: <bv-availability>, how many copies are in: a shape and words, filled when the answer comes, with its place kept until then.

import { get } from "../lib/api.js";
import { html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";

/** @typedef {import("../lib/types.js").Availability} Counts */

class AvailabilityMark extends HTMLElement {
  /** @param {Counts | undefined} counts nothing when the answer could not be had */
  show(counts) {
    if (!counts) {
      this.className = "unknown";
      render(this, t("availability.unknown"));
      return;
    }
    const { items, available, holds = 0 } = counts;
    this.className = available > 0 ? "in" : items > 0 ? "out" : "none";
    const words = items === 0 ? t("availability.none") : available > 0 ? t("availability.some", { n: available, items }) : t("availability.out", { n: items });
    render(this, html`<span>${words}</span>${holds > 0 && html` <span>· ${t("availability.waiting", { n: holds })}</span>`}`);
  }
}

customElements.define("bv-availability", AvailabilityMark);

/**
 * The element of a title, as markup.
 * @param {number} id
 */
export function availabilityOf(id) {
  return html`<bv-availability data-book="${id}"></bv-availability>`;
}

/**
 * Asks once for all the marks in a part of the page that still wait, and fills them.
 * @param {ParentNode} scope
 * @param {AbortSignal} signal
 * @returns {Promise<Map<number, Counts>>}
 */
export async function fillAvailability(scope, signal) {
  const marks = [...scope.querySelectorAll("bv-availability:not([class])")].filter((mark) => mark instanceof AvailabilityMark);
  /** @type {Map<number, Counts>} */
  const known = new Map();
  if (marks.length === 0) return known;
  const ids = [...new Set(marks.map((mark) => mark.dataset.book))];
  try {
    const { items } = await get("/api/borrowing/v1/availability", { book_ids: ids.join(",") }, signal);
    for (const counts of /** @type {Counts[]} */ (items)) known.set(counts.book_id, counts);
    for (const mark of marks) mark.show(known.get(Number(mark.dataset.book)) ?? { book_id: 0, items: 0, available: 0 });
  } catch {
    if (!signal.aborted) for (const mark of marks) mark.show(undefined);
  }
  return known;
}
