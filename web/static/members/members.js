// members.js: finding a member by a part of the name, the card or the email.

import { address, get } from "../lib/api.js";
import { find, html } from "../lib/html.js";
import { date, maybe, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { clean } from "../desk/scans.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {import("../lib/types.js").Person} Person */

/** @param {Person} person */
function row(person) {
  const today = new Date().toISOString().slice(0, 10);
  return html`<tr>
    <td><a class="name" href="/members/${encodeURIComponent(person.card)}" dir="auto">${person.name}</a><span class="code numbers">${person.card}</span></td>
    <td data-label="${t("members.email")}">${person.email}</td>
    <td data-label="${t("members.category")}">${maybe(`category.${person.category}`) ?? person.category}</td>
    <td data-label="${t("members.expires")}">${person.expires_on && html`<span class="${person.expires_on < today && "late"}">${date(person.expires_on)}</span>`}${person.blocks.length > 0 && html`<span class="code late">${person.blocks.map(({ code }) => maybe(`block.${code}`) ?? code).join(", ")}</span>`}</td>
  </tr>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff();
  const q = url.searchParams.get("q") ?? "";
  const page = q ? /** @type {{items: Person[], next_cursor: string | null}} */ (await get("/api/members/v1/members", { q, cursor: url.searchParams.get("cursor"), limit: 50 }, signal)) : { items: [], next_cursor: null };
  return {
    title: t("staff.members"),
    body: html`${rooms(who, "/members")}
      <div class="page-head"><div><h1>${t("staff.members")}</h1><p class="quiet">${t("members.words")}</p></div><a class="button" href="/members/new">${t("members.new")}</a></div>
      <form class="find"><label class="hidden-text" for="who">${t("members.find")}</label><input class="input" id="who" name="q" value="${q}" maxlength="100" placeholder="${t("members.find")}" autocomplete="off" spellcheck="false"><button class="button first" type="submit">${t("members.search")}</button></form>
      ${q && page.items.length === 0 && html`<p class="quiet" role="status">${t("members.none")}</p>`}
      ${page.items.length > 0 && html`<table class="rows" aria-label="${t("staff.members")}"><thead><tr><th scope="col">${t("members.name")}</th><th scope="col">${t("members.email")}</th><th scope="col">${t("members.category")}</th><th scope="col">${t("members.expires")}</th></tr></thead><tbody>${page.items.map(row)}</tbody></table>`}
      ${page.next_cursor && html`<p class="more"><a class="button" href="${address("/members", { q, cursor: page.next_cursor })}">${t("staff.more")}</a></p>`}`,
    ownFocus: true,
    ready(main) {
      const box = /** @type {HTMLInputElement} */ (find(main, "#who"));
      find(main, "form.find").addEventListener("submit", (event) => {
        event.preventDefault();
        void go(address("/members", { q: clean(box.value) }));
      });
      box.focus();
      box.select();
      const [only] = page.items;
      if (page.items.length === 1 && only.card === q) void go(`/members/${encodeURIComponent(only.card)}`, { replace: true }); // a scanned card
    },
  };
}
