// new.js: a new member, with the card that was just scanned or a number of the library's.

import { post } from "../lib/api.js";
import { field, text, wish } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { clean } from "../desk/scans.js";
import { toast } from "../parts/toast.js";
import { rooms, staff } from "../staff/frame.js";
import { categories, details, detailsOf } from "./form.js";

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const [who, kinds] = await Promise.all([staff(), staff().then(() => categories(signal))]);
  return {
    title: t("members.new"),
    body: html`${rooms(who, "/members")}
      <h1>${t("members.new")}</h1>
      <form class="form" novalidate>
        ${details(kinds, {})}
        ${field("card", t("members.card"), { value: url.searchParams.get("card"), max: 64, hint: t("members.cardHint") })}
        ${field("password", t("members.password"), { type: "password", autocomplete: "new-password", hint: t("members.passwordHint") })}
        <div class="whole"><button class="button first" type="submit">${t("members.create")}</button></div>
        <div class="answer" aria-live="polite"></div>
      </form>`,
    ownFocus: true,
    ready(main) {
      const form = /** @type {HTMLFormElement} */ (find(main, "form"));
      find(form, "[name=name]").focus();
      wish(
        form,
        (values, key) => {
          const [card, password] = [clean(text(values, "card")), text(values, "password")];
          return post("/api/members/v1/members", { ...detailsOf(values), ...(card && { card }), ...(password && { password }) }, key);
        },
        (person) => {
          toast(t("members.created"), "good");
          return go(`/members/${encodeURIComponent(person.card)}`, { replace: true });
        },
      );
    },
  };
}
