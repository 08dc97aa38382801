// charge-table.js: the charges of an account as a table, for the desk and for the member.

import { html } from "../lib/html.js";
import { date, maybe, t } from "../lib/i18n.js";
import { money } from "../lib/money.js";

/** @param {import("../lib/types.js").Account} account */
export function chargeTable({ items, currency, exponent }) {
  return html`<table class="rows" aria-label="${t("charges.what")}"><thead><tr><th scope="col">${t("charges.what")}</th><th scope="col">${t("charges.on")}</th><th scope="col" class="number">${t("charges.amount")}</th><th scope="col" class="number">${t("charges.left")}</th></tr></thead>
    <tbody>${items.map((charge) => html`<tr>
      <td>${maybe(`charge.${charge.kind}`) ?? charge.kind}${(charge.title || charge.note) && html`: <span dir="auto">${charge.title ?? charge.note}</span>`}</td>
      <td data-label="${t("charges.on")}">${date(charge.on)}</td>
      <td class="number" data-label="${t("charges.amount")}">${money(charge.amount, currency, exponent)}</td>
      <td class="number" data-label="${t("charges.left")}">${money(charge.outstanding, currency, exponent)}</td>
    </tr>`)}</tbody></table>`;
}
