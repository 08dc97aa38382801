// audit.js: who did what, for a librarian: at the desk by its ledger, and which accounts were read or changed.

import { address, get } from "../lib/api.js";
import { choice, field } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { maybe, moment, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {{position: number, stream: string, version: number, type: string, at: string, by: string, reason?: string, data: unknown}} Happened */
/** @typedef {{id: number, at: string, action: string, actor_id?: number, actor_role: string, member_id?: number, via: string, detail?: string}} Touched */

const SOURCES = /** @type {const} */ ({ desk: "/api/borrowing/v1/ledger", accounts: "/api/members/v1/audit" });
const TYPES = ["LoanOpened", "LoanRenewed", "LoanClosed", "LoanReversed", "DueDateChanged", "ItemDeclaredLost", "ItemClaimedReturned", "HoldPlaced", "ChargeWaived"];
const FILTERS = /** @type {const} */ ({ desk: ["stream", "type", "actor", "since", "until"], accounts: ["member_id", "actor_id"] });

/** Somebody, as the ledger names them. @param {string} by */
const person = (by) => (by.startsWith("staff/") ? t("audit.staff", { id: by.slice(6) }) : (maybe(`audit.by.${by}`) ?? by));

/** @param {Happened[]} items */
function deskRows(items) {
  return html`<thead><tr><th scope="col">${t("audit.when")}</th><th scope="col">${t("audit.what")}</th><th scope="col">${t("audit.to")}</th><th scope="col">${t("audit.who")}</th><th scope="col">${t("staff.reason")}</th></tr></thead>
    <tbody>${items.map((one) => html`<tr><td data-label="${t("audit.when")}" class="numbers">${moment(one.at)}</td>
      <td data-label="${t("audit.what")}">${maybe(`event.${one.type}`) ?? one.type}<details class="fold small"><summary>${t("audit.data")}<span class="hidden-text"> ${one.position}</span></summary><pre class="letter">${JSON.stringify(one.data, null, 1)}</pre></details></td>
      <td data-label="${t("audit.to")}"><a href="${address("/audit", { stream: one.stream })}">${one.stream}</a></td><td data-label="${t("audit.who")}">${person(one.by)}</td><td dir="auto" data-label="${t("staff.reason")}">${one.reason}</td></tr>`)}</tbody>`;
}

/** @param {Touched[]} items */
function accountRows(items) {
  return html`<thead><tr><th scope="col">${t("audit.when")}</th><th scope="col">${t("audit.what")}</th><th scope="col">${t("audit.whose")}</th><th scope="col">${t("audit.who")}</th><th scope="col">${t("audit.detail")}</th></tr></thead>
    <tbody>${items.map((one) => html`<tr><td data-label="${t("audit.when")}" class="numbers">${moment(one.at)}</td><td data-label="${t("audit.what")}">${maybe(`touched.${one.action}`) ?? one.action.replaceAll("_", " ")}</td>
      <td data-label="${t("audit.whose")}">${one.member_id && html`<a href="${address("/audit", { of: "accounts", member_id: one.member_id })}">${t("audit.number", { id: String(one.member_id) })}</a>`}</td>
      <td data-label="${t("audit.who")}">${maybe(`role.${one.actor_role}`) ?? one.actor_role}${one.actor_id && ` ${t("audit.number", { id: String(one.actor_id) })}`}</td><td dir="auto" data-label="${t("audit.detail")}">${maybe(`role.${one.detail}`) ?? one.detail}</td></tr>`)}</tbody>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff("librarian");
  const of = url.searchParams.get("of") === "accounts" ? "accounts" : "desk";
  const query = Object.fromEntries(FILTERS[of].map((name) => [name, url.searchParams.get(name) ?? ""]));
  const instants = { since: query.since && new Date(`${query.since}T00:00`).toISOString(), until: query.until && new Date(`${query.until}T23:59:59.999`).toISOString() };
  const page = await get(SOURCES[of], { ...query, ...(of === "desk" && instants), cursor: url.searchParams.get("cursor"), limit: 50 }, signal);
  const tab = (/** @type {"desk" | "accounts"} */ one) => html`<a href="${address("/audit", { of: one === "accounts" && one })}"${one === of && html` aria-current="page"`}>${t(`audit.${one}`)}</a> `;
  return {
    title: t("staff.audit"),
    body: html`${rooms(who, "/audit")}
      <div class="page-head"><div><h1>${t("staff.audit")}</h1><p class="quiet">${t("audit.words")}</p></div><p class="tabs">${tab("desk")}${tab("accounts")}</p></div>
      <form class="form narrow level" id="filters">${
        of === "desk"
          ? html`${field("stream", t("audit.stream"), { value: query.stream, max: 60, hint: t("audit.streamHint") })}${choice("type", t("audit.type"), [{ code: "", name: t("audit.everything") }, ...TYPES.map((code) => ({ code, name: maybe(`event.${code}`) ?? code }))], query.type)}${field("since", t("audit.since"), { type: "date", value: query.since })}${field("until", t("audit.until"), { type: "date", value: query.until })}`
          : html`${field("member_id", t("audit.memberId"), { value: query.member_id, inputmode: "numeric", max: 20 })}${field("actor_id", t("audit.actorId"), { value: query.actor_id, inputmode: "numeric", max: 20 })}`
      }<div class="beside"><button class="button" type="submit">${t("audit.look")}</button></div></form>
      ${page.items.length === 0 ? html`<p class="quiet" role="status">${t("audit.none")}</p>` : html`<table class="rows" aria-label="${t("staff.audit")}">${of === "desk" ? deskRows(page.items) : accountRows(page.items)}</table>`}
      ${page.next_cursor && html`<p class="more"><a class="button" href="${address("/audit", { of: of === "accounts" && of, ...query, cursor: page.next_cursor })}">${t("staff.more")}</a></p>`}`,
    ready(main) {
      const form = /** @type {HTMLFormElement} */ (find(main, "#filters"));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        void go(address("/audit", { of: of === "accounts" && of, ...Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()])) }));
      });
    },
  };
}
