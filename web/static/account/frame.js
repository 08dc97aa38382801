// frame.js: what the pages of a reader's own account share: who may see them, and the row of ways between them.

import { Problem } from "../lib/api.js";
import { html } from "../lib/html.js";
import { speakMore, t } from "../lib/i18n.js";
import { may, me } from "../lib/session.js";

/** @type {[string, import("../lib/i18n.js").Key][]} */
const WAYS = [
  ["/loans", "mine.loans"],
  ["/charges", "mine.charges"],
  ["/reading-lists", "mine.lists"],
  ["/ratings", "mine.ratings"],
  ["/history", "mine.history"],
  ["/profile", "mine.profile"],
];

/** Whoever reads their own pages; with them come the words. */
export async function mine() {
  const [member] = await Promise.all([me(), speakMore("account")]);
  if (!may(member, "patron") || !member) throw new Problem(401, { code: "unauthenticated" });
  return member;
}

/** @param {string} here the path of the page */
export function ways(here) {
  return html`<nav class="rooms" aria-label="${t("mine.label")}">${WAYS.map(([path, words]) => html`<a href="${path}"${path === here && html` aria-current="page"`}>${t(words)}</a>`)}</nav>`;
}
