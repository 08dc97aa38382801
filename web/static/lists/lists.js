// lists.js: the desk's lists: what to fetch from the shelves, what waits on the hold shelf, what travels, what is said to be returned. A scan acts, and the list follows.

import { commandKey, get, post } from "../lib/api.js";
import { branches, branchName } from "../lib/branches.js";
import { press } from "../lib/forms.js";
import { find, html, keepFocus, render } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { turn } from "../lib/in-use.js";
import { saidOf } from "../lib/refusals.js";
import { Desk } from "../desk/actions.js";
import { titleOf } from "../desk/answers.js";
import "../desk/add-copy.js";
import { drawLog, scanAt } from "../desk/log.js";
import { clean, Scans } from "../desk/scans.js";
import { play } from "../desk/sound.js";
import { undo } from "../desk/undo.js";
import { toast } from "../parts/toast.js";
import { branchChoice, deskBranch, keepBranch, rooms, staff } from "../staff/frame.js";
import { printSlip } from "../staff/slip.js";
import { claimRows, clearRows, pullRows, shelfRows, transitRows } from "./rows.js";

/** @typedef {import("./rows.js").Pull} Pull */
/** @typedef {import("./rows.js").Shelved} Shelved */
/** @typedef {import("./rows.js").Travelling} Travelling */
/** @typedef {import("./rows.js").Claim} Claim */
/** @typedef {"pull-list" | "hold-shelf" | "transit" | "claims"} Kind */

const LIMIT = 200; // rows; what is scanned makes room for the rest
const FETCHED = "bookvault.desk.fetched";
const REMEMBERED = 500; // of them

/** @type {Record<Kind, [import("../lib/i18n.js").Key, import("../lib/i18n.js").Key, import("../lib/i18n.js").Key]>} */
const WORDS = {
  "pull-list": ["staff.pull", "lists.pullWords", "lists.pullNone"],
  "hold-shelf": ["staff.shelf", "lists.shelfWords", "lists.shelfNone"],
  transit: ["staff.transit", "lists.transitWords", "lists.transitNone"],
  claims: ["staff.claims", "lists.claimWords", "lists.claimNone"],
};

/** The web loans that were fetched in this tab, also before it was loaded anew. @returns {Set<number>} */
function fetchedBefore() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(FETCHED) ?? "[]"));
  } catch {
    return new Set(); // the storage is closed to us
  }
}

/** @param {Set<number>} fetched */
function remember(fetched) {
  try {
    sessionStorage.setItem(FETCHED, JSON.stringify([...fetched].slice(-REMEMBERED)));
  } catch {
    // they are known as long as the page
  }
}

/**
 * One list of a branch: its rows by barcode, and how they look.
 * @param {Kind} kind
 * @param {string} branch
 * @param {Set<number>} fetched web loans that were scanned
 * @param {AbortSignal} [signal]
 */
async function load(kind, branch, fetched, signal) {
  const names = await branchName(signal);
  const path = `/api/borrowing/v1/${kind}`;
  const rows = /** @type {(Pull | Shelved | Travelling | Claim)[]} */ ((await get(path, { branch, limit: LIMIT }, signal)).items);
  const gone = kind === "hold-shelf" ? /** @type {Shelved[]} */ ((await get(path, { branch, limit: LIMIT, clear: true }, signal)).items) : [];
  const count = (/** @type {unknown[]} */ list) => html` <span class="quiet small">${t("lists.n", { n: list.length })}</span>`;
  /** @type {unknown} */
  let body = html`<p class="quiet">${t(WORDS[kind][2])}</p>`;
  if (kind === "pull-list" && rows.length > 0) body = pullRows(/** @type {Pull[]} */ (rows), names, fetched);
  if (kind === "transit" && rows.length > 0) body = transitRows(/** @type {Travelling[]} */ (rows), names);
  if (kind === "claims" && rows.length > 0) body = claimRows(await withMarks(/** @type {Claim[]} */ (rows), signal));
  if (kind === "hold-shelf" && rows.length + gone.length > 0) {
    body = html`${gone.length > 0 && html`<section class="part"><h2>${t("lists.clear")}${count(gone)}</h2><p class="quiet">${t("lists.clearWords")}</p>${clearRows(gone, t("lists.clear"))}</section>`}
      ${rows.length > 0 && html`<section class="part"><h2>${t("lists.waiting")}${count(rows)}</h2>${shelfRows(/** @type {Shelved[]} */ (rows), t("lists.waiting"))}</section>`}`;
  }
  return { rows: [...rows, ...gone], body: /** @type {import("../lib/html.js").Html} */ (body) };
}

/**
 * The claims, with the marks by which their copies are found on the shelves.
 * @param {Claim[]} claims
 * @param {AbortSignal} [signal]
 */
async function withMarks(claims, signal) {
  const copies = await Promise.all(claims.map(({ barcode }) => get(`/api/borrowing/v1/items/${encodeURIComponent(barcode)}`, {}, signal).catch(() => null)));
  return claims.map((claim, i) => ({ ...claim, mark: [copies[i]?.location, copies[i]?.call_number].filter(Boolean).join(" ") }));
}

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, signal }) {
  const who = await staff();
  const kind = /** @type {Kind} */ (url.pathname.slice("/desk/".length));
  const places = await branches(signal).catch(() => []);
  const branch = deskBranch(places);
  const fetched = fetchedBefore();
  const first = await load(kind, branch, fetched, signal);
  const [heading, words] = WORDS[kind];
  return {
    title: t(heading),
    body: html`${rooms(who, url.pathname)}
      <div class="page-head"><div><h1>${t(heading)}</h1><p class="quiet">${t(words)}</p></div>${branchChoice(places, branch)}</div>
      <form class="list-box" autocomplete="off"><label class="hidden-text" for="scan">${t("lists.scan")}</label>
        <input class="input" id="scan" name="scan" maxlength="100" placeholder="${t("lists.scan")}" spellcheck="false" autocapitalize="off" enterkeyhint="done">
        <p class="queue quiet small" id="queue" role="status"></p></form>
      <p class="hidden-text" role="status" aria-live="assertive" id="last"></p>
      <div id="log"></div>
      <div id="list" class="stack">${first.body}</div>`,
    ownFocus: true,
    ready(main, alive) {
      run(main, alive, kind, branch, fetched, first.rows, who);
    },
  };
}

/**
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 * @param {Kind} kind
 * @param {string} branch
 * @param {Set<number>} fetched
 * @param {(Pull | Shelved | Travelling | Claim)[]} rows
 * @param {import("../lib/session.js").Me} who
 */
function run(main, signal, kind, branch, fetched, rows, who) {
  const desk = new Desk();
  desk.branch = branch;
  desk.mode = "check-in";
  const box = /** @type {HTMLInputElement} */ (find(main, "#scan"));
  const list = find(main, "#list");
  let spoken = "";

  const look = async (/** @type {AbortSignal | undefined} */ ends) => {
    const latest = turn(list);
    const next = await load(kind, desk.branch, fetched, ends);
    if (signal.aborted || !latest()) return next.rows;
    rows = next.rows;
    keepFocus(list, () => render(list, next.body), () => box);
    return rows;
  };
  const follow = () => look(signal).catch(() => []);
  const draw = () => {
    const log = find(main, "#log");
    if (!log.querySelector("details[open]:focus-within")) keepFocus(log, () => drawLog(log, scans.log, who, ""), () => box);
    render(find(main, "#queue"), scans.words);
    const last = scans.log.find(({ state }) => state !== "waiting");
    const words = last ? `${last.title}: ${last.words}` : "";
    if (!last || words === spoken) return;
    render(find(main, "#last"), (spoken = words));
    play(last.alert && last.state === "ok" ? "note" : last.state);
    if (scans.waiting.length === 0) void follow();
  };
  const scans = new Scans(
    async (scan) => {
      const named = (/** @type {typeof rows} */ list) => /** @type {Pull | undefined} */ (list.find(({ barcode }) => barcode === scan.code));
      const pull = kind === "pull-list" ? (named(rows) ?? named(await look(undefined))) : undefined; // it may have been lent on the web since the list came
      if (pull?.kind !== "loan" || !pull.loan_id) return desk.take(scan);
      fetched.add(pull.loan_id); // its member has it on loan already: it is kept, not checked in
      remember(fetched);
      scan.state = "note";
      scan.title = pull.title ?? (await titleOf(pull.book_id));
      scan.words = t("lists.fetched");
    },
    draw,
    signal,
    kind,
  );

  find(main, "form.list-box").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = clean(box.value);
    box.value = "";
    box.focus();
    if (code) scans.push(code, "check-in", false);
  });
  main.querySelector("[name=branch]")?.addEventListener("change", (event) => {
    desk.branch = /** @type {HTMLSelectElement} */ (event.target).value;
    keepBranch(desk.branch);
    void follow();
    box.focus();
  }, { signal });
  find(main, "#log").addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-slip], [data-undo]") : null;
    if (!(button instanceof HTMLElement)) return;
    const scan = scanAt(find(main, "#log"), button);
    if ("slip" in button.dataset && scan?.slip) printSlip(scan.slip);
    if ("undo" in button.dataset && scan) void undo(desk, scan, commandKey()).catch((error) => toast(saidOf(error), "bad")).then(draw);
    box.focus();
  });
  find(main, "#log").addEventListener("copy-added", (event) => {
    const scan = scanAt(find(main, "#log"), /** @type {HTMLElement} */ (event.target));
    box.focus();
    if (scan) scans.push(scan.code, "check-in", false);
  });
  list.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-act]") : null;
    if (!(button instanceof HTMLElement)) return;
    const barcode = button.closest("tr")?.dataset.barcode ?? "";
    const row = rows.find((one) => one.barcode === barcode);
    if (!row) return;
    if (button.dataset.act === "missing") {
      await press(button, find(/** @type {Element} */ (button.parentElement), ".answer"), (key) => post(`/api/borrowing/v1/items/${encodeURIComponent(barcode)}/missing`, {}, key), async () => {
        await follow();
        box.focus();
        toast(t("lists.notFoundDone"));
      });
    } else if ("slip" in row) {
      const names = await branchName();
      printSlip({ kind: "hold", card: `····${row.slip}`, until: "expires_on" in row ? row.expires_on : undefined, title: row.title ?? "", barcode, branch: names("pickup_branch" in row ? row.pickup_branch : desk.branch) });
    }
  });
  document.addEventListener(
    "keydown",
    (event) => {
      const writes = event.target instanceof Element && event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, bv-add-copy");
      if (!writes && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) box.focus();
    },
    { signal },
  );
  desk.later = () => void (signal.aborted || draw());
  scans.restore();
  box.focus();
}
