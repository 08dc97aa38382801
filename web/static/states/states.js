// states.js: what a page shows when it cannot show what was asked for: nothing here, no right, no connection, something failed.

import { Offline, Problem } from "../lib/api.js";
import { find, html, unsafe } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { again, NoSuchPage, NotLoaded } from "../lib/router.js";
import { forget, me } from "../lib/session.js";

/** @typedef {import("../lib/router.js").View} View */

/** @param {string} drawing */
const picture = (drawing) =>
  unsafe(`<svg viewBox="0 0 64 64" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${drawing}</svg>`);

/** A gap on a shelf. */
export const GAP = picture('<path d="M6 52h52M12 52V20h8v32M20 52V16h7v36M46 52V22h8v30M41 52 46 24"/><path d="M29 52v-4M38 52v-4M29 22v-4h3M38 22v-4h-3" stroke-dasharray="1 4"/>');
const LOCK = picture('<path d="M14 56V30a18 18 0 0 1 36 0v26zM8 56h48M32 40v7"/><circle cx="32" cy="38" r="2.5"/>');
const CUT = picture('<path d="M8 32h14l5-8M56 32H42l-5 8M30 38l-3 5M34 26l3-5"/>');
const FALL = picture('<path d="M6 54h52M12 54V22h8v32M20 54V18h8v36M32 54l9-33 8 2-9 31"/>');

/** For whoever may not see a page. */
export class NotAllowed extends Error {}

/**
 * A state as a view.
 * @param {{title: string, picture: import("../lib/html.js").Html, words: string, more?: import("../lib/html.js").Html | false, retry?: () => void}} state
 * @returns {View}
 */
function state({ title, picture: drawing, words, more, retry }) {
  return {
    title,
    body: html`<section class="state">
      ${drawing}
      <h1>${title}</h1>
      <p>${words}</p>
      ${more}
      ${retry && html`<button type="button" class="button" data-retry>${t("state.retry")}</button>`}
    </section>`,
    ready(main, signal) {
      if (!retry) return;
      find(main, "[data-retry]").addEventListener("click", retry);
      addEventListener("online", retry, { signal });
    },
  };
}

/**
 * The page for an error, whatever it is.
 * @param {unknown} error
 * @param {URL} url
 * @returns {Promise<View>}
 */
export async function problemPage(error, url) {
  const home = html`<p><a href="/">${t("state.toSearch")}</a></p>`;
  if (error instanceof NoSuchPage || (error instanceof Problem && error.status === 404)) {
    return state({ title: t("state.missing"), picture: GAP, words: t("state.missingWords"), more: home });
  }
  if (error instanceof Problem && error.status === 401) {
    forget();
    const next = encodeURIComponent(url.pathname + url.search);
    return state({ title: t("state.signIn"), picture: LOCK, words: t("state.signInWords"), more: html`<a class="button first" href="/sign-in?next=${next}">${t("nav.signIn")}</a>` });
  }
  if (error instanceof NotAllowed || (error instanceof Problem && error.status === 403)) {
    const member = await me().catch(() => null);
    return state({ title: t("state.forbidden"), picture: LOCK, words: t("state.forbiddenWords", { name: member?.name ?? "" }), more: home });
  }
  if (error instanceof Offline) {
    return state({ title: t("state.offline"), picture: CUT, words: t("state.offlineWords"), retry: error instanceof NotLoaded ? () => location.reload() : () => void again() });
  }
  if (error instanceof Problem && error.code === "too_slow") {
    return state({ title: t("state.slow"), picture: FALL, words: t("state.slowWords"), retry: () => void again() });
  }
  if (error instanceof Problem && (error.status === 429 || error.status === 503)) {
    return state({ title: t("state.busy"), picture: FALL, words: t("state.busyWords"), retry: () => void again() });
  }
  if (error instanceof Problem && error.status < 500) {
    return state({ title: t("state.refused"), picture: GAP, words: error.detail, more: home });
  }
  console.error(error);
  return state({ title: t("state.failed"), picture: FALL, words: t("state.failedWords"), retry: () => void again() });
}
