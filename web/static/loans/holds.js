// holds.js: <bv-hold>, one hold of a reader: the book, the place in the queue or the shelf it waits on; suspended, fetched elsewhere, or given up.

import { patch, remove } from "../lib/api.js";
import { field, choice, press, text, wish } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { date, dateWithDistance, t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { coverOf } from "../parts/cover.js";
import { toast } from "../parts/toast.js";

/** @typedef {import("../lib/types.js").Hold} Hold */
/** @typedef {import("../lib/types.js").Book} Book */

/** @typedef {{code: string, name: string}[]} Places */
/** @typedef {import("../lib/types.js").Availability} Availability */

/** @param {Hold} hold @param {string} branch its name @param {Availability} [counts] */
function words({ status, position, expires_on, suspended_until }, branch, counts) {
  if (suspended_until && status === "waiting") return t("holds.suspended", { date: date(suspended_until) });
  if (status === "ready") return html`<strong class="ready">${expires_on ? t("holds.readyUntil", { branch, due: dateWithDistance(expires_on) }) : t("holds.ready", { branch })}</strong>`;
  if (status === "in_transit") return t("holds.coming", { branch });
  if (counts?.holds && counts.holds >= position && position > 0) return t("holds.placeOf", { position, holds: counts.holds, copies: t("holds.copies", { n: counts.items }), branch });
  return t("holds.waiting", { position, branch });
}

/** The form that suspends a hold, or changes where it is fetched. @param {Hold} hold @param {Places} places */
function change(hold, places) {
  return html`<details class="fold"><summary>${t("holds.change")}</summary><form class="form">
    ${places.length > 1 && choice("pickup_branch", t("title.pickup"), places, hold.pickup_branch)}
    ${hold.status === "waiting" && field("suspended_until", t("holds.suspend"), { type: "date", value: hold.suspended_until, hint: t("holds.suspendHint") })}
    <div class="whole"><button class="button slim" type="submit">${t("holds.save")}</button></div><div class="answer" aria-live="polite"></div></form></details>`;
}

/**
 * @param {Hold} hold
 * @param {Book | undefined} book
 * @param {(code: string) => string} branch
 * @param {Places} places
 * @param {Availability} [counts]
 */
export function holdRow(hold, book, branch, places, counts) {
  const title = book?.title ?? hold.title ?? t("loans.unknownTitle", { barcode: `№ ${hold.book_id}` });
  return html`<li><bv-hold class="loan" data-hold="${hold.id}" data-version="${hold.version}">
    <a class="book" href="/books/${hold.book_id}" tabindex="-1" aria-hidden="true">${coverOf(book ?? { id: hold.book_id, title })}</a>
    <div class="loan-words">
      <h3><a href="/books/${hold.book_id}" dir="auto">${title}</a></h3>
      ${book && html`<p class="by" dir="auto">${book.authors.map(({ name }) => name).join(", ")}</p>`}
      <p class="when">${words(hold, branch(hold.pickup_branch), counts)}</p>
      ${(places.length > 1 || hold.status === "waiting") && change(hold, places)}
      <div class="answer said" aria-live="polite" data-part="hold-${hold.id}"></div>
    </div>
    <button type="button" class="button slim" data-cancel>${t("holds.cancel")}<span class="hidden-text"> ${title}</span></button>
  </bv-hold></li>`;
}

class HoldRow extends HTMLElement {
  connectedCallback() {
    const button = find(this, "[data-cancel]");
    button.addEventListener("click", () => press(button, find(this, ".said"), (key) => remove(`/api/borrowing/v1/holds/${this.dataset.hold}`, key), async () => {
      await again();
      toast(t("holds.cancelled"), "good");
    }));
    const form = this.querySelector("form");
    if (!form) return;
    wish(
      form,
      (values, key) => patch(`/api/borrowing/v1/holds/${this.dataset.hold}`, Object.fromEntries([...values.keys()].map((name) => [name, text(values, name)])), { version: Number(this.dataset.version), key }),
      async () => {
        await again();
        find(document, `[data-hold="${this.dataset.hold}"] a:not([tabindex])`).focus();
        toast(t("holds.saved"), "good");
      },
    );
  }
}

customElements.define("bv-hold", HoldRow);
