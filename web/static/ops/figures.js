// figures.js: what a pattern does now, in words and numbers, and how its first figure went in the last minutes, as a small chart.

import { html } from "../lib/html.js";
import { locale, maybe, t } from "../lib/i18n.js";

/** @typedef {{name: string, unit: string, value: number | null}} Figure value is null where it cannot be said */

const KEPT = 90; // looks, two seconds apart: three minutes

/** @type {Record<string, Intl.NumberFormatOptions>} */
const FORMS = {
  share: { style: "percent", maximumFractionDigits: 0 },
  per_second: { maximumFractionDigits: 1 },
  number: { maximumFractionDigits: 1 },
  seconds: { style: "unit", unit: "second", unitDisplay: "narrow", maximumFractionDigits: 1 },
};

/** A number of bytes as people say it. @param {number} value */
function bytes(value) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3));
  return new Intl.NumberFormat(locale(), { style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: power === 0 ? 0 : 1 }).format(value / 1000 ** power);
}

/** @param {Figure} figure */
export function figureText({ unit, value }) {
  if (value === null) return "–";
  if (unit === "bytes") return bytes(value);
  if (unit === "bytes_per_second") return t("ops.perSecond", { n: bytes(value) });
  const text = new Intl.NumberFormat(locale(), FORMS[unit] ?? FORMS.number).format(value);
  return unit === "per_second" ? t("ops.perSecond", { n: text }) : text;
}

/** The name of a figure in words. @param {Figure} figure */
const nameOf = ({ name }) => maybe(`figure.${name}`) ?? name;

/** @param {Figure} figure */
export function figureLine(figure) {
  return html`<div><dt>${nameOf(figure)}</dt><dd class="numbers">${figureText(figure)}</dd></div>`;
}

/** How one figure went. */
export class Trend {
  /** @type {Figure | undefined} */
  #last;
  /** @type {(number | null)[]} */
  #values = [];

  /** @param {Figure | undefined} figure */
  add(figure) {
    if (!figure) return;
    this.#last = figure;
    this.#values.push(figure.value);
    if (this.#values.length > KEPT) this.#values.shift();
  }

  /** The chart: a line from the oldest look to the newest, broken where there was nothing to say. */
  drawn() {
    if (!this.#last) return null;
    const known = this.#values.filter((value) => value !== null);
    const most = this.#last.unit === "share" ? 1 : Math.max(...known, 1);
    let path = "";
    let pen = false;
    for (const [i, value] of this.#values.entries()) {
      if (value === null) {
        pen = false;
        continue;
      }
      const at = `${KEPT - this.#values.length + i} ${(29 - (value / most) * 27).toFixed(1)}`;
      path += pen ? `L${at}` : `M${at}h.01`;
      pen = true;
    }
    const words = t("ops.trend", { name: nameOf(this.#last), now: figureText(this.#last), most: figureText({ ...this.#last, value: known.length > 0 ? Math.max(...known) : null }) });
    return html`<svg viewBox="0 0 ${KEPT} 30" preserveAspectRatio="none" role="img" aria-label="${words}"><path class="ground" d="M0 29.5H${KEPT}"/><path d="${path}"/></svg>`;
  }
}
