// scans.js: the scans of a desk, taken as fast as they come, done one after the other, in order, each exactly once.

import { commandKey, Offline, Paused, Problem } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { reasonsOf } from "../lib/refusals.js";

/**
 * @typedef {"lend" | "check-in"} Mode
 * @typedef {"waiting" | "held" | "ok" | "no" | "note"} State waiting: in the queue; held: no connection, kept and sent again
 *
 * @typedef {object} Scan
 * @property {string} key the Idempotency-Key of its command
 * @property {Date} at
 * @property {string} code
 * @property {Mode | "done"} mode done: no book and no card, but that the member goes
 * @property {boolean} bookDrop
 * @property {string} [branch] where it was scanned; "": wherever the desk is
 * @property {number} [choice] which choice of the mode it was made under
 * @property {State} state
 * @property {string} title what it was: a book, a person
 * @property {string} words what came of it
 * @property {string} [alert] something unusual that a person should look at, in the library's words
 * @property {number} [loan] that it opened, while it can be undone
 * @property {{card: string, due_on: string}} [closed] the loan that it closed and nothing else, while that can be undone
 * @property {boolean} [undone]
 * @property {import("../lib/api.js").Problem} [problem] why not
 * @property {string} [card] whose lending was refused
 * @property {number} [begun] when it was scanned, on the page's own clock
 * @property {number} [took] ms from the scan to its answer; of one that had to be kept there is none
 * @property {boolean} [late] it was scanned while there was no connection, so the library is told when that was
 * @property {boolean} [held] it was sent before, with no answer
 * @property {boolean} [gone] it is done, and there is nothing to show
 * @property {boolean} [turned] it was scanned to be checked in, and brought its member instead: what was scanned behind it is to be lent
 * @property {boolean} [unknown] no card and no book has this code
 * @property {import("../staff/slip.js").Slip} [slip] to be put into the copy
 */

const RETRY = 3000; // ms
const LOG = 60; // scans on screen

/**
 * What a scanner sent, without what it adds: AIM symbology identifiers ("]C1"), control characters, spaces around. Zeros stay.
 * @param {string} text
 */
export function clean(text) {
  return text.replace(/[\u0000-\u001f\u007f\u200b-\u200f\ufeff]/g, "").trim().replace(/^\][A-Za-z][0-9A-Za-z]/, "").trim();
}

/** @param {Scan} scan */
const isOpen = ({ state }) => state === "waiting" || state === "held";

/** The session ended; signed in again, what was kept is sent. */
export class SignedOut extends Offline {}

/** Keys of commands about a scan to which no answer came. @type {WeakMap<Scan, Map<string, string>>} */
const unanswered = new WeakMap();

/**
 * Sends a command about a scan that has had its own answer; when that of the command is lost, it is sent again as the same.
 * @param {Scan} scan
 * @param {string} what tells it from others
 * @param {(key: string) => Promise<unknown>} command
 */
export async function keyed(scan, what, command) {
  const keys = unanswered.get(scan) ?? new Map();
  unanswered.set(scan, keys);
  const key = keys.get(what) ?? commandKey();
  keys.set(what, key);
  try {
    await command(key);
  } catch (error) {
    if (error instanceof Problem) keys.delete(what);
    throw error;
  }
  keys.delete(what);
}

export class Scans {
  /** newest first @type {Scan[]} */
  log = [];
  #working = false;
  #act;
  #signal;
  #kept;

  /**
   * @param {(scan: Scan) => Promise<void>} act does one scan and writes what came of it into it; throws Offline when it could not be sent
   * @param {() => void} changed
   * @param {AbortSignal} signal ends the work; what waits is kept
   * @param {string} [page] whose scans these are: each page keeps its own, since a scan means something else on another
   */
  constructor(act, changed, signal, page = "scans") {
    this.#act = act;
    this.#signal = signal;
    this.watch(changed, signal);
    this.#kept = `bookvault.desk.${page}`;
    addEventListener("online", () => void (this.stopped !== "ended" && this.wake()), { signal }); // nobody who signs in elsewhere sends another's scans
    signal.addEventListener("abort", () => this.wake());
    addEventListener("beforeunload", (event) => void (this.waiting.length > 0 && event.preventDefault()), { signal }); // closing the tab would lose them
  }

  /** @type {() => void} */
  #changed = () => {};
  /** Ends the pause before held scans are tried again. @type {() => void} */
  wake = () => {};

  /** Tells a page of what changes, until it is left. @param {() => void} changed @param {AbortSignal} signal */
  watch(changed, signal) {
    this.#changed = () => void (signal.aborted || changed());
  }

  /** @param {string} code @param {Scan["mode"]} mode @param {boolean} bookDrop @param {{branch?: string, choice?: number, title?: string}} [more] */
  push(code, mode, bookDrop, { branch, choice, title = code } = {}) {
    const late = this.waiting.some(({ state }) => state === "held");
    this.log.unshift({ key: commandKey(), at: new Date(), begun: performance.now(), code, mode, bookDrop, branch, choice, late, state: "waiting", title, words: "" });
    while (this.log.length > LOG && !isOpen(this.log[this.log.length - 1])) this.log.pop();
    this.#keep();
    void this.#work(); // its question is on the way while it is drawn
    this.#changed();
  }

  /** Why scans are held though the library was reached: it records nothing, or the session ended. @type {"" | "paused" | "ended"} */
  stopped = "";

  /** How the queue stands, in words; none when nothing waits. */
  get words() {
    const n = this.waiting.length;
    const held = this.waiting.some(({ state }) => state === "held");
    const why = /** @type {const} */ ({ "": "desk.queueHeld", paused: "desk.queuePaused", ended: "desk.queueEnded" });
    return n > 0 && t(held ? why[this.stopped] : "desk.queue", { n });
  }

  get waiting() {
    return this.log.filter(isOpen);
  }

  /** Takes up what an earlier page left unsent: the card first, then its scans, in their order. */
  restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#kept) ?? "null");
      if (!kept || this.log.length > 0) return;
      const card = kept.card ? [{ key: commandKey(), at: Date.now(), code: kept.card, mode: "lend", bookDrop: false }] : [];
      this.log = [...kept.scans, ...card].map((scan) => ({ ...scan, at: new Date(scan.at), state: "waiting", title: scan.title ?? scan.code, words: "" }));
      this.#changed();
      void this.#work();
    } catch {
      // nothing was kept, or the storage is closed to us
    }
  }

  /** The card whose member the next scan is for; kept with the scans that wait. */
  card = "";

  #keep() {
    try {
      const scans = this.waiting.map(({ key, at, code, mode, bookDrop, branch, choice, late, held, title }) => ({ key, at, code, mode, bookDrop, branch, choice, late, held, title }));
      if (scans.length > 0) sessionStorage.setItem(this.#kept, JSON.stringify({ card: this.card, scans }));
      else sessionStorage.removeItem(this.#kept);
    } catch {
      // the scans live as long as the page
    }
  }

  /**
   * Not sent: kept, and tried again soon. Anything else that was not foreseen is told, and the queue goes on.
   * @param {Scan} scan
   * @param {unknown} error
   */
  async #failed(scan, error) {
    if (!(error instanceof Offline)) {
      if (!(error instanceof Problem)) console.error(error);
      scan.state = "no";
      scan.words = error instanceof Problem ? reasonsOf(error).join(" ") : t("state.failedWords");
      return;
    }
    scan.state = "held";
    scan.held = true;
    this.stopped = error instanceof SignedOut ? "ended" : error instanceof Paused ? "paused" : "";
    const wait = error instanceof Paused ? Math.max(RETRY, error.retryAfter * 1000) : RETRY;
    if (this.#signal.aborted) return;
    this.#keep();
    this.#changed();
    await new Promise((done) => {
      this.wake = () => done(undefined);
      if (this.stopped !== "ended") setTimeout(done, wait); // else whoever signs in comes back to the page
    });
  }

  /** Takes a scan that was done after its page was left out of what another look at that page would take up. @param {Scan} scan */
  #done({ key }) {
    const kept = JSON.parse(sessionStorage.getItem(this.#kept) ?? "null");
    if (kept) sessionStorage.setItem(this.#kept, JSON.stringify({ ...kept, scans: kept.scans.filter((/** @type {Scan} */ one) => one.key !== key) }));
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let scan = this.waiting.at(-1); scan && !this.#signal.aborted; scan = this.waiting.at(-1)) {
        try {
          await this.#act(scan);
          if (scan.begun !== undefined && !scan.held && !scan.late) scan.took = performance.now() - scan.begun;
          this.stopped = "";
          if (this.#signal.aborted) this.#done(scan);
        } catch (error) {
          await this.#failed(scan, error);
        }
        if (this.#signal.aborted) return;
        this.log = this.log.filter(({ gone }) => !gone);
        this.#keep();
        this.#changed();
      }
    } finally {
      this.#working = false;
    }
  }
}
