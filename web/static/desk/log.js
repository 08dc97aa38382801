// log.js: the desk's scans on screen: the time, OK or NO, what and why; undo and override where they can be had.

import { html } from "../lib/html.js";
import { clock, said, t } from "../lib/i18n.js";
import { overridable } from "../staff/frame.js";

/** @typedef {import("./scans.js").Scan} Scan */
/** @typedef {import("../lib/session.js").Me} Me */

/** @type {Record<Scan["state"], import("../lib/i18n.js").Key>} */
const SIGNS = { waiting: "desk.sign.waiting", held: "desk.sign.held", ok: "desk.sign.ok", no: "desk.sign.no", note: "desk.sign.note" };

/**
 * Whether this person may lend against every reason of a refusal.
 * @param {Scan} scan
 * @param {Me} me
 */
function mayOverride({ problem, mode }, me) {
  return problem !== undefined && mode === "lend" && overridable(problem, me);
}

/** A scan that was sent while there was no connection, and was refused when it arrived. @param {Scan} scan */
const cameLate = ({ problem, mode, held, late }) => mode === "lend" && held && !late && problem?.status === 409;

/**
 * @param {Scan} scan
 * @param {number} i its place in the log, newest 0
 * @param {Me} me
 * @param {string} card whose member stands at the desk
 * @param {boolean} latest whether the code was not scanned again since
 */
function line(scan, i, me, card, latest) {
  return html`<li class="scan ${scan.state}${scan.undone && " undone"}">
    <time class="numbers">${clock(scan.at)}</time>
    <strong class="sign">${t(SIGNS[scan.state])}</strong>
    <div class="what"><span class="name" dir="auto">${scan.title}</span> <span class="words">${scan.state === "held" ? t("desk.held") : scan.words}</span>${scan.alert && html` <strong class="alert">${said(scan.alert)}</strong>`}${scan.title !== scan.code && html` <span class="code numbers">${scan.code}</span>`}${scan.took !== undefined && html` <span class="took numbers">${t("desk.took", { ms: Math.ceil(scan.took) })}</span>`}</div>
    ${(scan.loan || scan.closed) && !scan.undone && html`<button type="button" class="button slim" data-undo="${i}">${t("desk.undo")}<span class="hidden-text"> ${scan.title}</span></button>`}
    ${scan.slip && html`<button type="button" class="button slim" data-slip="${i}">${t("slip.print")}<span class="hidden-text"> ${scan.title}</span></button>`}
    ${latest && scan.state === "no" && scan.card === card && cameLate(scan) && html`<button type="button" class="button slim" data-record="${i}">${t("desk.recordLate")}</button>`}
    ${latest && scan.unknown && html`<details class="override"><summary>${t("addCopy.open")}</summary><bv-add-copy data-code="${scan.code}" data-scan="${i}"></bv-add-copy></details>`}
    ${latest && scan.unknown && html`<a class="new-member" href="/members/new?card=${encodeURIComponent(scan.code)}">${t("desk.newMember")}</a>`}
    ${latest && scan.state === "no" && scan.card === card && mayOverride(scan, me) && html`<details class="override"><summary>${t("desk.override")}</summary>
      <form data-override="${i}"><label class="field"><span class="label">${t("desk.overrideReason")}</span><input class="input" name="reason" maxlength="200" required></label><button class="button" type="submit">${t("desk.overrideGo")}</button></form>
    </details>`}
  </li>`;
}

/**
 * @param {Scan[]} scans
 * @param {Me} me
 * @param {string} card
 */
export function logOf(scans, me, card) {
  if (scans.length === 0) return html`<p class="quiet empty">${t("desk.empty")}</p>`;
  return html`<ol class="log" aria-label="${t("desk.log")}">${scans.map((scan, i) => line(scan, i, me, card, scans.findIndex(({ code }) => code === scan.code) === i))}</ol>`;
}
