// frame.js: what all pages of the staff share: who may see them, the row of ways between them, the branch where one works.

import { Problem } from "../lib/api.js";
import { html } from "../lib/html.js";
import { speakMore, t } from "../lib/i18n.js";
import { may, me } from "../lib/session.js";
import { NotAllowed } from "../states/states.js";

/** @typedef {import("../lib/session.js").Me} Me */
/** @typedef {import("../lib/session.js").Role} Role */
/** @typedef {import("../lib/i18n.js").Key} Key */

const BRANCH = "bookvault.desk.branch";

/** @type {[string, Key, Role][]} */
const ROOMS = [
  ["/desk", "staff.counter", "desk"],
  ["/desk/pull-list", "staff.pull", "desk"],
  ["/desk/hold-shelf", "staff.shelf", "desk"],
  ["/desk/transit", "staff.transit", "desk"],
  ["/desk/claims", "staff.claims", "desk"],
  ["/members", "staff.members", "desk"],
  ["/desk/notices", "staff.notices", "desk"],
  ["/desk/exceptions", "staff.exceptions", "desk"],
  ["/desk/reports", "staff.reports", "desk"],
  ["/catalogue/new", "staff.newTitle", "librarian"],
  ["/catalogue/import", "staff.import", "librarian"],
  ["/rules", "staff.rules", "desk"],
  ["/calendar", "staff.calendar", "desk"],
  ["/house", "staff.house", "librarian"],
  ["/audit", "staff.audit", "librarian"],
  ["/ops", "staff.ops", "administrator"],
];

/**
 * Whoever reads the page, when they have the role; with them come the staff's words.
 * @param {Role} [role]
 * @returns {Promise<Me>}
 */
export async function staff(role = "desk") {
  const [who] = await Promise.all([me(), speakMore("account", "staff", "office")]);
  if (!who) throw new Problem(401, { code: "unauthenticated" });
  if (!may(who, role)) throw new NotAllowed();
  return who;
}

/**
 * The ways between the staff's pages.
 * @param {Me} who
 * @param {string} here the path of the page
 */
export function rooms(who, here) {
  return html`<nav class="rooms" aria-label="${t("staff.rooms")}">${ROOMS.filter(([, , role]) => may(who, role)).map(([path, words]) => html`<a href="${path}"${path === here && html` aria-current="page"`}>${t(words)}</a>`)}</nav>`;
}

/** A part of a page that is filled before the page is drawn, and then put in its place: nothing below it jumps. @param {string} id */
export function ahead(id) {
  return Object.assign(document.createElement("section"), { id, className: "part" });
}

/** @param {HTMLElement} main @param {HTMLElement[]} parts */
export function putIn(main, ...parts) {
  for (const part of parts) main.querySelector(`#${part.id}`)?.replaceWith(part);
}

/**
 * The branch where this desk works: what was chosen on this machine, else the first.
 * @param {{code: string}[]} places
 */
export function deskBranch(places) {
  try {
    const kept = localStorage.getItem(BRANCH);
    if (kept && places.some(({ code }) => code === kept)) return kept;
  } catch {
    // storage is closed to us
  }
  return places[0]?.code ?? "";
}

/** @param {string} code */
export function keepBranch(code) {
  try {
    localStorage.setItem(BRANCH, code);
  } catch {
    // chosen for this visit only
  }
}

/**
 * The list of branches to choose from; nothing where there is one.
 * @param {{code: string, name: string}[]} places
 * @param {string} branch
 */
export function branchChoice(places, branch) {
  return places.length > 1 && html`<label class="branch"><span class="hidden-text">${t("staff.branch")}</span><select class="input" name="branch">${places.map(({ code, name }) => html`<option value="${code}"${code === branch && html` selected`}>${name}</option>`)}</select></label>`;
}

/**
 * Whether somebody may act against every reason of a refusal.
 * @param {Problem} problem
 * @param {Me} who
 */
export function overridable(problem, who) {
  return problem.status === 409 && problem.reasons.length > 0 && problem.reasons.every(({ overridable: can, by }) => can && may(who, /** @type {Role} */ (by ?? "desk")));
}
