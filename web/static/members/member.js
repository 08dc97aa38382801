// member.js: one member as the desk sees them: loans, holds, account, details, card, blocks.

import { address, get, patch, post, Problem, remove } from "../lib/api.js";
import { choice, field, press, text, wish } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { date, maybe, moment, t, today } from "../lib/i18n.js";
import { again, go } from "../lib/router.js";
import { may } from "../lib/session.js";
import { clean } from "../desk/scans.js";
import { toast } from "../parts/toast.js";
import { ahead, putIn, rooms, staff } from "../staff/frame.js";
import { theirAccount } from "./account.js";
import { categories, details, detailsOf } from "./form.js";
import { theirHolds, theirLoans } from "./loans.js";

/** @typedef {import("../lib/types.js").Person} Person */

const WHYS = /** @type {const} */ (["lost", "stolen", "damaged", "other"]);
const BLOCKS = /** @type {const} */ (["lost_card", "conduct", "unpaid"]);

/** @param {Person} person */
function head(person) {
  const expired = person.expires_on !== undefined && person.expires_on < today();
  return html`<div class="page-head"><div>
      <h1 dir="auto">${person.name}</h1>
      <p><span class="numbers">${person.card}</span> · ${maybe(`category.${person.category}`) ?? person.category}${person.expires_on && !expired && html` · ${t("desk.expires", { date: date(person.expires_on) })}`}${person.email && html` · ${person.email}`}</p>
      ${expired && html`<p class="note bad">${t("desk.expired", { date: date(person.expires_on ?? "") })}</p>`}
      ${person.blocks.map(({ code, note, since }) => html`<p class="note bad">${t("desk.blocked", { why: maybe(`block.${code}`) ?? code })}${note && html` <span dir="auto">${note}</span>`} <span class="small">${t("members.since", { at: moment(since) })}</span> <button type="button" class="link-button" data-unblock="${code}">${t("members.unblock")}</button></p>`)}
      <div class="answer" id="head-answer" aria-live="polite"></div>
    </div><div class="acts">${person.expires_on && html`<button type="button" class="button" id="renew-card">${t("members.renewCard")}</button>`}</div></div>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ params: [card], signal }) {
  const who = await staff();
  const [person, kinds] = /** @type {[Person, Awaited<ReturnType<typeof categories>>]} */ (await Promise.all([get(`/api/members/v1/members/${encodeURIComponent(card)}`, {}, signal), categories(signal)]));
  const parts = ["loans", "holds", "account"].map(ahead);
  await fill(parts, person, who, signal);
  return {
    title: person.name,
    body: html`${rooms(who, "/members")}${head(person)}
      <div class="stack">
        <section class="part" id="loans"></section>
        <section class="part" id="holds"></section>
        <section class="part" id="account"></section>
        <details class="sheet" id="edit"><summary>${t("members.edit")}</summary><form class="form">${details(kinds, person)}<div class="whole"><button class="button first" type="submit">${t("staff.save")}</button></div><div class="answer" aria-live="polite"></div></form></details>
        <details class="sheet" id="replace"><summary>${t("members.replace")}</summary><form class="form">${choice("reason", t("members.replaceWhy"), WHYS.map((code) => ({ code, name: t(`replaceWhy.${code}`) })))}${field("new_card", t("members.newCard"), { max: 64, hint: t("members.cardHint") })}<div class="whole"><button class="button first" type="submit">${t("members.replaceGo")}</button></div><div class="answer" aria-live="polite"></div></form></details>
        <details class="sheet" id="block"><summary>${t("members.block")}</summary><form class="form">${choice("code", t("members.blockCode"), BLOCKS.map((code) => ({ code, name: t(`blockKind.${code}`) })))}${field("note", t("members.blockNote"), { max: 500 })}<div class="whole"><button class="button first" type="submit">${t("members.blockGo")}</button></div><div class="answer" aria-live="polite"></div></form></details>
        <details class="sheet" id="password"><summary>${t("members.setPassword")}</summary><form class="form"><input type="text" name="username" autocomplete="username" value="${person.card}" readonly hidden>${field("new_password", t("members.password"), { type: "password", autocomplete: "new-password", required: true })}<div class="whole"><button class="button first" type="submit">${t("members.setPassword")}</button></div><div class="answer" aria-live="polite"></div></form></details>
        ${may(who, "librarian") && html`<details class="sheet" id="merge"><summary>${t("members.merge")}</summary><form class="form"><p class="whole">${t("members.mergeWords", { name: person.name })}</p>${field("into", t("members.mergeInto"), { required: true, max: 64 })}${field("reason", t("staff.reason"), { required: true, max: 500 })}<div class="whole"><button class="button" type="submit">${t("members.mergeGo")}</button></div><div class="answer" aria-live="polite"></div></form></details>
        <p><a href="${address("/audit", { of: "accounts", member_id: person.id })}">${t("members.audit")}</a></p>`}
      </div>`,
    ready(main) {
      putIn(main, ...parts);
      forms(main, person);
    },
  };
}

/** @param {HTMLElement[]} parts @param {Person} person @param {import("../lib/session.js").Me} who @param {AbortSignal} signal */
async function fill([loans, holds, account], person, who, signal) {
  const owed = () => theirAccount(account, person.card, who, signal);
  const attempt = async (/** @type {HTMLElement} */ place, /** @type {Promise<void>} */ drawn) => {
    try {
      await drawn;
    } catch (error) {
      if (!signal.aborted) render(place, html`<p class="note warn">${t(error instanceof Problem ? "state.failedWords" : "offline.look")}</p>`);
    }
  };
  await Promise.all([attempt(loans, theirLoans(loans, person.card, who, owed, signal)), attempt(holds, theirHolds(holds, person.card, signal)), attempt(account, owed())]);
}

/** @param {HTMLElement} main @param {Person} person */
function forms(main, person) {
  const at = `/api/members/v1/members/${encodeURIComponent(person.card)}`;
  const form = (/** @type {string} */ id) => /** @type {HTMLFormElement} */ (find(main, `#${id} form`));
  const said = async (/** @type {string} */ words, /** @type {string} */ card) => {
    await (card === person.card ? again() : go(`/members/${encodeURIComponent(card)}`, { replace: true }));
    find(document, "main h1").tabIndex = -1;
    find(document, "main h1").focus();
    toast(words, "good");
  };
  let { version } = person;
  const editing = form("edit");
  wish(
    editing,
    async (values) => {
      try {
        return await patch(at, detailsOf(values, person), { version });
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        const theirs = /** @type {Person} */ (await get(at));
        version = theirs.version;
        for (const name of /** @type {const} */ (["name", "email", "category", "expires_on", "language"])) beside(editing, name, theirs[name] ?? "");
        throw new Problem(412, { code: "member_changed", detail: t("members.conflict") });
      }
    },
    (/** @type {Person} */ { card }) => said(t("staff.saved"), card),
  );
  wish(
    form("replace"),
    (values, key) => post(`${at}/card-replacement`, { reason: text(values, "reason"), ...(text(values, "new_card") && { new_card: clean(text(values, "new_card")) }) }, key),
    ({ card }) => said(t("members.replaced"), card),
  );
  wish(form("block"), (values, key) => post(`${at}/blocks`, { code: text(values, "code"), ...(text(values, "note") && { note: text(values, "note") }) }, key), ({ card }) => said(t("staff.saved"), card));
  wish(form("password"), (values) => post(`${at}/password`, { new_password: String(values.get("new_password")) }), () => said(t("members.passwordSet"), person.card));
  if (main.querySelector("#merge")) {
    wish(form("merge"), (values, key) => post(`${at}/merge`, { into: clean(text(values, "into")), reason: text(values, "reason") }, key), (/** @type {Person} */ { card }) => said(t("members.merged"), card));
  }
  const answer = find(main, "#head-answer");
  const renew = main.querySelector("#renew-card");
  if (renew instanceof HTMLElement) {
    renew.addEventListener("click", () => press(renew, answer, (key) => post(`${at}/renewal`, {}, key), (/** @type {Person} */ { card, expires_on }) => said(t("members.renewed", { date: date(expires_on ?? "") }), card)));
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll("[data-unblock]"))) {
    button.addEventListener("click", () => press(button, answer, (key) => remove(`${at}/blocks/${encodeURIComponent(button.dataset.unblock ?? "")}`, key), () => said(t("staff.saved"), person.card)));
  }
}

/** Shows what somebody else wrote beside a box, where it differs. @param {HTMLFormElement} form @param {string} name @param {string} theirs */
function beside(form, name, theirs) {
  const box = /** @type {HTMLInputElement | HTMLSelectElement} */ (form.elements.namedItem(name));
  const place = /** @type {HTMLElement} */ (box.closest(".field"));
  place.querySelector(".theirs")?.remove();
  if (box.value === theirs) return;
  const words = document.createElement("p");
  words.className = "theirs small";
  const chosen = box instanceof HTMLSelectElement ? [...box.options].find(({ value }) => value === theirs)?.text : box.type === "date" && theirs && date(theirs);
  render(words, html`${t("members.theirs")} <span dir="auto">${chosen || theirs || "—"}</span>`);
  place.append(words);
}
