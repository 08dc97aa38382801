// history.js: what a reader had at home before, where they chose to have it kept.

import { address, get, patch } from "../lib/api.js";
import { press } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { date, t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { forget } from "../lib/session.js";
import { toast } from "../parts/toast.js";
import { mine, ways } from "./frame.js";

/** @typedef {import("../lib/types.js").Loan} Loan */

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const member = await mine();
  const [{ keep_history: keeps }, page] = await Promise.all([
    get("/api/members/v1/me", {}, signal),
    /** @type {Promise<{items: Loan[], next_cursor: string | null}>} */ (get("/api/borrowing/v1/loans", { member_card: member.card, status: "closed", cursor: url.searchParams.get("cursor"), limit: 50 }, signal)),
  ]);
  return {
    title: t("mine.history"),
    body: html`${ways("/history")}<h1>${t("mine.history")}</h1>
      <div class="stack">
        <div><p class="quiet prose">${keeps ? t("history.kept") : t("history.off")}</p>
          <p><button type="button" class="button" id="keep">${t(keeps ? "history.forget" : "history.keep")}</button></p><div class="answer" aria-live="polite"></div></div>
        ${page.items.length === 0 ? html`<p>${t("history.none")}</p>` : html`<ul class="plain">${page.items.map((loan) => html`<li><a class="name" href="/books/${loan.book_id}" dir="auto">${loan.title ?? `№ ${loan.book_id}`}</a> <span class="quiet">${(loan.returned_on || loan.closed_at) && t("history.returned", { date: date(loan.returned_on ?? String(loan.closed_at).slice(0, 10)) })}</span></li>`)}</ul>`}
        ${page.next_cursor && html`<p><a class="button" href="${address("/history", { cursor: page.next_cursor })}">${t("history.more")}</a></p>`}
      </div>`,
    ready(main) {
      const button = find(main, "#keep");
      button.addEventListener("click", () => press(button, find(main, ".answer"), () => patch("/api/members/v1/me", { keep_history: !keeps }).finally(forget), async () => {
        await again();
        find(document, "#keep").focus();
        toast(t(keeps ? "history.forgotten" : "history.kept"), "good");
      }));
    },
  };
}
