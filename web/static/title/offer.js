// offer.js: what a reader can do with a title: borrow a copy that is in, or wait for one that is out.

import { post } from "../lib/api.js";
import { branches, branchName } from "../lib/branches.js";
import { press } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { dateWithDistance, speakMore, t } from "../lib/i18n.js";
import { fillAvailability } from "../parts/availability.js";
import { toast } from "../parts/toast.js";
import { copies } from "./copies.js";

/** @typedef {import("../lib/types.js").Availability} Availability */
/** @typedef {import("../lib/types.js").Hold} Hold */
/** @typedef {import("../lib/types.js").Loan} Loan */
/** @typedef {import("../lib/session.js").Me} Me */

/**
 * @param {HTMLElement} place
 * @param {number} book
 * @param {Me} member
 * @param {Availability} counts
 */
export async function offer(place, book, member, { available }) {
  await speakMore("account"); // a refusal says why
  if (available > 0) {
    borrow(place, book, member);
  } else {
    await hold(place, book, member);
  }
}

/**
 * A form with one button that sends one wish: a double click, and a second try after a lost answer, are the same command.
 * @template T
 * @param {HTMLElement} place
 * @param {number} book
 * @param {import("../lib/html.js").Html} controls
 * @param {(form: FormData, key: string) => Promise<T>} send
 * @param {(answer: T) => Promise<import("../lib/html.js").Html>} done the words for what came of it
 */
function wish(place, book, controls, send, done) {
  render(place, html`<form class="offer">${controls}</form><div class="answer" aria-live="polite"></div>`);
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  const button = find(form, "button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void press(button, find(place, ".answer"), (key) => send(new FormData(form), key), async (came) => {
      const words = await done(came);
      render(place, html`<p class="note good" tabindex="-1">${words}</p>`);
      find(place, ".note").focus();
      recount(book);
    });
  });
}

/** The counts and the copies changed by what was just done. @param {number} book */
function recount(book) {
  const main = find(document, "#main");
  const { signal } = new AbortController();
  main.querySelector(`bv-availability[data-book="${book}"]`)?.removeAttribute("class");
  void fillAvailability(main, signal);
  const listed = main.querySelector("#copies");
  if (listed instanceof HTMLElement) void copies(listed, { id: book }, signal);
}

/** @param {HTMLElement} place @param {number} book @param {Me} member */
function borrow(place, book, member) {
  wish(
    place,
    book,
    html`<button type="submit" class="button first">${t("title.borrow")}</button>`,
    (_, key) => /** @type {Promise<Loan>} */ (post("/api/borrowing/v1/loans", { member_card: member.card, book_id: book }, key)),
    async ({ due_on }) => {
      toast(t("title.borrowed"), "good");
      return html`${t("title.borrowedUntil", { due: dateWithDistance(due_on) })} <a href="/loans">${t("nav.loans")}</a>`;
    },
  );
}

/** @param {HTMLElement} place @param {number} book @param {Me} member */
async function hold(place, book, member) {
  const places = await branches().catch(() => []);
  wish(
    place,
    book,
    html`${places.length > 1 && html`<label class="pickup"><span>${t("title.pickup")}</span><select class="input" name="branch">${places.map(({ code, name }) => html`<option value="${code}">${name}</option>`)}</select></label>`}
      <button type="submit" class="button first">${t("title.hold")}</button>`,
    (form, key) => /** @type {Promise<Hold>} */ (post("/api/borrowing/v1/holds", { member_card: member.card, book_id: book, ...(form.get("branch") && { pickup_branch: form.get("branch") }) }, key)),
    async ({ position, pickup_branch }) => {
      toast(t("title.held"), "good");
      const name = await branchName();
      return html`${t("title.heldAt", { position, branch: name(pickup_branch) })} <a href="/loans">${t("nav.loans")}</a>`;
    },
  );
}
