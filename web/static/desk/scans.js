// scans.js: the scans of a desk, taken as fast as they come, done one after the other, in order, each exactly once.

import { commandKey, Offline } from "../lib/api.js";

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
 * @property {boolean} [undone]
 * @property {import("../lib/api.js").Problem} [problem] why not
 * @property {string} [card] whose lending was refused
 */

const KEPT = "bookvault.desk.scans";
const RETRY = 3000; // ms
const LOG = 60; // scans on screen

/**
 * What a scanner sent, without what it adds: AIM symbology identifiers ("]C1"), control characters, spaces around. Zeros stay.
 * @param {string} text
 */
export function clean(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f\u200b-\u200f\ufeff]/g, "").trim().replace(/^\][A-Za-z][0-9A-Za-z]/, "").trim();
}

export class Scans {
  /** newest first @type {Scan[]} */
  log = [];
  #working = false;
  #act;
  #changed;
  #signal;

  /**
   * @param {(scan: Scan) => Promise<void>} act does one scan and writes what came of it into it; throws Offline when it could not be sent
   * @param {() => void} changed
   * @param {AbortSignal} signal
   */
  constructor(act, changed, signal) {
    this.#act = act;
    this.#changed = changed;
    this.#signal = signal;
    addEventListener("online", () => this.#wake(), { signal });
  }

  /** @type {() => void} */
  #wake = () => {};

  /** @param {string} code @param {Mode} mode @param {boolean} bookDrop */
  push(code, mode, bookDrop) {
    this.log.unshift({ key: commandKey(), at: new Date(), code, mode, bookDrop, state: "waiting", title: code, words: "" });
    this.log.length = Math.min(this.log.length, LOG);
    this.#keep();
    this.#changed();
    void this.#work();
  }

  get waiting() {
    return this.log.filter(({ state }) => state === "waiting" || state === "held");
  }

  /** Takes up what an earlier page left unsent. @param {(card: string) => void} withCard */
  restore(withCard) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
      if (!kept) return;
      withCard(kept.card);
      this.log = kept.scans.map((/** @type {any} */ scan) => ({ ...scan, at: new Date(scan.at), state: "waiting", title: scan.code, words: "" }));
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
      const scans = this.waiting.map(({ key, at, code, mode, bookDrop }) => ({ key, at, code, mode, bookDrop }));
      if (scans.length > 0) sessionStorage.setItem(KEPT, JSON.stringify({ card: this.card, scans }));
      else sessionStorage.removeItem(KEPT);
    } catch {
      // the scans live as long as the page
    }
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let scan = this.waiting.at(-1); scan && !this.#signal.aborted; scan = this.waiting.at(-1)) {
        try {
          await this.#act(scan);
        } catch (error) {
          if (!(error instanceof Offline)) throw error;
          scan.state = "held";
          this.#changed();
          await new Promise((done) => {
            this.#wake = () => done(undefined);
            setTimeout(done, RETRY);
          });
        }
        this.#keep();
        this.#changed();
      }
    } finally {
      this.#working = false;
    }
  }
}
