// calendar.js: when each branch is open, and the days on which it is closed; published as a new version.

import { get } from "../lib/api.js";
import { branches } from "../lib/branches.js";
import { choice, field, tick, Wrong } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { locale, t } from "../lib/i18n.js";
import { kindsOfCopies } from "../lib/kinds.js";
import { may } from "../lib/session.js";
import { categories } from "../members/form.js";
import { rooms, staff } from "../staff/frame.js";
import { previewForm, previewing } from "./preview.js";
import { published, publishForm, publishing } from "./rules.js";

/** @typedef {{weekday: number, opens: string, closes: string}} Opening */
/** @typedef {{branch?: string, first_day: string, last_day: string, reason?: string}} Closure */
/** @typedef {{version: number, time_zone: string, hours: Record<string, Opening[]>, closures: Closure[]}} Calendar */
/** @typedef {{code: string, name: string}[]} Named */

const WEEK = [1, 2, 3, 4, 5, 6, 0]; // Monday first; Sunday is 0

/** @param {number} weekday */
const dayName = (weekday) => new Intl.DateTimeFormat(locale(), { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 7 + weekday)));

/** @param {{code: string, name: string}} place @param {Opening[] | undefined} hours */
function branchSheet({ code, name }, hours) {
  return html`<fieldset class="sheet branch-hours" data-branch="${code}"><legend>${name}</legend>
    ${tick("always", t("calendar.always"), !hours)}
    <div class="week"${!hours && html` hidden`}><p class="quiet small">${t("calendar.closedHint")}</p>${WEEK.map((weekday) => {
      const open = hours?.find((one) => one.weekday === weekday);
      return html`<div class="day" data-weekday="${weekday}"><span>${dayName(weekday)}</span><label><span class="hidden-text">${dayName(weekday)}, ${t("calendar.opens")}</span><input class="input" type="time" name="opens" value="${open?.opens}"></label><span aria-hidden="true">–</span><label><span class="hidden-text">${dayName(weekday)}, ${t("calendar.closes")}</span><input class="input" type="time" name="closes" value="${open?.closes}"></label></div>`;
    })}</div></fieldset>`;
}

/** @param {Closure} closure @param {Named} places */
function closureRow(closure, places) {
  return html`<div class="sheet closure"><div class="form narrow">${field("first_day", t("calendar.first"), { type: "date", value: closure.first_day })}${field("last_day", t("calendar.last"), { type: "date", value: closure.last_day })}${choice("branch", t("rules.branch"), [{ code: "", name: t("calendar.all") }, ...places], closure.branch ?? "")}${field("reason", t("staff.reason"), { value: closure.reason, max: 200 })}</div><button type="button" class="link-button" data-remove>${t("calendar.remove")}</button></div>`;
}

/** @param {Element} scope @param {string} name */
const valueIn = (scope, name) => /** @type {HTMLInputElement} */ (scope.querySelector(`[name=${name}]`)).value.trim();

/** The calendar that stands in the boxes. @param {HTMLElement} main */
function draftOf(main) {
  /** @type {Record<string, Opening[]>} */
  const hours = {};
  for (const sheet of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll(".branch-hours"))) {
    if (/** @type {HTMLInputElement} */ (find(sheet, "[name=always]")).checked) continue;
    hours[sheet.dataset.branch ?? ""] = [...sheet.querySelectorAll(".day")].map((day) => ({ weekday: Number(/** @type {HTMLElement} */ (day).dataset.weekday), opens: valueIn(day, "opens"), closes: valueIn(day, "closes") })).filter(({ opens, closes }) => opens || closes);
  }
  const closures = [...main.querySelectorAll(".closure")].map((row) => {
    const closure = { first_day: valueIn(row, "first_day"), last_day: valueIn(row, "last_day") || valueIn(row, "first_day"), ...(valueIn(row, "branch") && { branch: valueIn(row, "branch") }), ...(valueIn(row, "reason") && { reason: valueIn(row, "reason") }) };
    if (!closure.first_day) {
      find(row, "[name=first_day]").focus();
      throw new Wrong("", t("calendar.first"));
    }
    return closure;
  });
  return { hours, closures };
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const who = await staff();
  const [calendar, places, groups, kinds, versions] = await Promise.all([
    /** @type {Promise<Calendar>} */ (get("/api/borrowing/v1/calendar", {}, signal)),
    branches(signal),
    categories(signal),
    kindsOfCopies(signal),
    get("/api/borrowing/v1/calendar/versions", { limit: 20 }, signal),
  ]);
  const house = { places, groups, kinds };
  const edits = may(who, "librarian");
  return {
    title: t("staff.calendar"),
    body: html`${rooms(who, "/calendar")}
      <div class="page-head"><div><h1>${t("staff.calendar")}</h1><p class="quiet">${t("calendar.words")}</p></div><p class="quiet">${t("rules.version", { n: calendar.version })} · ${calendar.time_zone}</p></div>
      <div class="stack">
        <div class="weeks">${places.map((place) => branchSheet(place, calendar.hours[place.code]))}</div>
        <section class="part"><h2>${t("calendar.closures")}</h2><div class="stack tight" id="closures">${calendar.closures.length > 0 ? calendar.closures.map((closure) => closureRow(closure, places)) : html`<p class="quiet">${t("calendar.noClosures")}</p>`}</div>${edits && html`<p class="more"><button type="button" class="button" id="add">${t("calendar.add")}</button></p>`}</section>
        ${edits && publishForm()}
        ${previewForm(house, "preview.calendarWords")}
        ${published(versions.items)}
      </div>`,
    ready(main) {
      const list = find(main, "#closures");
      find(main, ".weeks").addEventListener("change", ({ target }) => {
        if (target instanceof HTMLInputElement && target.name === "always") find(/** @type {Element} */ (target.closest("fieldset")), ".week").hidden = target.checked;
      });
      main.querySelector("#add")?.addEventListener("click", () => {
        list.querySelector("p.quiet")?.remove();
        const row = document.createElement("div");
        render(row, closureRow({ first_day: "", last_day: "" }, places));
        list.append(/** @type {Element} */ (row.firstElementChild));
        find(/** @type {Element} */ (list.lastElementChild), "input").focus();
      });
      list.addEventListener("click", (event) => {
        const button = event.target instanceof Element ? event.target.closest("[data-remove]") : null;
        button?.closest(".closure")?.remove();
        if (button) find(main, "#add").focus();
      });
      if (edits) publishing(main, "/api/borrowing/v1/calendar", calendar.version, () => draftOf(main));
      previewing(main, house, () => ({ calendar: draftOf(main) }));
      if (!edits) for (const control of main.querySelectorAll(":is(.weeks, #closures) :is(input, select, button)")) control.setAttribute("disabled", "");
    },
  };
}
