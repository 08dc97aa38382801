// log.js: the desk's scans on screen: the time, OK or NO, what and why; undo and override where they can be had.

import { find, html, render } from "../lib/html.js";
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
 * @param {Me} me
 * @param {string} card whose member stands at the desk
 * @param {boolean} latest whether the code was not scanned again since
 */
function line(scan, me, card, latest) {
  return html`<li class="scan ${scan.state}${scan.undone && " undone"}">
    <time class="numbers">${clock(scan.at)}</time>
    <strong class="sign">${t(SIGNS[scan.state])}</strong>
    <div class="what"><span class="name" dir="auto">${scan.title}</span> <span class="words">${scan.state === "held" ? t("desk.held") : scan.words}</span>${scan.alert && html` <strong class="alert">${said(scan.alert)}</strong>`}${scan.title !== scan.code && html` <span class="code numbers">${scan.code}</span>`}${scan.took !== undefined && html` <span class="took numbers">${t("desk.took", { ms: Math.ceil(scan.took) })}</span>`}</div>
    ${(scan.loan || scan.closed) && !scan.undone && html`<button type="button" class="button slim" data-undo>${t("desk.undo")}<span class="hidden-text"> ${scan.title}</span></button>`}
    ${scan.slip && html`<button type="button" class="button slim" data-slip>${t("slip.print")}<span class="hidden-text"> ${scan.title}</span></button>`}
    ${latest && scan.state === "no" && scan.card === card && cameLate(scan) && html`<button type="button" class="button slim" data-record>${t("desk.recordLate")}</button>`}
    ${latest && scan.unknown && html`<details class="override"><summary>${t("addCopy.open")}</summary><bv-add-copy data-code="${scan.code}"></bv-add-copy></details>`}
    ${latest && scan.unknown && html`<a class="new-member" href="/members/new?card=${encodeURIComponent(scan.code)}">${t("desk.newMember")}</a>`}
    ${latest && scan.state === "no" && scan.card === card && mayOverride(scan, me) && html`<details class="override"><summary>${t("desk.override")}</summary>
      <form data-override><label class="field"><span class="label">${t("desk.overrideReason")}</span><input class="input" name="reason" maxlength="200" required></label><button class="button" type="submit">${t("desk.overrideGo")}</button></form>
    </details>`}
  </li>`;
}

/** The lines that stand in a log, each with what it was drawn from. @type {WeakMap<Element, Map<Scan, {line: Element, markup: string}>>} */
const drawn = new WeakMap();

/**
 * Draws a log, newest first. A line that reads as it did is left as it stands: of a day's log it is one that changes.
 * @param {Element} place
 * @param {Scan[]} scans
 * @param {Me} me
 * @param {string} card
 */
export function drawLog(place, scans, me, card) {
  if (!place.querySelector("ol")) render(place, html`<ol class="log" aria-label="${t("desk.log")}"></ol>`);
  const list = find(place, "ol");
  const before = drawn.get(list) ?? new Map();
  const now = new Map();
  scans.forEach((scan, i) => {
    const { markup } = line(scan, me, card, scans.findIndex(({ code }) => code === scan.code) === i);
    const stands = before.get(scan);
    if (stands?.markup === markup) {
      now.set(scan, stands);
      return;
    }
    const made = document.createElement("template");
    made.innerHTML = markup;
    const one = find(made.content, "li");
    now.set(scan, { line: one, markup });
    if (stands) stands.line.replaceWith(one);
    else list.insertBefore(one, list.children[i] ?? null);
  });
  for (const [scan, { line: one }] of before) if (!now.has(scan)) one.remove();
  drawn.set(list, now);
}

/**
 * The scan on whose line something stands.
 * @param {Element} place
 * @param {Element} inside
 */
export function scanAt(place, inside) {
  const at = inside.closest(".scan");
  for (const [scan, { line: one }] of drawn.get(find(place, "ol")) ?? []) if (one === at) return scan;
}
