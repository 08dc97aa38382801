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
 * @property {Mode} mode
 * @property {boolean} bookDrop
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

export class Scans {
  /** newest first @type {Scan[]} */
  log = [];
  #working = false;
  #act;
  #changed;
  #signal;
  #kept;

  /**
   * @param {(scan: Scan) => Promise<void>} act does one scan and writes what came of it into it; throws Offline when it could not be sent
   * @param {() => void} changed
   * @param {AbortSignal} signal
   * @param {string} [page] whose scans these are: each page keeps its own, since a scan means something else on another
   */
  constructor(act, changed, signal, page = "scans") {
    this.#act = act;
    this.#changed = () => void (signal.aborted || changed()); // of a page that was left nothing is drawn
    this.#signal = signal;
    this.#kept = `bookvault.desk.${page}`;
    addEventListener("online", () => this.#wake(), { signal });
    addEventListener("beforeunload", (event) => void (this.waiting.length > 0 && event.preventDefault()), { signal }); // closing the tab would lose them
  }

  /** @type {() => void} */
  #wake = () => {};

  /** @param {string} code @param {Mode} mode @param {boolean} bookDrop */
  push(code, mode, bookDrop) {
    const late = this.waiting.some(({ state }) => state === "held");
    this.log.unshift({ key: commandKey(), at: new Date(), begun: performance.now(), code, mode, bookDrop, late, state: "waiting", title: code, words: "" });
    while (this.log.length > LOG && !isOpen(this.log[this.log.length - 1])) this.log.pop();
    this.#keep();
    void this.#work(); // its question is on the way while it is drawn
    this.#changed();
  }

  /** Whether the library was reached and recorded nothing, so that scans are held. */
  paused = false;

  /** How the queue stands, in words; none when nothing waits. */
  get words() {
    const n = this.waiting.length;
    const held = this.waiting.some(({ state }) => state === "held");
    return n > 0 && t(!held ? "desk.queue" : this.paused ? "desk.queuePaused" : "desk.queueHeld", { n });
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
      this.log = [...kept.scans, ...card].map((scan) => ({ ...scan, at: new Date(scan.at), state: "waiting", title: scan.code, words: "" }));
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
      const scans = this.waiting.map(({ key, at, code, mode, bookDrop, late, held }) => ({ key, at, code, mode, bookDrop, late, held }));
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
    this.paused = error instanceof Paused;
    const wait = error instanceof Paused ? Math.max(RETRY, error.retryAfter * 1000) : RETRY;
    this.#keep();
    this.#changed();
    await new Promise((done) => {
      this.#wake = () => done(undefined);
      setTimeout(done, wait);
    });
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let scan = this.waiting.at(-1); scan && !this.#signal.aborted; scan = this.waiting.at(-1)) {
        try {
          await this.#act(scan);
          if (scan.begun !== undefined && !scan.held && !scan.late) scan.took = performance.now() - scan.begun;
          this.paused = false;
        } catch (error) {
          await this.#failed(scan, error);
        }
        this.#keep();
        this.#changed();
      }
    } finally {
      this.#working = false;
    }
  }
}
