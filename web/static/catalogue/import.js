// import.js: a file of titles is taken in: how far it is while it runs, and the rows that were refused, with the reason.

import { address, get, upload } from "../lib/api.js";
import { field, once, press, text, tick, wish, Wrong } from "../lib/forms.js";
import { find, html, keepFocus, render } from "../lib/html.js";
import { number, said, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { rooms, staff } from "../staff/frame.js";

/** @typedef {{line: number, field: string, reason: string, value?: string}} Finding */
/** @typedef {{id: number, file_name: string, state: "queued" | "running" | "done" | "failed", dry_run: boolean, percent: number, line: number, rows: number, created: number, changed: number, unchanged: number, refused: number, failure?: string, refused_rows?: {items: Finding[], next_cursor: string | null}}} Import */

const LOOK = 700; // ms between two looks

/** The types that the library takes, by the end of a name; browsers guess differently on each system. @type {[RegExp, string][]} */
const TYPES = [
  [/\.gz$/i, "application/gzip"],
  [/\.tsv$/i, "text/tab-separated-values"],
  [/\.(csv|txt)$/i, "text/csv"],
];

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff("librarian");
  const id = Number(url.searchParams.get("id"));
  if (!id) return form(who);
  const first = /** @type {Import} */ (await get(`/api/catalog/v1/imports/${id}`, {}, signal));
  return {
    title: t("staff.import"),
    body: html`${rooms(who, "/catalogue/import")}
      <div class="page-head"><div><h1>${t("staff.import")}</h1><p dir="auto">${first.file_name}</p></div><a class="button" href="/catalogue/import">${t("import.another")}</a></div>
      <div class="stack"><div id="progress" aria-live="polite"></div><section class="part" id="refused"></section><section class="part" id="left-out"></section></div>`,
    ready: (main, alive) => void follow(main, first, alive),
  };
}

/** @param {import("../lib/session.js").Me} who */
function form(who) {
  return {
    title: t("staff.import"),
    body: html`${rooms(who, "/catalogue/import")}
      <div class="page-head"><div><h1>${t("staff.import")}</h1><p class="quiet">${t("import.words")}</p></div></div>
      <form class="form" novalidate>
        <div class="whole">${field("file", t("import.file"), { type: "file" })}</div>
        <div class="whole">${tick("dry_run", t("import.dry"), true)}</div><div class="whole">${tick("overwrite", t("import.overwrite"))}</div>
        <details class="fold whole"><summary>${t("import.how")}</summary><div class="form">${field("mapping", t("import.mapping"), { max: 4000, hint: t("import.mappingHint") })}${field("source", t("import.source"), { max: 60 })}${field("delimiter", t("import.delimiter"), { max: 3 })}${field("encoding", t("import.encoding"), { max: 40 })}</div></details>
        <div class="whole"><button class="button first" type="submit">${t("import.go")}</button></div><div class="answer" aria-live="polite"></div>
      </form>`,
    /** @param {HTMLElement} main */
    ready(main) {
      wish(
        /** @type {HTMLFormElement} */ (find(main, "form.form")),
        (values) => {
          const file = values.get("file");
          if (!(file instanceof File) || file.size === 0) throw new Wrong("file", t("import.none"));
          const type = TYPES.find(([end]) => end.test(file.name))?.[1] ?? "application/octet-stream";
          const named = Object.fromEntries(["mapping", "source", "delimiter", "encoding"].map((name) => [name, text(values, name)]));
          return once(upload("/api/catalog/v1/imports", new Blob([file], { type }), { file_name: file.name, dry_run: values.has("dry_run"), overwrite: values.has("overwrite"), ...named }));
        },
        (/** @type {Import} */ { id }) => go(address("/catalogue/import", { id })),
      );
    },
  };
}

/** @param {Import} one */
function progress(one) {
  const counts = /** @type {const} */ ([["import.created", one.created], ["import.changed", one.changed], ["import.unchanged", one.unchanged], ["import.refusedN", one.refused]]);
  const words = { queued: t("import.queued"), running: t("import.running", { n: one.line }), done: t("import.done"), failed: `${t("import.failed")} ${said(one.failure ?? "")}` }[one.state];
  return html`<label class="quiet small" for="bar">${t("import.progress")}</label><progress id="bar" max="100" value="${one.state === "done" ? 100 : one.percent}"></progress>
    <p class="${one.state === "failed" && "note bad"}">${words} ${one.dry_run && t("import.tried")}</p>
    <dl class="facts">${counts.map(([name, n]) => html`<div><dt>${t(name)}</dt><dd class="numbers">${number(n)}</dd></div>`)}</dl>`;
}

/** @param {Finding[]} findings @param {string} heading */
function table(findings, heading) {
  if (findings.length === 0) return null;
  return html`<h2 tabindex="-1">${heading}</h2><table class="rows" aria-label="${heading}"><thead><tr><th scope="col" class="number">${t("import.line")}</th><th scope="col">${t("import.field")}</th><th scope="col">${t("import.why")}</th><th scope="col">${t("import.value")}</th></tr></thead>
    <tbody>${findings.map(({ line, field: at, reason, value }) => html`<tr><td class="number" data-label="${t("import.line")}">${number(line)}</td><td dir="auto" data-label="${t("import.field")}">${at}</td><td data-label="${t("import.why")}">${said(reason)}</td><td dir="auto" data-label="${t("import.value")}">${value}</td></tr>`)}</tbody></table>`;
}

/**
 * Looks again and again until the import is over; then shows what was refused and left out.
 * @param {HTMLElement} main
 * @param {Import} one
 * @param {AbortSignal} signal
 */
async function follow(main, one, signal) {
  const at = `/api/catalog/v1/imports/${one.id}`;
  for (;;) {
    render(find(main, "#progress"), progress(one));
    if (one.state === "done" || one.state === "failed") break;
    await new Promise((done) => setTimeout(done, LOOK));
    if (signal.aborted) return;
    one = await get(at, {}, signal).catch(() => one);
    if (signal.aborted) return;
  }
  const refused = find(main, "#refused");
  let { items, next_cursor: cursor } = one.refused_rows ?? { items: [], next_cursor: null };
  const draw = () => keepFocus(refused, () => render(refused, html`${table(items, t("import.refused"))}${cursor && html`<p class="more"><button type="button" class="button">${t("staff.more")}</button></p><div class="answer" aria-live="polite"></div>`}`), () => refused.querySelector("h2"));
  draw();
  refused.addEventListener("click", (event) => {
    if (!(event.target instanceof HTMLButtonElement)) return;
    void press(event.target, find(refused, ".answer"), () => get(at, { cursor }, signal), (/** @type {Import} */ more) => {
      items = [...items, ...(more.refused_rows?.items ?? [])];
      cursor = more.refused_rows?.next_cursor ?? null;
      draw();
    });
  });
  const left = await get(`${at}/left-out`, { limit: 100 }, signal).catch(() => null);
  if (left && !signal.aborted) render(find(main, "#left-out"), table(left.items, t("import.leftOut")));
}
