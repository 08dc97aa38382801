// undo.js: what was done at a desk by mistake is taken back: a lending, or a check-in from which nothing else followed.

import { commandKey, post } from "../lib/api.js";
import { dateWithDistance, t } from "../lib/i18n.js";

/** @typedef {import("./actions.js").Desk} Desk */
/** @typedef {import("./scans.js").Scan} Scan */
/** @typedef {import("../lib/types.js").Loan} Loan */

/** Those whose undo is under way: a second click is the same wish. @type {WeakSet<Scan>} */
const undoing = new WeakSet();

/**
 * Takes a lending back, as if it had not been; or lends what was taken back by mistake on to its member, due as it was.
 * @param {Desk} desk
 * @param {Scan} scan
 * @param {string} key
 */
export async function undo(desk, scan, key) {
  if (scan.undone || undoing.has(scan)) return;
  undoing.add(scan);
  try {
    if (scan.closed) await lendOn(desk, scan, scan.closed, key);
    else if (scan.loan) await reverse(desk, scan, scan.loan, key);
  } finally {
    undoing.delete(scan);
  }
}

/** @param {Desk} desk @param {Scan} scan @param {number} loan @param {string} key */
async function reverse({ member }, scan, loan, key) {
  await post(`/api/borrowing/v1/loans/${loan}/reversal`, {}, key);
  scan.undone = true;
  scan.words = t("desk.undone");
  if (member) member.loans = member.loans.filter(({ id }) => id !== loan);
}

/** @param {Desk} desk @param {Scan} scan @param {{card: string, due_on: string}} closed @param {string} key */
async function lendOn({ member, branch }, scan, closed, key) {
  let loan = /** @type {Loan} */ (await post("/api/borrowing/v1/loans", { member_card: closed.card, barcode: scan.code, ...(branch && { branch }) }, key));
  scan.undone = true;
  if (loan.due_on !== closed.due_on) {
    const before = { due_on: closed.due_on, reason: t("desk.lentOnWhy") };
    loan = /** @type {Loan} */ (await post(`/api/borrowing/v1/loans/${loan.id}/due-date`, before, commandKey()).catch(() => loan)); // then the words say the later one
  }
  scan.words = t("desk.lentOn", { due: dateWithDistance(loan.due_on) });
  if (member?.card === closed.card) member.loans = [...member.loans, loan];
}
