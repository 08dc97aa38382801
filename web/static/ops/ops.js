// ops.js: the performance patterns: each as a card with its switch, what it does now, how that went, and what it gained when measured; and the
// way of a request through them, with live numbers.

import { get, put } from "../lib/api.js";
import { failure } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { language, maybe, t } from "../lib/i18n.js";
import { listen } from "../lib/live.js";
import { saidOf } from "../lib/refusals.js";
import { toast } from "../parts/toast.js";
import { rooms, staff } from "../staff/frame.js";
import { figureLine, Trend } from "./figures.js";

/** @typedef {{name: string, enabled: boolean, configured: boolean, fixed?: boolean, gain?: string}} Pattern */
/** @typedef {import("./figures.js").Figure} Figure */
/** @typedef {{items: {name: string, enabled: boolean, figures: Figure[]}[], way: {place: string, figures: Figure[]}[]}} News */

/** The places that a read passes, in their order, with the patterns that stand there. @type {[string, string[]][]} */
const WAY = [
  ["gateway", ["rate_limit", "cdn", "compression", "logging", "metrics"]],
  ["cache", ["gateway_cache"]],
  ["api", ["adaptive_limit"]],
  ["layers", ["fallback", "cache_aside", "remote_cache", "read_through", "write_through", "write_behind", "coalescing", "retry", "circuit_breaker", "bulkhead", "hedging"]],
  ["replicas", ["read_replicas", "materialized_views"]],
  ["primary", ["pool_tuning", "group_commit", "ledger", "sharding"]],
];

const SETTLES = 3000; // ms in which news may still be from before a switch

/** A name that may go on in a new line after each of its words. @param {string} name */
const stepName = (name) => name.split("_").map((word, i) => html`${i > 0 && html`_<wbr>`}${word}`);

/** @param {boolean} on */
const state = (on) => t(on ? "ops.on" : "ops.off");

/** The bench's phrases and the reader's own; of English none. @type {[string, string][]} */
let phrases = [];

/** What the bench says of gains, in the reader's language: its phrases, and numbers as they are written there. @param {string} gain */
function translated(gain) {
  if (phrases.length === 0) return gain;
  const known = phrases.reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), gain);
  return known.replace(/\d[\d.,]*\d/g, (figure) => figure.replace(/[.,]/g, (sign) => (sign === "." ? "," : ".")));
}

/** What a pattern gained: the first figure at once, the others when asked for. @param {string} [gain] */
function gainOf(gain = "") {
  const [first, ...rest] = translated(gain.replace(/ \(PERFORMANCE\)$/, "")).replaceAll("(-", "(−").replaceAll(" %", "\u00a0%").split(/(?<=\))[,;.] /);
  return html`<div class="small gain"><p><span class="quiet">${t("ops.gain")}</span> ${first || t("ops.unmeasured")}</p>
    ${rest.length > 0 && html`<details class="fold"><summary>${t("ops.gainMore")}</summary><ul>${rest.map((figure) => html`<li>${figure}</li>`)}</ul></details>`}</div>`;
}

/** @param {Pattern} pattern */
function card({ name, enabled, configured, fixed, gain }) {
  return html`<li class="sheet pattern" data-pattern="${name}"><div class="switch-line"><h2>${name}</h2>
      ${fixed ? html`<span class="quiet small">${t("ops.fixed")}</span>` : html`<label class="toggle"><input type="checkbox" role="switch" aria-label="${t("ops.switch", { name })}"${enabled && html` checked`}><span class="now">${state(enabled)}</span></label>`}</div>
    <p class="quiet">${maybe(`pattern.${name}`)}</p>
    <div class="trend"></div>
    <dl class="doing"></dl>
    ${gainOf(gain)}
    ${enabled !== configured && html`<p class="note warn">${t("ops.differs", { state: state(configured) })}</p>`}
    <div class="answer" aria-live="polite"></div></li>`;
}

/** The places, each with its patterns. @param {Pattern[]} patterns */
function way(patterns) {
  return html`<ol class="way">${WAY.map(([place, names]) => html`<li class="sheet place" data-place="${place}"><h3>${t(/** @type {import("../lib/i18n.js").Key} */ (`way.${place}`))}</h3><dl class="doing"></dl>
    <ul>${names.flatMap((name) => patterns.filter((one) => one.name === name)).map(({ name, enabled }) => html`<li><span class="step${!enabled && " off"}">${stepName(name)}${!enabled && html`<span class="hidden-text"> (${t("ops.off")})</span>`}</span></li>`)}</ul></li>`)}</ol>`;
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ signal }) {
  const who = await staff("administrator");
  phrases = language() === "vi" ? (await import("../i18n/gains-vi.js")).gains : [];
  const patterns = /** @type {Pattern[]} */ ((await get("/api/ops/v1/patterns", {}, signal)).items);
  return {
    title: t("staff.ops"),
    body: html`${rooms(who, "/ops")}
      <div class="page-head"><div><h1>${t("staff.ops")}</h1><p class="quiet">${t("ops.words")}</p><div id="line" role="status"></div></div></div>
      <div class="stack"><section class="part" aria-labelledby="way-head"><h2 id="way-head">${t("ops.way")}</h2><div id="way">${way(patterns)}</div></section>
        <ul class="patterns">${patterns.map(card)}</ul><p class="quiet">${t("ops.more")}</p></div>`,
    ready: (main, alive) => run(main, patterns, alive),
  };
}

/** @param {HTMLElement} main @param {Pattern[]} patterns @param {AbortSignal} signal */
function run(main, patterns, signal) {
  const trends = new Map(patterns.map(({ name }) => [name, new Trend()]));
  /** @type {News | undefined} */
  let last;
  const draw = () => {
    for (const { place, figures } of last?.way ?? []) render(find(main, `[data-place="${place}"] .doing`), figures.map(figureLine));
    for (const { name, figures } of last?.items ?? []) {
      const at = main.querySelector(`[data-pattern="${name}"]`);
      if (!at) continue;
      render(find(at, ".doing"), figures.map(figureLine));
      render(find(at, ".trend"), trends.get(name)?.drawn());
    }
  };
  /** The card of a pattern, which is drawn anew when it changes. @param {string} name */
  const place = (name) => find(main, `[data-pattern="${name}"]`);
  const show = (/** @type {Pattern} */ now) => {
    patterns.splice(patterns.findIndex(({ name }) => name === now.name), 1, now);
    const fresh = document.createElement("ul");
    render(fresh, card(now));
    const old = place(now.name);
    const held = old.contains(document.activeElement);
    old.replaceWith(/** @type {Element} */ (fresh.firstElementChild));
    if (held) place(now.name).querySelector("input")?.focus({ preventScroll: true });
    render(find(main, "#way"), way(patterns));
    draw();
  };
  /** What is wanted of the switches whose command is on the way. @type {Map<string, boolean>} */
  const wanted = new Map();
  /** When a switch was last made here: news from before is no news. @type {Map<string, number>} */
  const made = new Map();
  const heard = (/** @type {News} */ news) => {
    last = news;
    for (const { name, enabled } of news.items) {
      const known = patterns.find((one) => one.name === name);
      if (known && known.enabled !== enabled && !wanted.has(name) && performance.now() - (made.get(name) ?? -SETTLES) >= SETTLES) show({ ...known, enabled }); // somebody else's
    }
    for (const { name, figures } of news.items) trends.get(name)?.add(figures[0]);
    draw();
  };
  listen({ patterns: heard }, signal, "?patterns=true", (live) => render(find(main, "#line"), !live && html`<p class="note warn">${t("ops.old")}</p>`));
  find(main, ".patterns").addEventListener("change", async ({ target }) => {
    const name = target instanceof HTMLInputElement ? target.closest(".pattern")?.getAttribute("data-pattern") : null;
    if (!(target instanceof HTMLInputElement) || !name) return;
    const known = patterns.find((one) => one.name === name);
    const underWay = wanted.has(name);
    wanted.set(name, target.checked);
    if (underWay || !known) return; // one command at a time; the last click counts
    try {
      let now = known;
      for (let sent; sent !== wanted.get(name); ) {
        sent = wanted.get(name);
        now = /** @type {Pattern} */ (await put(`/api/ops/v1/patterns/${name}`, { enabled: sent }));
      }
      made.set(name, performance.now());
      if (!signal.aborted) show(now);
    } catch (error) {
      if (signal.aborted) return toast(t("late.not", { words: saidOf(error) }), "bad");
      show(known);
      render(find(place(name), ".answer"), failure(error));
    } finally {
      wanted.delete(name);
    }
  });
}
