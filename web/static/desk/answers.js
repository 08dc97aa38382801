// answers.js: what the library answers a desk: who a card is, what a copy is called, and what stands against a scan.

import { get, Offline, Paused, Problem } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { reasonsOf } from "../lib/refusals.js";
import { forget } from "../lib/session.js";
import { SignedOut } from "./scans.js";

/** @typedef {import("./scans.js").Scan} Scan */
/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/types.js").Hold} Hold */
/**
 * A member as the desk meets them.
 * @typedef {object} Member
 * @property {string} card the current one
 * @property {string} name
 * @property {string} category
 * @property {string} [expires_on]
 * @property {{code: string, note?: string}[]} blocks
 * @property {Loan[]} loans open ones
 * @property {Hold[]} holds live ones
 * @property {{balance: number, accrued: number, currency: string, exponent: number}} [account] lending goes on without it
 */

/** @param {unknown} error @param {string} code */
export const absent = (error, code) => error instanceof Problem && error.status === 404 && error.code === code;

/** Throws on answers that are none: the same command is sent again. @param {Problem} problem */
function throwPassing({ status, code, message, retryAfter }) {
  if ([429, 502, 503, 504].includes(status) || code === "idempotency_in_progress") throw new Paused(message, retryAfter);
  if (status !== 401) return;
  forget();
  throw new SignedOut(message);
}

/**
 * A member with all that they have here, by one question; nobody when no card has this number.
 * @param {string} card
 * @returns {Promise<Member | null>}
 */
export async function memberOf(card) {
  try {
    return await get(`/api/borrowing/v1/borrowers/${encodeURIComponent(card)}`);
  } catch (error) {
    if (absent(error, "member_not_found") || (error instanceof Problem && (error.status === 422 || error.status === 400))) return null;
    if (error instanceof Problem) throwPassing(error);
    throw error;
  }
}

/**
 * The name of a title, for the log; its number when the catalogue does not answer.
 * @param {number} id
 */
export async function titleOf(id) {
  try {
    return String((await get(`/api/catalog/v1/books/${id}`)).title);
  } catch {
    return `№ ${id}`;
  }
}

/** Writes a refusal into its scan. @param {Scan} scan @param {unknown} error */
export function refuse(scan, error) {
  if (error instanceof Offline || !(error instanceof Problem)) throw error;
  throwPassing(error);
  const mine = error.code === "already_yours" || error.reasons.some(({ code }) => code === "already_yours");
  scan.state = mine ? "note" : "no";
  scan.words = [(scan.late || scan.held) && t("desk.wasOffline"), ...reasonsOf(error)].filter(Boolean).join(" ");
  scan.problem = error;
}
