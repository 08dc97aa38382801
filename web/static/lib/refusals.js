// refusals.js: a refusal in words: every reason, in the reader's language where its code is known.

import { Offline, Problem } from "./api.js";
import { html } from "./html.js";
import { maybe, said, t } from "./i18n.js";

/** @typedef {import("./api.js").Reason} Reason */

/** @param {Pick<Reason, "code" | "detail">} reason */
export function reasonWords({ code, detail }) {
  return maybe(`refusal.${code}`) ?? (said(detail ?? "") || t("refusal.unknown", { code }));
}

/**
 * All the reasons of a problem, each in words.
 * @param {Problem} problem
 * @returns {string[]}
 */
export function reasonsOf(problem) {
  if (problem.reasons.length > 0) return problem.reasons.map(reasonWords);
  if (problem.status === 401) return [t("refusal.signed_out")];
  if (problem.status === 429) return [t("refusal.too_many")];
  return [reasonWords({ code: problem.code, detail: problem.detail })];
}

/**
 * What went wrong, in one line.
 * @param {unknown} error
 */
export function saidOf(error) {
  if (error instanceof Problem) return reasonsOf(error).join(" ");
  return t(error instanceof Offline ? "offline.try" : "state.failedWords");
}

/**
 * A note with the reasons of a refusal.
 * @param {Problem} problem
 */
export function refusal(problem) {
  const reasons = reasonsOf(problem);
  return html`<div class="note bad" role="alert">${reasons.length === 1 ? html`<p>${reasons[0]}</p>` : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}</div>`;
}
