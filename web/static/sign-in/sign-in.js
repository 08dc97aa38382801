// sign-in.js: a card number or an email address and a password; then back to where the reader was going.

import { Offline, Problem } from "../lib/api.js";
import { find, html, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { reasonsOf } from "../lib/refusals.js";
import { go, staying } from "../lib/router.js";
import { me, signIn } from "../lib/session.js";
import { redrawShell } from "../parts/shell.js";
import { toast } from "../parts/toast.js";

/**
 * Where to go afterwards: an address of this site, never another's.
 * @param {URL} url
 */
function nextOf(url) {
  const wish = new URL(url.searchParams.get("next") ?? "/", location.origin);
  return wish.origin === location.origin && wish.pathname !== "/sign-in" ? wish.pathname + wish.search : "/";
}

/**
 * What went wrong, in words.
 * @param {unknown} error
 */
function wordsOf(error) {
  if (error instanceof Offline) return t("offline.look");
  if (!(error instanceof Problem)) return t("state.failedWords");
  if (error.status === 401) return t("signIn.wrong");
  if (error.status === 429) return t("signIn.throttled");
  return reasonsOf(error).join(" ");
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url }) {
  const next = nextOf(url);
  const member = await me().catch(() => null);
  if (member) {
    return {
      title: t("nav.signIn"),
      body: html`<div class="sign-in"><h1>${t("signIn.already", { name: member.name })}</h1><p><a class="button first" href="${next}">${t("signIn.goOn")}</a></p></div>`,
    };
  }
  return {
    title: t("nav.signIn"),
    body: html`<div class="sign-in">
      <h1>${t("nav.signIn")}</h1>
      <form novalidate>
        <div id="wrong" role="alert"></div>
        <div class="field"><label for="login">${t("signIn.login")}</label><input class="input" id="login" name="login" autocomplete="username" autocapitalize="off" spellcheck="false" required></div>
        <div class="field"><label for="password">${t("signIn.password")}</label><input class="input" id="password" name="password" type="password" autocomplete="current-password" required></div>
        <button class="button first" type="submit">${t("nav.signIn")}</button>
      </form>
      <p class="quiet small">${t("signIn.help")}</p>
    </div>`,
    ownFocus: true,
    ready(main) {
      const form = /** @type {HTMLFormElement} */ (find(main, "form"));
      const login = /** @type {HTMLInputElement} */ (find(main, "#login"));
      const password = /** @type {HTMLInputElement} */ (find(main, "#password"));
      login.focus();
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        void submit(form, login, password, next);
      });
    },
  };
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} login
 * @param {HTMLInputElement} password
 * @param {string} next
 */
async function submit(form, login, password, next) {
  const button = /** @type {HTMLButtonElement} */ (find(form, "button"));
  const wrong = find(form, "#wrong");
  if (button.disabled) return;
  const empty = [login, password].find((box) => box.value.trim() === "");
  for (const box of [login, password]) box.removeAttribute("aria-invalid");
  if (empty) {
    empty.setAttribute("aria-invalid", "true");
    render(wrong, html`<p class="note bad">${t(empty === login ? "signIn.noLogin" : "signIn.noPassword")}</p>`);
    empty.focus();
    return;
  }
  button.disabled = true;
  const here = staying();
  try {
    const member = await signIn(login.value.trim(), password.value);
    await redrawShell();
    toast(t("signIn.welcome", { name: member?.name ?? "" }), "good");
    if (here()) await go(next, { replace: true });
  } catch (error) {
    render(wrong, html`<p class="note bad">${wordsOf(error)}</p>`);
    password.select();
    password.focus();
  } finally {
    button.disabled = false;
  }
}
