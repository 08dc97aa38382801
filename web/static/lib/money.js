// money.js: amounts in minor units, written and read as people write them.

import { formatter } from "./i18n.js";

/**
 * "20.000 ₫", "€12.50".
 * @param {number} minor
 * @param {string} currency ISO 4217
 * @param {number} [exponent] decimals of the currency; what browsers know of it when left out
 */
export function money(minor, currency, exponent) {
  const digits = exponent ?? new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 0;
  return formatter(Intl.NumberFormat, { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(minor / 10 ** digits);
}

/**
 * What somebody typed, in minor units; nothing where it is no amount. "20.000" of a currency without decimals is twenty thousand.
 * @param {string} text
 * @param {number} exponent
 * @returns {number | undefined}
 */
export function minorOf(text, exponent) {
  const plain = text.replace(/[\s\u00a0]/g, "");
  const match = exponent === 0 ? /^(\d{1,3}(?:[.,]\d{3})+|\d+)$/.exec(plain) : new RegExp(`^(\\d+)(?:[.,](\\d{1,${exponent}}))?$`).exec(plain);
  if (!match) return undefined;
  const whole = Number(match[1].replace(/[.,]/g, ""));
  const minor = whole * 10 ** exponent + Number((match[2] ?? "").padEnd(exponent, "0") || 0);
  return Number.isSafeInteger(minor) ? minor : undefined;
}

/**
 * An amount as it stands in a box.
 * @param {number} minor
 * @param {number} exponent
 */
export function amountText(minor, exponent) {
  return (minor / 10 ** exponent).toFixed(exponent);
}
