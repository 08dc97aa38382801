// notices.js: letters to members: which could not be sent, and whom the desk tells itself.

import { address, get, post } from "../lib/api.js";
import { press } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { maybe, moment, t } from "../lib/i18n.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {{id: number, kind: string, status: string, member_card: string, created_at: string, about: {book_id: number, title?: string, on: string}, subject: string, body: string, failure?: string}} Notice */

/** @param {Notice} notice */
function row(notice) {
  const tellable = notice.status === "waiting" || notice.status === "failed";
  return html`<tr>
    <td data-label="${t("notices.member")}"><a class="numbers" href="/members/${encodeURIComponent(notice.member_card)}">${notice.member_card}</a></td>
    <td data-label="${t("notices.about")}">${maybe(`notice.${notice.kind}`) ?? notice.kind}: <span dir="auto">${notice.about.title ?? `№ ${notice.about.book_id}`}</span>
      <details class="fold"><summary class="small">${t("notices.read")}</summary><p class="letter" dir="auto">${notice.body}</p></details></td>
    <td data-label="${t("notices.written")}" class="small">${moment(notice.created_at)}</td>
    <td data-label="${t("notices.status")}" class="status-cell">${maybe(`noticeStatus.${notice.status}`) ?? notice.status}${notice.failure && html`<span class="code">${notice.failure}</span>`}</td>
    <td><div class="acts">${tellable && html`<button type="button" class="button slim" data-told="${notice.id}">${t("notices.told")}<span class="hidden-text"> ${notice.member_card}</span></button>`}<div class="answer" aria-live="polite"></div></div></td>
  </tr>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff();
  const status = url.searchParams.get("status") === "all" ? "all" : "open";
  const cursor = url.searchParams.get("cursor") ?? "";
  const page = /** @type {{items: Notice[], next_cursor: string | null}} */ (await get("/api/borrowing/v1/notices", { status, cursor, limit: 50 }, signal));
  const tab = (/** @type {"open" | "all"} */ one) => html`<a href="${address("/desk/notices", { status: one === "all" && "all" })}"${status === one && html` aria-current="page"`}>${t(`notices.${one}`)}</a>`;
  return {
    title: t("staff.notices"),
    body: html`${rooms(who, "/desk/notices")}
      <div class="page-head"><div><h1>${t("staff.notices")}</h1><p class="quiet">${t("notices.words")}</p></div><p class="tabs">${tab("open")} ${tab("all")}</p></div>
      ${page.items.length === 0 ? html`<p class="quiet">${t("notices.none")}</p>` : html`<table class="rows" aria-label="${t("staff.notices")}"><thead><tr><th scope="col">${t("notices.member")}</th><th scope="col">${t("notices.about")}</th><th scope="col">${t("notices.written")}</th><th scope="col">${t("notices.status")}</th><th scope="col"><span class="hidden-text">${t("staff.actions")}</span></th></tr></thead><tbody>${page.items.map(row)}</tbody></table>`}
      ${page.next_cursor && html`<p class="more"><a class="button" href="${address("/desk/notices", { status: status === "all" && "all", cursor: page.next_cursor })}">${t("staff.more")}</a></p>`}`,
    ready(main) {
      main.querySelector("tbody")?.addEventListener("click", (event) => {
        const button = event.target instanceof Element ? event.target.closest("[data-told]") : null;
        const line = button?.closest("tr");
        if (!(button instanceof HTMLElement) || !line) return;
        const answer = find(line, ".answer");
        void press(button, answer, (key) => post(`/api/borrowing/v1/notices/${button.dataset.told}/told`, {}, key), () => {
          line.classList.add("done");
          const told = find(line, ".status-cell");
          render(told, t("noticeStatus.told"));
          told.tabIndex = -1;
          told.focus(); // the button goes
          button.remove();
        });
      });
    },
  };
}
