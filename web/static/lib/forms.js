// forms.js: labelled controls as markup, and forms that send one wish: a second click, and a second try after a lost answer, are the same command.

import { commandKey, Offline, Problem } from "./api.js";
import { find, html, render } from "./html.js";
import { t } from "./i18n.js";
import { toast } from "../parts/toast.js";
import { refusal, saidOf } from "./refusals.js";
import { staying } from "./router.js";

let serial = 0;

/**
 * @typedef {object} Control
 * @property {unknown} [value]
 * @property {string} [type]
 * @property {boolean} [required]
 * @property {number} [max] characters
 * @property {string} [hint] a line below
 * @property {string} [inputmode]
 * @property {boolean} [rows] a box of several lines
 * @property {string} [autocomplete]
 */

/**
 * A labelled box.
 * @param {string} name
 * @param {string} label
 * @param {Control} [control]
 */
export function field(name, label, { value, type = "text", required, max = 500, hint, inputmode, rows, autocomplete = "off" } = {}) {
  const id = `f${++serial}`;
  const described = hint && html` aria-describedby="${id}-hint"`;
  const text = value === undefined || value === null ? "" : String(value);
  return html`<div class="field"><label for="${id}">${label}</label>${
    rows
      ? html`<textarea class="input" id="${id}" name="${name}" maxlength="${max}" rows="5" dir="auto"${required && html` required`}${described}>${text}</textarea>`
      : html`<input class="input" id="${id}" name="${name}" type="${type}" value="${text}"${type === "text" && html` maxlength="${max}" dir="auto"`}${type === "date" && html` max="9999-12-31"`} autocomplete="${autocomplete}"${required && html` required`}${inputmode && html` inputmode="${inputmode}"`}${described}>`
  }${hint && html`<p class="quiet small" id="${id}-hint">${hint}</p>`}</div>`;
}

/**
 * A labelled list to choose from.
 * @param {string} name
 * @param {string} label
 * @param {{code: string, name: string}[]} options
 * @param {string} [value]
 */
export function choice(name, label, options, value) {
  const id = `f${++serial}`;
  return html`<div class="field"><label for="${id}">${label}</label><select class="input" id="${id}" name="${name}">${options.map(({ code, name: words }) => html`<option value="${code}"${code === value && html` selected`}>${words}</option>`)}</select></div>`;
}

/** @param {string} name @param {string} label @param {boolean} [on] */
export function tick(name, label, on) {
  return html`<label class="tick"><input type="checkbox" name="${name}"${on && html` checked`}><span>${label}</span></label>`;
}

/** The text of a control without spaces around. @param {FormData} form @param {string} name */
export function text(form, name) {
  return String(form.get(name) ?? "").trim();
}

/**
 * What went wrong with a wish, in words. Where the session has ended, what stands in the page stays, to be sent again.
 * @param {unknown} error
 */
export function failure(error) {
  if (error instanceof Problem && error.status === 401) return html`<p class="note bad" role="alert" data-ended>${t("session.ended")} <a href="/sign-in" target="_blank">${t("session.signIn")}</a></p>`;
  if (error instanceof Problem) return refusal(error);
  if (![Offline, TypeError, Wrong].some((known) => error instanceof known)) console.error(error);
  return html`<p class="note bad" role="alert">${wordsOf(error)}</p>`;
}

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Wrong ? error.message : saidOf(error));

/** Whether a question was given up, since the reader has moved on. @param {unknown} error */
const movedOn = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * Tells what went wrong where it was asked for; by a toast when that is no longer in the page.
 * @param {Element} place
 * @param {unknown} error
 * @param {boolean} here whether the reader is still at that page
 */
function tell(place, error, here) {
  if (movedOn(error)) return;
  if (here && place.isConnected) return render(place, failure(error));
  toast(here ? wordsOf(error) : t("late.not", { words: wordsOf(error) }), "bad");
}

/**
 * Goes on once a command is done: only where the reader still is at its page, or else a toast says it.
 * @param {Element} place
 * @param {boolean} here
 * @param {() => unknown} done
 */
async function goOn(place, here, done) {
  if (!here) return toast(t("late.done"), "good");
  try {
    await done();
  } catch (error) {
    if (movedOn(error)) return;
    if (!(error instanceof Offline || error instanceof Problem)) console.error(error);
    if (place.isConnected) render(place, html`<p class="note warn" role="alert">${t("late.stale")}</p>`);
    else toast(t("late.stale"));
  }
}

/** For a command without a key, whose answer was lost: it may have been done. @template T @param {Promise<T>} answer */
export function once(answer) {
  return answer.catch((error) => {
    throw error instanceof Offline ? new Wrong("", t("offline.perhaps")) : error;
  });
}

/** An input that cannot be sent as it stands. */
export class Wrong extends Error {
  /** @param {string} name of the control @param {string} words */
  constructor(name, words) {
    super(words);
    this.control = name;
  }
}

/**
 * Marks the first control that the answer speaks of, and puts the focus there.
 * @param {HTMLFormElement} form
 * @param {string[]} names
 */
function mark(form, names) {
  const found = names.map((name) => form.elements.namedItem(name)).filter((control) => control instanceof HTMLElement);
  for (const control of found) control.setAttribute("aria-invalid", "true");
  found[0]?.focus();
  return found.length > 0;
}

/**
 * Makes a form send its wish. Its `.answer` says what went wrong; `send` may throw Wrong for what it sees itself. `done` is what the page
 * does then, if the reader is still there.
 * @template T
 * @param {HTMLFormElement} form
 * @param {(values: FormData, key: string) => Promise<T>} send
 * @param {(answer: T) => unknown} done
 */
export function wish(form, send, done) {
  let key = commandKey();
  let busy = false;
  const answer = find(form, ".answer");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const here = staying();
    const sender = event.submitter;
    sender?.setAttribute("aria-disabled", "true");
    render(answer, null);
    for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
    try {
      const came = await send(new FormData(form, sender), key);
      key = commandKey();
      await goOn(answer, here(), () => done(came));
    } catch (error) {
      if (error instanceof Problem) key = commandKey();
      tell(answer, error, here());
      const named = error instanceof Wrong ? [error.control] : error instanceof Problem ? error.errors.map(({ field: at }) => at.replace(/^body\./, "").replace(/[.[].*$/, "")) : [];
      mark(form, named);
    } finally {
      busy = false;
      sender?.removeAttribute("aria-disabled");
    }
  });
}

/**
 * Sends the command of a button; what goes wrong is told in `place`. `done` is what the page does then, if the reader is still there. The
 * button keeps its key until there is an answer.
 * @template T
 * @param {HTMLElement} button
 * @param {Element} place
 * @param {(key: string) => Promise<T>} send
 * @param {(answer: T) => unknown} done
 */
export async function press(button, place, send, done) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const here = staying();
  const key = (button.dataset.key ??= commandKey());
  button.setAttribute("aria-disabled", "true");
  render(place, null);
  try {
    const came = await send(key);
    delete button.dataset.key;
    await goOn(place, here(), () => done(came));
  } catch (error) {
    if (error instanceof Problem) delete button.dataset.key;
    tell(place, error, here());
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
