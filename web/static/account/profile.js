// profile.js: a reader's own details, password, signed-in browsers, and keys for programs.

import { get, patch, post, remove } from "../lib/api.js";
import { choice, field, once, press, text, wish } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { date, LANGUAGES, maybe, moment, t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { forget } from "../lib/session.js";
import { toast } from "../parts/toast.js";
import { mine, ways } from "./frame.js";

/** @typedef {import("../lib/types.js").Person} Person */
/** @typedef {{id: number, browser?: string, created_at: string, last_seen_at: string, current: boolean}} Session */
/** @typedef {{id: number, name: string, created_at: string, expires_at: string, role: string}} Token */

/** "Firefox", "Chrome" …, of a browser's long name. @param {string | undefined} agent */
function browserName(agent = "") {
  const found = /(Edg|OPR|Firefox|Chrome|Safari)[a-zA-Z]*\//.exec(agent.replace(/Chrome\/[\d.]+ (?:Mobile )?Safari\/[\d.]+ (?=Edg|OPR)/, ""))?.[1];
  return { Edg: "Edge", OPR: "Opera" }[found ?? ""] ?? found ?? (agent.slice(0, 40) || t("profile.browser"));
}

/** @param {Session[]} sessions */
function sessionList(sessions) {
  return html`<ul class="plain">${sessions.map((one) => html`<li><strong dir="auto">${browserName(one.browser)}</strong> <span class="quiet">${one.current ? t("profile.thisOne") : t("profile.since", { at: moment(one.last_seen_at) })}</span> ${!one.current && html`<button type="button" class="link-button" data-session="${one.id}">${t("profile.end")}<span class="hidden-text"> ${browserName(one.browser)}</span></button>`}</li>`)}</ul>`;
}

/** @param {Token[]} tokens */
function tokenList(tokens) {
  return tokens.length > 0 && html`<ul class="plain">${tokens.map((one) => html`<li><strong dir="auto">${one.name}</strong> <span class="quiet">${t("profile.tokenUntil", { at: moment(one.expires_at) })}</span> <button type="button" class="link-button" data-token="${one.id}">${t("profile.tokenEnd")}<span class="hidden-text"> ${one.name}</span></button></li>`)}</ul>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  await mine();
  const [me, sessions, tokens] = await Promise.all([/** @type {Promise<Person>} */ (get("/api/members/v1/me", {}, signal)), get("/api/members/v1/sessions", {}, signal), get("/api/members/v1/tokens", {}, signal)]);
  const languages = [{ code: "", name: t("letters.ours") }, ...Object.entries(LANGUAGES).map(([code, { name }]) => ({ code, name }))];
  const save = (/** @type {string} */ words) => html`<div class="whole"><button class="button" type="submit">${words}</button></div><div class="answer" aria-live="polite"></div>`;
  return {
    title: t("mine.profile"),
    body: html`${ways("/profile")}<h1 dir="auto">${me.name}</h1>
      <div class="stack">
        <div>${me.blocks.map(({ code }) => html`<p class="note bad">${t("profile.blocked", { why: maybe(`blocked.${code}`) ?? code })}</p>`)}
          <dl class="facts"><div><dt>${t("profile.card")}</dt><dd class="numbers">${me.card}</dd></div><div><dt>${t("profile.category")}</dt><dd>${maybe(`category.${me.category}`) ?? me.category}</dd></div>${me.expires_on && html`<div><dt>${t("profile.until")}</dt><dd>${date(me.expires_on)}</dd></div>`}</dl></div>
        <form class="form" id="details">${field("email", t("profile.email"), { value: me.email, type: "email", hint: t("profile.emailHint"), autocomplete: "email" })}${choice("language", t("profile.language"), languages, me.language ?? "")}${save(t("profile.save"))}</form>
        <details class="sheet"><summary>${t("profile.password")}</summary><form class="form" id="password"><input type="text" name="username" autocomplete="username" value="${me.card}" readonly hidden>${field("old_password", t("profile.old"), { type: "password", autocomplete: "current-password", required: true })}${field("new_password", t("profile.new"), { type: "password", autocomplete: "new-password", required: true })}${save(t("profile.password"))}</form></details>
        <section class="part" id="sessions"><h2 tabindex="-1">${t("profile.sessions")}</h2>${sessionList(sessions.items)}<div class="answer" aria-live="polite"></div></section>
        <section class="part" id="tokens"><h2 tabindex="-1">${t("profile.tokens")}</h2><p class="quiet">${t("profile.tokensWords")}</p>${tokenList(tokens.items)}
          <form class="form">${field("name", t("profile.tokenName"), { required: true, max: 100 })}${save(t("profile.tokenMake"))}</form><div id="made" aria-live="polite"></div></section>
      </div>`,
    ready: (main) => run(main, me),
  };
}

/** @param {HTMLElement} main @param {Person} me */
function run(main, me) {
  const form = (/** @type {string} */ at) => /** @type {HTMLFormElement} */ (find(main, at));
  wish(
    form("#details"),
    (values) => patch("/api/members/v1/me", { email: text(values, "email") || null, language: text(values, "language") || null }, { version: me.version }).finally(forget),
    (changed) => {
      me.version = changed.version;
      toast(t("profile.saved"), "good");
    },
  );
  const password = form("#password");
  wish(
    password,
    (values) => post(`/api/members/v1/members/${encodeURIComponent(me.card)}/password`, { old_password: String(values.get("old_password")), new_password: String(values.get("new_password")) }),
    () => {
      password.reset();
      toast(t("profile.changed"), "good");
    },
  );
  find(main, "#sessions").addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-session]") : null;
    if (button instanceof HTMLElement) void press(button, find(main, "#sessions .answer"), (key) => remove(`/api/members/v1/sessions/${button.dataset.session}`, key), () => {
      button.closest("li")?.remove();
      find(main, "#sessions h2").focus();
      toast(t("profile.ended"), "good");
    });
  });
  find(main, "#tokens").addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-token]") : null;
    if (button instanceof HTMLElement) void press(button, find(main, "#tokens .answer"), (key) => remove(`/api/members/v1/tokens/${button.dataset.token}`, key), () => {
      button.closest("li")?.remove();
      find(main, "#tokens h2").focus();
    });
  });
  wish(
    form("#tokens form"),
    (values) => once(post("/api/members/v1/tokens", { name: text(values, "name") })),
    async ({ token }) => {
      await again();
      const place = find(document, "#made");
      render(place, html`<p class="note good" tabindex="-1">${t("profile.tokenMade")}<br><code>${token}</code></p>`);
      find(place, ".note").focus();
    },
  );
}
