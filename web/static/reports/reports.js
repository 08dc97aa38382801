// reports.js: what was lent and came back, by day, branch, category and genre; what is borrowed most; what is overdue, each a file for a spreadsheet too; and the collection by genre, with what members think of it.

import { address, get } from "../lib/api.js";
import { branches } from "../lib/branches.js";
import { html } from "../lib/html.js";
import { date, genreName, maybe, moment, number, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { rooms, staff } from "../staff/frame.js";

/**
 * @typedef {object} Figures
 * @property {string} as_of
 * @property {boolean} [stale] older figures, since newer ones cannot be read just now
 * @property {string} from
 * @property {string} until
 * @property {{day: string, check_outs: number, check_ins: number}[]} days
 * @property {{name: string, check_outs: number, check_ins: number}[]} branches
 * @property {{name: string, check_outs: number, check_ins: number}[]} categories
 * @property {{genre: string, check_outs: number}[]} genres
 * @property {{place: number, book_id: number, title?: string, loans: number}[]} most_borrowed
 * @property {{branch: string, weeks: string, loans: number, oldest_due: string}[]} overdue
 */

/** @typedef {{as_of: string, genres: {genre: string, titles: number, total_quantity: number, ratings: number, average_rating: number | null}[]}} Collection */
/** @typedef {import("../lib/i18n.js").Key} Key */

const PERIODS = /** @type {const} */ (["week", "month", "year"]);
const DAY = 86_400_000; // ms

/**
 * The days of a period as bars, also those on which nothing happened; a year by its weeks.
 * @param {Figures} figures
 */
export function bars({ days, from, until }) {
  const first = Date.parse(from);
  const count = Math.round((Date.parse(until) - first) / DAY) + 1;
  const step = count > 60 ? 7 : 1;
  const list = Array.from({ length: Math.ceil(count / step) }, (_, i) => ({ day: new Date(first + i * step * DAY).toISOString().slice(0, 10), out: 0, back: 0 }));
  for (const { day, check_outs, check_ins } of days) {
    const bar = list[Math.floor((Date.parse(day) - first) / DAY / step)];
    if (!bar) continue;
    bar.out += check_outs;
    bar.back += check_ins;
  }
  return list;
}

/** @param {Figures} figures */
function chart(figures) {
  const list = bars(figures);
  const most = Math.max(1, ...list.flatMap(({ out, back }) => [out, back]));
  const height = (/** @type {number} */ n) => Math.round((n / most) * 1000) / 10;
  return html`<svg class="chart" viewBox="0 0 ${list.length * 10} 104" preserveAspectRatio="none" role="img" aria-label="${t("reports.chart")}">
    ${list.map(({ day, out, back }, i) => html`<g><title>${date(day)}: ${t("reports.out")} ${number(out)}, ${t("reports.back")} ${number(back)}</title>
      <rect class="out" x="${i * 10 + 1}" y="${102 - height(out)}" width="4" height="${height(out)}"/><rect class="back" x="${i * 10 + 5}" y="${102 - height(back)}" width="4" height="${height(back)}"/></g>`)}
    <path d="M0 102H${list.length * 10}"/>
  </svg>`;
}

/** @param {number} share */
const bar = (share) => html`<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect width="${Math.round(share * 100)}" height="4"/></svg>`;

/**
 * One table with its file.
 * @param {string} report
 * @param {Record<string, unknown>} query
 * @param {Key[]} heads
 * @param {import("../lib/html.js").Html[]} rows
 * @param {boolean} [file] whether there is one
 */
function table(report, query, heads, rows, file = true) {
  const title = t(/** @type {Key} */ (`reports.${report}`));
  return html`<section class="report" aria-labelledby="report-${report}">
    <div class="section-head"><h2 id="report-${report}">${title}</h2>${file && rows.length > 0 && html`<a href="${address("/api/borrowing/v1/statistics/file", { ...query, most: 1000, report })}" download>CSV<span class="hidden-text">: ${title}</span></a>`}</div>
    ${rows.length === 0 ? html`<p class="quiet">${t("reports.none")}</p>` : html`<table class="rows" aria-labelledby="report-${report}"><thead><tr>${heads.map((head) => html`<th scope="col">${t(head)}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`}
  </section>`;
}

/**
 * @param {{name: string, check_outs: number, check_ins: number}[]} groups
 * @param {(name: string) => string} called
 */
function groupRows(groups, called) {
  const most = Math.max(1, ...groups.map(({ check_outs }) => check_outs));
  return groups.map(({ name, check_outs, check_ins }) => html`<tr><td>${called(name)}${bar(check_outs / most)}</td><td class="numbers" data-label="${t("reports.out")}">${number(check_outs)}</td><td class="numbers" data-label="${t("reports.back")}">${number(check_ins)}</td></tr>`);
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff();
  const period = PERIODS.find((one) => one === url.searchParams.get("period")) ?? "month";
  const branch = url.searchParams.get("branch") ?? "";
  const query = { period, branch: branch || undefined };
  const [figures, collection, places] = await Promise.all([
    /** @type {Promise<Figures>} */ (get("/api/borrowing/v1/statistics", query, signal)),
    /** @type {Promise<Collection | null>} */ (get("/api/catalog/v1/statistics", { genres: 30 }, signal).catch(() => null)), // the desk's own figures are shown without it
    branches(signal).catch(() => []),
  ]);
  const names = new Map(places.map(({ code, name }) => [code, name]));
  const called = (/** @type {string} */ code) => names.get(code) ?? code;
  const here = (/** @type {Record<string, unknown>} */ change) => address("/desk/reports", { ...query, ...change });
  const mostGenre = Math.max(1, ...figures.genres.map(({ check_outs }) => check_outs));
  const mostLoans = Math.max(1, ...figures.most_borrowed.map(({ loans }) => loans));
  const mostLate = Math.max(1, ...figures.overdue.map(({ loans }) => loans));
  const out = figures.days.reduce((sum, { check_outs }) => sum + check_outs, 0);
  const back = figures.days.reduce((sum, { check_ins }) => sum + check_ins, 0);
  return {
    title: t("staff.reports"),
    body: html`${rooms(who, "/desk/reports")}
      <div class="page-head"><div><h1>${t("staff.reports")}</h1><p class="quiet">${t("reports.asOf", { at: moment(figures.as_of) })}</p>${figures.stale && html`<p class="quiet" role="note">${t("reports.stale")}</p>`}</div>
        <p class="tabs">${PERIODS.map((one) => html`<a href="${here({ period: one })}"${one === period && html` aria-current="page"`}>${t(`reports.period.${one}`)}</a> `)}</p></div>
      ${places.length > 1 && html`<p><label class="of-branch"><span>${t("staff.branch")}</span> <select class="input" id="branch"><option value="">${t("reports.everywhere")}</option>${places.map(({ code, name }) => html`<option value="${code}"${code === branch && html` selected`}>${name}</option>`)}</select></label></p>`}
      <p class="sums"><strong class="numbers">${number(out)}</strong> <span class="key out">${t("reports.out")}</span> <strong class="numbers">${number(back)}</strong> <span class="key back">${t("reports.back")}</span></p>
      ${chart(figures)}
      <div class="reports">
        ${table("days", query, ["reports.day", "reports.out", "reports.back"], figures.days.toReversed().slice(0, 14).map(({ day, check_outs, check_ins }) => html`<tr><td>${date(day)}</td><td class="numbers" data-label="${t("reports.out")}">${number(check_outs)}</td><td class="numbers" data-label="${t("reports.back")}">${number(check_ins)}</td></tr>`))}
        ${table("most_borrowed", query, ["reports.title", "reports.loans"], figures.most_borrowed.map(({ book_id, title, loans }) => html`<tr><td><a href="/books/${book_id}" dir="auto">${title ?? `№ ${book_id}`}</a>${bar(loans / mostLoans)}</td><td class="numbers" data-label="${t("reports.loans")}">${number(loans)}</td></tr>`))}
        ${table("branches", query, ["reports.branch", "reports.out", "reports.back"], groupRows(figures.branches, called))}
        ${table("categories", query, ["reports.category", "reports.out", "reports.back"], groupRows(figures.categories, (name) => (name ? (maybe(`category.${name}`) ?? name) : t("reports.unknown"))))}
        ${table("genres", query, ["reports.genre", "reports.out"], figures.genres.map(({ genre, check_outs }) => html`<tr><td>${genreName(genre)}${bar(check_outs / mostGenre)}</td><td class="numbers" data-label="${t("reports.out")}">${number(check_outs)}</td></tr>`))}
        ${table("overdue", query, ["reports.branch", "reports.weeks", "reports.loans", "reports.oldest"], figures.overdue.map(({ branch: at, weeks, loans, oldest_due }) => html`<tr><td>${called(at)}${bar(loans / mostLate)}</td><td data-label="${t("reports.weeks")}">${t(/** @type {Key} */ (`reports.weeks.${weeks}`))}</td><td class="numbers" data-label="${t("reports.loans")}">${number(loans)}</td><td data-label="${t("reports.oldest")}">${date(oldest_due)}</td></tr>`))}
        ${!collection ? html`<section class="report" aria-labelledby="report-collection"><div class="section-head"><h2 id="report-collection">${t("reports.collection")}</h2></div><p class="quiet" role="note">${t("reports.noCatalogue")}</p></section>` : table("collection", query, ["reports.genre", "reports.titles", "reports.copies", "reports.rating"], collection.genres.map(({ genre, titles, total_quantity, ratings, average_rating }) => html`<tr><td>${genreName(genre)}</td><td class="numbers" data-label="${t("reports.titles")}">${number(titles)}</td><td class="numbers" data-label="${t("reports.copies")}">${number(total_quantity)}</td><td class="numbers" data-label="${t("reports.rating")}">${average_rating === null ? "–" : html`★ ${number(average_rating)} <span class="quiet small">(${number(ratings)})</span>`}</td></tr>`), false)}
      </div>`,
    ready(main) {
      main.querySelector("#branch")?.addEventListener("change", (event) => go(here({ branch: /** @type {HTMLSelectElement} */ (event.target).value || undefined }), { focus: "#branch" }));
    },
  };
}
