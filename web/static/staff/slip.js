// slip.js: slips for the hold shelf, for a box that travels, and for whoever takes books home. A card is its last four signs only.

import { html, render } from "../lib/html.js";
import { date, moment, t } from "../lib/i18n.js";

/** @typedef {{kind: "hold", card: string, until?: string, title: string, barcode: string, branch: string} | {kind: "send", card?: string, title: string, barcode: string, branch: string} | {kind: "loans", card: string, loans: {title?: string, barcode: string, due_on: string}[]}} Slip */

/** The end of a card, as slips show it. @param {string} card */
export function lastFour(card) {
  return `····${[...card].slice(-4).join("")}`;
}

/** @param {Slip} slip */
function words(slip) {
  if (slip.kind === "loans") {
    return html`<p>${t("slip.loans")}</p><p class="slip-card">${slip.card}</p><ul>${slip.loans.map((loan) => html`<li><strong dir="auto">${loan.title ?? loan.barcode}</strong><br>${t("desk.due", { due: date(loan.due_on) })}</li>`)}</ul>`;
  }
  const book = html`<p class="slip-title" dir="auto">${slip.title}</p><p class="numbers">${slip.barcode}</p>`;
  if (slip.kind === "hold") return html`<p>${t("slip.hold")}</p><p class="slip-card">${slip.card}</p>${slip.until && html`<p>${t("slip.until", { date: date(slip.until) })}</p>`}${book}<p>${slip.branch}</p>`;
  return html`<p>${t("slip.send")}</p><p class="slip-card">${slip.branch}</p>${slip.card && html`<p>${t("slip.for", { card: slip.card })}</p>`}${book}`;
}

/**
 * Prints a slip: the page gives way to it on paper only.
 * @param {Slip} slip
 */
export function printSlip(slip) {
  document.querySelector(".slip")?.remove();
  const paper = document.createElement("div");
  paper.className = "slip";
  paper.setAttribute("aria-hidden", "true");
  render(paper, html`${words(slip)}<p class="quiet">BookVault · ${t("slip.printed", { at: moment(new Date().toISOString()) })}</p>`);
  document.body.append(paper);
  addEventListener("afterprint", () => paper.remove(), { once: true });
  print();
}
