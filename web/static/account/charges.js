// charges.js: what a reader owes, and for what.

import { get } from "../lib/api.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { money } from "../lib/money.js";
import { chargeTable } from "./charge-table.js";
import { mine, ways } from "./frame.js";

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const member = await mine();
  const account = /** @type {import("../lib/types.js").Account} */ (await get("/api/borrowing/v1/charges", { member_card: member.card, status: "all", limit: 200 }, signal));
  const { balance, accrued, currency, exponent, items } = account;
  return {
    title: t("mine.charges"),
    body: html`${ways("/charges")}<h1>${t("mine.charges")}</h1>
      <div class="stack"><div>
        <p>${balance > 0 ? html`<strong class="late">${t("charges.owed", { amount: money(balance, currency, exponent) })}</strong>` : t("charges.none")}</p>
        ${balance > 0 && html`<p>${t("charges.how")}</p>`}
        ${accrued > 0 && html`<p>${t("charges.accrued", { amount: money(accrued, currency, exponent) })}</p>`}
      </div>${items.length > 0 && chargeTable(account)}</div>`,
  };
}
