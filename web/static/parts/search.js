// search.js: <bv-search>, the search box with suggestions: a combobox after the ARIA Authoring Practices.

import { get } from "../lib/api.js";
import { find, html, render, unsafe } from "../lib/html.js";
import { maybe, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";

/** @typedef {import("../lib/types.js").Suggestion} Suggestion */

const WAIT = 120; // ms after the last key
const GLASS = unsafe(`<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false"><circle cx="8.5" cy="8.5" r="5.75" fill="none" stroke="currentColor" stroke-width="1.7"/><path d="m13 13 4.5 4.5" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/></svg>`);
let count = 0;

/**
 * Where a suggestion leads.
 * @param {Suggestion} suggestion
 */
function hrefOf({ kind, id, text }) {
  if ((kind === "book" || kind === "title") && id) return `/books/${id}`;
  if (kind === "author" || kind === "genre") return `/search?${kind}=${encodeURIComponent(id ?? text)}`;
  return `/search?q=${encodeURIComponent(text)}`;
}

class Search extends HTMLElement {
  /** @type {Suggestion[]} */
  #found = [];
  #chosen = -1;
  #timer = 0;
  /** @type {AbortController | undefined} */
  #asking;
  #list = `suggestions-${++count}`;

  connectedCallback() {
    const typed = new URL(location.href).searchParams.get("q") ?? "";
    render(
      this,
      html`<form role="search" action="/search">
        <label class="hidden-text" for="${this.#list}-box">${t("search.label")}</label>
        ${GLASS}
        <input class="input" id="${this.#list}-box" name="q" type="search" maxlength="200" value="${typed}" autocomplete="off" spellcheck="false" autocapitalize="off" enterkeyhint="search"
          placeholder="${t("search.placeholder")}" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="${this.#list}">
        <kbd aria-hidden="true">/</kbd>
        <ul id="${this.#list}" role="listbox" aria-label="${t("search.suggestions")}" hidden></ul>
        <button class="button first" type="submit">${t("search.go")}</button>
      </form>`,
    );
    this.#box.addEventListener("input", () => this.#typed());
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("blur", () => this.#close());
    const list = find(this, "ul");
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (option) this.#take(Number(option.id.split("-").pop()));
    });
    find(this, "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#close();
      const q = this.#box.value.trim();
      this.#box.blur();
      go(q ? `/search?q=${encodeURIComponent(q)}` : "/search");
    });
  }

  get #box() {
    return /** @type {HTMLInputElement} */ (find(this, "input"));
  }

  #typed() {
    clearTimeout(this.#timer);
    const q = this.#box.value.trim();
    if (q.length < 2) return this.#close();
    this.#timer = setTimeout(async () => {
      this.#asking?.abort();
      const asking = (this.#asking = new AbortController());
      try {
        const { items } = await get("/api/catalog/v1/suggest", { q }, asking.signal);
        if (document.activeElement === this.#box) this.#open(items.slice(0, 8));
      } catch {
        if (!asking.signal.aborted) this.#close(); // a search box without suggestions is still a search box
      }
    }, WAIT);
  }

  /** @param {Suggestion[]} items */
  #open(items) {
    this.#found = items;
    this.#chosen = -1;
    if (items.length === 0) return this.#close();
    const list = find(this, "ul");
    render(
      list,
      items.map(({ text, kind }, i) => {
        const what = maybe(`suggest.${kind}`);
        return html`<li role="option" id="${this.#list}-${i}" aria-selected="false"><span dir="auto">${text}</span>${what && html` <small>${what}</small>`}</li>`;
      }),
    );
    list.hidden = false;
    this.#box.setAttribute("aria-expanded", "true");
    this.#box.removeAttribute("aria-activedescendant");
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#found = [];
    this.#chosen = -1;
    find(this, "ul").hidden = true;
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" && this.#found.length > 0) {
      event.preventDefault();
      this.#close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.#found.length > 0) {
      event.preventDefault();
      const places = this.#found.length + 1; // one more: nothing chosen
      this.#choose(((this.#chosen + 1 + (event.key === "ArrowDown" ? 1 : -1) + places) % places) - 1);
    } else if (event.key === "Enter" && this.#chosen >= 0) {
      event.preventDefault();
      this.#take(this.#chosen);
    }
  }

  /** @param {number} index */
  #choose(index) {
    this.#chosen = index;
    for (const option of this.querySelectorAll("[role=option]")) {
      option.setAttribute("aria-selected", String(option.id === `${this.#list}-${index}`));
    }
    if (index < 0) this.#box.removeAttribute("aria-activedescendant");
    else this.#box.setAttribute("aria-activedescendant", `${this.#list}-${index}`);
  }

  /** @param {number} index */
  #take(index) {
    const suggestion = this.#found[index];
    if (!suggestion) return;
    this.#box.value = suggestion.text;
    this.#close();
    this.#box.blur();
    go(hrefOf(suggestion));
  }
}

customElements.define("bv-search", Search);
