// account.js: what a member owes: the charges, taking money for them, letting somebody off, charging by hand.

import { get, post } from "../lib/api.js";
import { choice, field, text, wish, Wrong } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { date, maybe, t } from "../lib/i18n.js";
import { partsInUse, turn } from "../lib/in-use.js";
import { amountText, minorOf, money } from "../lib/money.js";
import { may } from "../lib/session.js";
import { toast } from "../parts/toast.js";
import { chargeTable } from "../account/charge-table.js";
import { partAnew } from "../staff/part.js";

/** @typedef {import("../lib/types.js").Account} Account */
/** @typedef {import("../lib/types.js").Charge} Charge */
/** @typedef {import("../lib/session.js").Me} Me */

/** @param {Charge} charge */
const nameOf = (charge) => [maybe(`charge.${charge.kind}`) ?? charge.kind, charge.title ?? charge.note, date(charge.on)].filter(Boolean).join(" · ");

/** @param {FormData} values @param {number} exponent */
function amountOf(values, exponent) {
  const minor = minorOf(text(values, "amount"), exponent);
  if (!minor) throw new Wrong("amount", t("money.wrong"));
  return minor;
}

/**
 * The account of a member, in its place.
 * @param {HTMLElement} place
 * @param {string} card
 * @param {Me} who
 * @param {AbortSignal} signal
 * @param {"open" | "all"} [status]
 */
export async function theirAccount(place, card, who, signal, status = "open") {
  const latest = turn(place);
  const account = /** @type {Account} */ (await get("/api/borrowing/v1/charges", { member_card: card, status, limit: 200 }, signal));
  if (!latest()) return;
  const putBack = partsInUse(place);
  const { balance, accrued, currency, exponent, items } = account;
  const amount = (/** @type {number} */ minor) => money(minor, currency, exponent);
  const open = items.filter(({ outstanding }) => outstanding > 0);
  const which = () => choice("charge_id", t("account.which"), [{ code: "", name: t("account.allCharges") }, ...open.map((charge) => ({ code: String(charge.id), name: `${nameOf(charge)}: ${amount(charge.outstanding)}` }))]);
  const methods = /** @type {const} */ (["cash", "card", "transfer"]).map((code) => ({ code, name: t(`method.${code}`) }));
  const box = (/** @type {number} */ minor) => field("amount", `${t("account.amount")} (${currency})`, { value: minor ? amountText(minor, exponent) : "", inputmode: "decimal", required: true, max: 20 });
  render(
    place,
    html`<h2 tabindex="-1">${t("account.heading")}</h2>
      <p>${balance > 0 ? html`<strong class="late">${t("account.owed", { amount: amount(balance) })}</strong>` : t("account.even")}${accrued > 0 && html` · ${t("account.accrued", { amount: amount(accrued) })}`}</p>
      ${items.length > 0 && chargeTable(account)}
      <p><button type="button" class="link-button" data-status="${status === "open" ? "all" : "open"}">${t(status === "open" ? "account.all" : "account.open")}</button></p>
      ${balance > 0 && html`<details class="fold" data-part="pay" open><summary>${t("account.pay")}</summary><form class="form" data-form="pay">${box(balance)}${choice("method", t("account.method"), methods)}${which()}<div class="whole"><button class="button first" type="submit">${t("account.pay")}</button></div><div class="answer" aria-live="polite"></div></form></details>`}
      ${balance > 0 && may(who, "librarian") && html`<details class="fold" data-part="waive"><summary>${t("account.waive")}</summary><form class="form" data-form="waive">${box(balance)}${field("reason", t("staff.reason"), { required: true, max: 200 })}${which()}<div class="whole"><button class="button" type="submit">${t("account.waive")}</button></div><div class="answer" aria-live="polite"></div></form></details>`}
      <details class="fold" data-part="charge"><summary>${t("account.charge")}</summary><form class="form" data-form="charge">${box(0)}${field("note", t("account.chargeWhat"), { required: true, max: 200 })}<div class="whole"><button class="button" type="submit">${t("account.charge")}</button></div><div class="answer" aria-live="polite"></div></form></details>`,
  );
  const anew = (/** @type {Element} */ from, /** @type {string} */ words) => partAnew(place, from, words, signal, () => theirAccount(place, card, who, signal, status));
  const form = (/** @type {string} */ name) => /** @type {HTMLFormElement | null} */ (place.querySelector(`[data-form=${name}]`));
  const one = (/** @type {FormData} */ values) => (values.get("charge_id") ? { charge_id: Number(values.get("charge_id")) } : {});
  const settle = (/** @type {string} */ name, /** @type {string} */ path, /** @type {string[]} */ more, /** @type {"account.paid" | "account.waived"} */ words) => {
    const at = form(name);
    if (!at) return;
    wish(
      at,
      (values, key) => post(path, { member_card: card, amount: amountOf(values, exponent), ...one(values), ...Object.fromEntries(more.map((field_) => [field_, text(values, field_)])) }, key),
      (settled) => anew(at, t(words, { amount: amount(settled.amount), left: amount(settled.balance) })),
    );
  };
  settle("pay", "/api/borrowing/v1/payments", ["method"], "account.paid");
  settle("waive", "/api/borrowing/v1/waivers", ["reason"], "account.waived");
  const charging = form("charge");
  if (charging) wish(charging, (values, key) => post("/api/borrowing/v1/charges", { member_card: card, amount: amountOf(values, exponent), note: text(values, "note") }, key), () => anew(charging, t("account.charged")));
  find(place, "[data-status]").addEventListener("click", async (event) => {
    const wanted = /** @type {HTMLElement} */ (event.currentTarget).dataset.status === "all" ? "all" : "open";
    await theirAccount(place, card, who, signal, wanted).catch(() => toast(t("offline.look"), "bad"));
    find(place, "[data-status]").focus();
  });
  putBack(place);
}
