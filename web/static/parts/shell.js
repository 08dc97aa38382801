// shell.js: <bv-shell>, the head of every page: the name, the search box, the ways, who is signed in, the language; and the foot.

import { find, html, render, unsafe } from "../lib/html.js";
import { language, LANGUAGES, speak, t } from "../lib/i18n.js";
import { again, go } from "../lib/router.js";
import { elsewhere, forget, may, me, signOut } from "../lib/session.js";
import { toast } from "./toast.js";
import "./search.js";

/** @typedef {import("../lib/i18n.js").Language} Language */

const MARK = unsafe(`<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path d="M5 28V14.5a11 11 0 0 1 22 0V28h-5V15a6 6 0 0 0-12 0v13z" fill="currentColor"/><path class="spark" d="M14.3 28V17h3.4v11z"/></svg>`);

/** The pages behind a way that leads to more than one. @type {Record<string, RegExp>} */
const ROOMS = {
  "/desk": /^\/(desk|members|catalogue|rules|calendar|house|audit|ops|books\/\d+\/edit)(\/|$)/,
  "/loans": /^\/(loans|charges|reading-lists|ratings|history|profile)$/,
};

/** Whether idle.js signed this tab out, and still has to say so. */
function leftAlone() {
  try {
    return sessionStorage.getItem("bookvault.left") !== null;
  } catch {
    return false;
  }
}

class Shell extends HTMLElement {
  connectedCallback() {
    addEventListener("page", this.#arrived);
    addEventListener("online", this.#line);
    addEventListener("offline", this.#line);
    addEventListener("pageshow", (event) => void (event.persisted && this.#anew())); // the browser kept the page as it was
    elsewhere(() => void this.#anew());
    document.addEventListener("keydown", this.#key);
    this.addEventListener("language", () => void this.draw());
    this.addEventListener("click", this.#click);
  }

  async draw() {
    const member = await me().catch(() => null);
    const other = /** @type {Language[]} */ (Object.keys(LANGUAGES)).find((name) => name !== language()) ?? "en";
    const here = encodeURIComponent(location.pathname === "/sign-in" ? "/" : location.pathname + location.search);
    render(
      this,
      html`<p class="offline" role="alert" hidden>${t("offline.banner")}</p>
        <p class="offline idle" role="alert" hidden>${t("idle.soon")}</p>
        <header class="frame">
          <a class="brand" href="/">${MARK}<span>BookVault</span></a>
          <bv-search class="in-header"></bv-search>
          <nav aria-label="${t("nav.label")}">
            ${may(member, "desk") && html`<a href="/desk">${t("nav.desk")}</a>`}
            ${member && html`<a href="/loans">${t("nav.loans")}</a>`}
          </nav>
          <div class="who">
            ${member
              ? html`<button type="button" class="link-button" data-act="sign-out" title="${member.name}">${t("nav.signOut")}</button>`
              : html`<a href="/sign-in?next=${here}" data-sign-in>${t("nav.signIn")}</a>`}
            <button type="button" class="link-button" data-act="language" data-language="${other}" lang="${other}"><span class="wide">${LANGUAGES[other].name}</span><span class="narrow" aria-hidden="true">${other.toUpperCase()}</span></button>
          </div>
        </header>`,
    );
    render(
      find(document, "#footer"),
      html`<div class="frame"><p>${t("footer.line")}</p><p><span class="keys">${t("footer.keys", { key: "/" })} · </span><a href="/docs">${t("footer.api")}</a></p></div>`,
    );
    find(document, "#skip").textContent = t("skip");
    this.#arrived();
    this.#line();
    await this.#watch(member?.idle_seconds ?? 0).catch(() => {}); // its file did not come: the library still ends the session
  }

  /** A computer that is left alone signs out. Nobody who is not signed in loads what that needs. @param {number} seconds */
  async #watch(seconds) {
    if (seconds === 0 && !this.#watched && !leftAlone()) return;
    this.#watched = true;
    const { sayWhy, watch } = await import("./idle.js");
    watch(seconds);
    sayWhy();
  }

  #watched = false;

  /** Somebody may have signed out behind this page: it asks again who reads it, and shows what they may see. What waits to be sent once they have signed in stays. */
  async #anew() {
    forget();
    await this.draw();
    if (!document.querySelector("main [data-ended]")) await again();
  }

  #arrived = () => {
    const { pathname, search, searchParams } = new URL(location.href);
    for (const link of this.querySelectorAll("nav a, .who a")) {
      if (ROOMS[link.getAttribute("href") ?? ""]?.test(pathname) ?? link.getAttribute("href") === pathname) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.querySelector(".rooms [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });
    const signIn = this.querySelector("[data-sign-in]");
    if (signIn && pathname !== "/sign-in") signIn.setAttribute("href", `/sign-in?next=${encodeURIComponent(pathname + search)}`);
    const box = this.querySelector("bv-search input");
    if (box instanceof HTMLInputElement && pathname === "/search") box.value = searchParams.get("q") ?? "";
  };

  #line = () => {
    const banner = this.querySelector(".offline");
    if (banner instanceof HTMLElement) banner.hidden = navigator.onLine;
  };

  /** "/" reaches the search box from anywhere that is not a text. @param {KeyboardEvent} event */
  #key = (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
    const boxes = [...document.querySelectorAll("bv-search input")];
    const box = boxes.find((input) => input.checkVisibility());
    if (!(box instanceof HTMLInputElement)) return;
    event.preventDefault();
    box.focus();
    box.select();
  };

  /** @param {MouseEvent} event */
  #click = async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-act]") : null;
    if (!(button instanceof HTMLElement)) return;
    if (button.dataset.act === "language") {
      await speak(/** @type {Language} */ (button.dataset.language), true);
      await this.draw();
      await again();
      find(this, "[data-act=language]").focus();
      return;
    }
    try {
      await signOut();
    } catch {
      toast(t("offline.look"), "bad");
      return;
    }
    await this.draw();
    toast(t("signIn.bye"));
    await go("/");
  };
}

customElements.define("bv-shell", Shell);

/** Draws the head of the page again: somebody signed in or out. */
export async function redrawShell() {
  const shell = document.querySelector("bv-shell");
  if (shell instanceof Shell) await shell.draw();
}
