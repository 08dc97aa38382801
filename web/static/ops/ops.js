// ops.js: the performance patterns: each as a card with its switch, and the way of a request through those that are on.

import { get, put } from "../lib/api.js";
import { failure } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { maybe, number, t } from "../lib/i18n.js";
import { listen } from "../lib/live.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {{name: string, enabled: boolean, configured: boolean}} Pattern */

/** The order in which a read meets the patterns, by where they stand. @type {[import("../lib/i18n.js").Key, string[]][]} */
const WAY = [
  ["ops.gateway", ["rate_limit", "cdn", "gateway_cache", "compression", "adaptive_limit"]],
  ["ops.layers", ["fallback", "cache_aside", "remote_cache", "read_through", "write_through", "write_behind", "coalescing", "retry", "circuit_breaker", "bulkhead", "hedging", "group_commit"]],
  ["ops.database", ["pool_tuning", "materialized_views", "read_replicas"]],
];

/** @param {boolean} on */
const state = (on) => t(on ? "ops.on" : "ops.off");

/** @param {Pattern} pattern */
function card({ name, enabled, configured }) {
  return html`<li class="sheet pattern" data-pattern="${name}"><div class="switch-line"><h2>${name}</h2>
      <label class="toggle"><input type="checkbox" role="switch" aria-label="${t("ops.switch", { name })}"${enabled && html` checked`}><span class="now">${state(enabled)}</span></label></div>
    <p class="quiet">${maybe(`pattern.${name}`)}</p>
    <p class="done" hidden></p>
    ${enabled !== configured && html`<p class="note warn">${t("ops.differs", { state: state(configured) })}</p>`}
    <div class="answer" aria-live="polite"></div></li>`;
}

/** @param {Pattern[]} patterns */
function way(patterns) {
  const steps = WAY.map(([place, names]) => ({ place, steps: names.flatMap((name) => patterns.filter((one) => one.name === name)) }));
  return steps.filter((one) => one.steps.length > 0).map(({ place, steps: list }) => html`<h3>${t(place)}</h3><ol class="way">${list.map(({ name, enabled }) => html`<li><span class="step${!enabled && " off"}">${name}${!enabled && html`<span class="hidden-text"> (${t("ops.off")})</span>`}</span></li>`)}</ol>`);
}

/** Shows how much each pattern has done so far. @param {Element} main @param {{name: string, done?: number}[]} items */
function figures(main, items) {
  for (const { name, done } of items) {
    const line = main.querySelector(`[data-pattern="${name}"] .done`);
    if (!(line instanceof HTMLElement) || done === undefined) continue;
    line.textContent = t("ops.done", { n: number(done) });
    line.hidden = false;
  }
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const who = await staff("administrator");
  const patterns = /** @type {Pattern[]} */ ((await get("/api/ops/v1/patterns", {}, signal)).items);
  return {
    title: t("staff.ops"),
    body: html`${rooms(who, "/ops")}
      <div class="page-head"><div><h1>${t("staff.ops")}</h1><p class="quiet">${t("ops.words")}</p></div></div>
      <div class="stack"><ul class="patterns">${patterns.map(card)}</ul><section class="part" aria-labelledby="way-head"><h2 id="way-head">${t("ops.way")}</h2><div id="way">${way(patterns)}</div></section><p class="quiet">${t("ops.more")}</p></div>`,
    ready(main, alive) {
      listen({ patterns: ({ items }) => figures(main, items) }, alive, "?patterns=true");
      find(main, ".patterns").addEventListener("change", async ({ target }) => {
        const place = target instanceof HTMLInputElement ? target.closest(".pattern") : null;
        if (!(target instanceof HTMLInputElement) || !(place instanceof HTMLElement)) return;
        const wanted = target.checked;
        try {
          const now = /** @type {Pattern} */ (await put(`/api/ops/v1/patterns/${place.dataset.pattern}`, { enabled: wanted }));
          patterns.splice(patterns.findIndex(({ name }) => name === now.name), 1, now);
          const old = document.createElement("ul");
          render(old, card(now));
          place.replaceWith(/** @type {Element} */ (old.firstElementChild));
          render(find(main, "#way"), way(patterns));
          find(main, `[data-pattern="${now.name}"] input`).focus();
        } catch (error) {
          target.checked = !wanted;
          render(find(place, ".answer"), failure(error));
        }
      });
    },
  };
}
