// actions.js: what one scan does: a card brings its member, a barcode is lent or checked in; each answer in words.

import { commandKey, get, post, Problem } from "../lib/api.js";
import { branchName } from "../lib/branches.js";
import { dateWithDistance, maybe, t } from "../lib/i18n.js";
import { reasonWords } from "../lib/refusals.js";
import { lastFour } from "../staff/slip.js";
import { absent, memberOf, refuse, titleOf } from "./answers.js";

/** @typedef {import("./scans.js").Scan} Scan */
/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/types.js").Item} Item */
/** @typedef {import("../lib/types.js").Next} Next */
/** @typedef {import("../lib/types.js").Hold} Hold */
/** @typedef {import("./answers.js").Member} Member */

/** What is told of a scan that was made while there was no connection. @param {Scan} scan */
const when = ({ late, at }) => (late ? { occurred_at: at.toISOString() } : {});

/**
 * Sends a scan's command; where this machine's clock is ahead of the library's, once more as of now.
 * @param {string} path
 * @param {Scan} scan
 * @param {Record<string, unknown>} body
 */
async function send(path, scan, body) {
  try {
    return await post(path, { ...body, ...when(scan) }, scan.key);
  } catch (error) {
    const ahead = scan.late && error instanceof Problem && error.errors.some(({ field }) => field === "body.occurred_at");
    if (!ahead) throw error;
    scan.late = false;
    scan.key = commandKey();
    return post(path, body, scan.key);
  }
}

/** The desk's hands: the member at the desk, the branch, and what a scan does. */
export class Desk {
  /** @type {Member | null} */
  member = null;
  branch = "";
  /** @type {import("./scans.js").Mode} */
  mode = "lend";
  /** Called when something came that an answer did not wait for. */
  later = () => {};

  /**
   * Does one scan. A code that is no item of ours may be a card, and the other way round.
   * @param {Scan} scan
   */
  async act(scan) {
    if (scan.mode === "done") {
      this.member = null;
      scan.state = "note";
      scan.gone = true;
      return;
    }
    if (scan.mode === "check-in") {
      if (await this.#checkIn(scan)) return;
      scan.turned = await this.#call(scan);
      if (!scan.turned) this.#unknown(scan);
      return;
    }
    if (this.member) {
      if (scan.code === this.member.card) return void (await this.#call(scan));
      if (await this.#lend(scan, this.member)) return;
      if (await this.#call(scan)) return;
      return this.#unknown(scan);
    }
    if (await this.#call(scan)) return;
    try {
      const item = /** @type {Item} */ (await get(`/api/borrowing/v1/items/${encodeURIComponent(scan.code)}`));
      scan.title = item.title ?? (await titleOf(item.book_id));
      scan.state = "no";
      scan.words = t("desk.cardFirst");
    } catch (error) {
      if (!absent(error, "item_not_found")) return refuse(scan, error);
      this.#unknown(scan);
    }
  }

  /** @param {Scan} scan */
  #unknown(scan) {
    scan.state = "no";
    scan.unknown = true;
    scan.words = t("desk.unknown");
  }

  /** Asks anew who stands at the desk, after a look at another page. */
  async refresh() {
    const before = this.member;
    const loans = before?.loans;
    const now = before && (await memberOf(before.card).catch(() => before));
    if (this.member === before && before?.loans === loans) this.member = now; // else a scan was quicker, and knows more
  }

  /** Where a scan was made. @param {Scan} scan */
  #at({ branch = this.branch }) {
    return branch ? { branch } : {};
  }

  /** A card: its member comes to the desk. @param {Scan} scan */
  async #call(scan) {
    const member = await memberOf(scan.code);
    if (!member) return false;
    this.member = member;
    scan.state = "note";
    scan.title = member.name;
    scan.words = t("desk.member", { n: member.loans.length });
    return true;
  }

  /**
   * @param {Scan} scan
   * @param {Member} member
   * @param {{codes: string[], reason: string}} [override]
   */
  async #lend(scan, member, override) {
    try {
      const loan = /** @type {Loan} */ (await send("/api/borrowing/v1/loans", scan, { member_card: member.card, barcode: scan.code, ...this.#at(scan), ...(override && { override }) }));
      member.loans = [...member.loans.filter(({ id }) => id !== loan.id), loan];
      scan.state = "ok";
      scan.loan = loan.id;
      scan.problem = undefined;
      scan.words = t("desk.due", { due: dateWithDistance(loan.due_on) });
      const against = (loan.exceptions ?? []).map((code) => reasonWords({ code }));
      scan.alert = [...(loan.warnings ?? []).map(({ code, detail }) => maybe(`warning.${code}`) ?? detail), ...(against.length > 0 ? [t("desk.recorded"), ...against] : [])].join(" ");
      scan.title = loan.title ?? (await titleOf(loan.book_id));
    } catch (error) {
      if (absent(error, "item_not_found")) return false;
      scan.card = member.card;
      refuse(scan, error);
      const item = await get(`/api/borrowing/v1/items/${encodeURIComponent(scan.code)}`).catch(() => null);
      if (item) scan.title = item.title ?? (await titleOf(item.book_id));
    }
    return true;
  }

  /** @param {Scan} scan */
  async #checkIn(scan) {
    try {
      const answer = await send("/api/borrowing/v1/check-ins", scan, { barcode: scan.code, ...this.#at(scan), ...(scan.bookDrop && { book_drop: true }) });
      const item = /** @type {Item} */ (answer.item);
      scan.state = "ok";
      const next = /** @type {Next} */ (answer.next ?? {});
      const todo = maybe(`next.${next.action}`, { branch: next.branch ? (await branchName())(next.branch) : "" }) ?? next.detail;
      scan.words = [answer.closed_loan ? t("desk.returned") : t("desk.notOut"), todo].filter(Boolean).join(" · ");
      scan.alert = next.alert;
      scan.title = item.title ?? answer.title ?? answer.closed_loan?.title ?? (await titleOf(item.book_id));
      void this.#slipOf(scan, next, item).then(this.later);
      const closed = /** @type {Loan | undefined} */ (answer.closed_loan);
      const followed = next.action !== "shelve" || next.alert || scan.late || answer.charges?.length > 0 || answer.refunded;
      if (closed?.member_card && !followed) scan.closed = { card: closed.member_card, due_on: closed.due_on };
      const gone = closed?.id;
      if (gone && this.member) this.member.loans = this.member.loans.filter(({ id }) => id !== gone);
    } catch (error) {
      if (absent(error, "item_not_found")) return false;
      refuse(scan, error);
    }
    return true;
  }

  /** Takes a copy back, or in; false when no copy has this barcode. @param {Scan} scan */
  async take(scan) {
    if (!(await this.#checkIn(scan))) this.#unknown(scan);
  }

  /**
   * The slip that goes into a copy which is kept or sent.
   * @param {Scan} scan
   * @param {Next} next
   * @param {Item} item
   */
  async #slipOf(scan, next, item) {
    if (next.action !== "put_on_hold_shelf" && next.action !== "send") return;
    const name = await branchName();
    const hold = next.hold_id ? /** @type {Hold | null} */ (await get(`/api/borrowing/v1/holds/${next.hold_id}`).catch(() => null)) : null;
    const book = { title: scan.title, barcode: item.barcode, branch: name(next.branch ?? item.branch ?? scan.branch ?? this.branch) };
    if (next.action === "send") scan.slip = { kind: "send", ...book, ...(hold && { card: lastFour(hold.member_card) }) };
    else if (hold) scan.slip = { kind: "hold", ...book, card: lastFour(hold.member_card), until: hold.expires_on };
  }

  /**
   * Records a loan that was made while there was no connection: the book has left, so what the rules say against it is kept beside it.
   * @param {Scan} scan
   * @param {string} key
   */
  async record(scan, key) {
    if (!scan.problem || !this.member || this.member.card !== scan.card) return;
    scan.key = key;
    scan.late = true;
    await this.#lend(scan, this.member);
  }

  /**
   * Lends all the same, with the codes that stand against it and the reason why.
   * @param {Scan} scan
   * @param {string} reason
   * @param {string} key
   */
  async override(scan, reason, key) {
    if (!scan.problem || !this.member || this.member.card !== scan.card) return;
    const codes = scan.problem.reasons.map(({ code }) => code);
    scan.key = key;
    await this.#lend(scan, this.member, { codes, reason });
  }
}
