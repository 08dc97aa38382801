// add-copy.js: <bv-add-copy>, an unknown barcode becomes a copy of a title on the spot.

import { get, post } from "../lib/api.js";
import { find, html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { choice, failure, field, text, wish, Wrong } from "../lib/forms.js";
import { branches } from "../lib/branches.js";
import { kindsOfCopies } from "../lib/kinds.js";
import { deskBranch } from "../staff/frame.js";
import { may, me } from "../lib/session.js";

/** @typedef {import("../lib/types.js").Book} Book */

const SHOWN = 6; // titles to choose from

/** @param {Book[]} books */
function titles(books) {
  if (books.length === 0) return html`<p class="quiet">${t("addCopy.none")}</p>`;
  return html`<fieldset><legend class="hidden-text">${t("addCopy.choose")}</legend>${books.map((book, i) => html`<label class="tick"><input type="radio" name="book" value="${book.id}"${i === 0 && html` checked`}><span dir="auto">${book.title} <span class="quiet">${book.authors.map(({ name }) => name).join(", ")}</span></span></label>`)}</fieldset>`;
}

class AddCopy extends HTMLElement {
  connectedCallback() {
    const details = this.closest("details");
    details?.addEventListener("toggle", () => details.open && this.childElementCount === 0 && void this.#draw());
  }

  async #draw() {
    const code = this.dataset.code ?? "";
    const [kinds, places, who] = await Promise.all([kindsOfCopies().catch(() => []), branches().catch(() => []), me().catch(() => null)]);
    render(
      this,
      html`<form class="looking">${field("q", t("addCopy.find"), { max: 200 })}<button class="button" type="submit">${t("addCopy.search")}</button>${may(who, "librarian") && html` <a href="/catalogue/new?barcode=${encodeURIComponent(code)}">${t("addCopy.newTitle")}</a>`}<div class="answer"></div></form>
        <form class="adding" hidden><div class="found"></div>${field("call_number", t("addCopy.mark"), { max: 100 })}${kinds.length > 1 && choice("item_type", t("addCopy.type"), kinds)}<button class="button first" type="submit">${t("addCopy.go")}</button><div class="answer" aria-live="polite"></div></form>`,
    );
    const looking = /** @type {HTMLFormElement} */ (find(this, ".looking"));
    const adding = /** @type {HTMLFormElement} */ (find(this, ".adding"));
    const query = /** @type {HTMLInputElement} */ (find(looking, "[name=q]"));
    query.focus();
    looking.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (query.value.trim() === "") return;
      try {
        const { items } = await get("/api/catalog/v1/books", { q: query.value.trim(), limit: SHOWN });
        render(find(adding, ".found"), titles(items));
        adding.hidden = false;
        render(find(looking, ".answer"), null);
      } catch (error) {
        render(find(looking, ".answer"), failure(error));
      }
    });
    wish(
      adding,
      (form, key) => {
        const book = Number(form.get("book"));
        if (!book) throw new Wrong("book", t("addCopy.choose"));
        const mark = text(form, "call_number");
        return post("/api/borrowing/v1/items", { barcode: code, book_id: book, branch: deskBranch(places), ...(mark && { call_number: mark }), ...(form.get("item_type") && { item_type: form.get("item_type") }) }, key);
      },
      () => this.dispatchEvent(new Event("copy-added", { bubbles: true })),
    );
  }
}

customElements.define("bv-add-copy", AddCopy);
