// exceptions.js: loans that an offline desk made against the rules, for somebody to look at.

import { address, get } from "../lib/api.js";
import { html } from "../lib/html.js";
import { dateWithDistance, moment, t } from "../lib/i18n.js";
import { reasonWords } from "../lib/refusals.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {import("../lib/types.js").Loan} Loan */

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff();
  const page = /** @type {{items: Loan[], next_cursor: string | null}} */ (await get("/api/borrowing/v1/exceptions", { cursor: url.searchParams.get("cursor"), limit: 50 }, signal));
  return {
    title: t("staff.exceptions"),
    body: html`${rooms(who, "/desk/exceptions")}
      <div class="page-head"><div><h1>${t("staff.exceptions")}</h1><p class="quiet">${t("exceptions.words")}</p></div></div>
      ${
        page.items.length === 0
          ? html`<p class="quiet">${t("exceptions.none")}</p>`
          : html`<table class="rows" aria-label="${t("staff.exceptions")}"><thead><tr><th scope="col">${t("exceptions.loan")}</th><th scope="col">${t("notices.member")}</th><th scope="col">${t("exceptions.against")}</th></tr></thead>
        <tbody>${page.items.map((loan) => html`<tr>
          <td><a class="name" href="/books/${loan.book_id}" dir="auto">${loan.title ?? loan.barcode}</a><span class="code numbers">${loan.barcode} · ${moment(loan.opened_at)} · ${t("desk.due", { due: dateWithDistance(loan.due_on) })}</span></td>
          <td data-label="${t("notices.member")}">${loan.member_card ? html`<a class="numbers" href="/members/${encodeURIComponent(loan.member_card)}">${loan.member_card}</a>` : "—"}</td>
          <td data-label="${t("exceptions.against")}">${(loan.exceptions ?? []).map((code) => reasonWords({ code })).join(" ")}</td></tr>`)}</tbody></table>`
      }
      ${page.next_cursor && html`<p class="more"><a class="button" href="${address("/desk/exceptions", { cursor: page.next_cursor })}">${t("staff.more")}</a></p>`}`,
  };
}
