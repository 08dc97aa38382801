// desk.js: the circulation desk: one box for cards and books, the member at the desk, a log of what was scanned.

import { branches } from "../lib/branches.js";
import { find, html, keepFocus, render } from "../lib/html.js";
import { date, maybe, t, today } from "../lib/i18n.js";
import { money } from "../lib/money.js";
import { saidOf } from "../lib/refusals.js";
import { toast } from "../parts/toast.js";
import { branchChoice, deskBranch, keepBranch, rooms, staff as staffOnly } from "../staff/frame.js";
import { lastFour, printSlip } from "../staff/slip.js";
import { Desk } from "./actions.js";
import "./add-copy.js";
import { drawLog, scanAt } from "./log.js";
import { clean, keyed, Scans } from "./scans.js";
import { play, quiet, silence } from "./sound.js";
import { undo as takeBack } from "./undo.js";

// What was scanned in this tab, and who stands at its desk, outlives a look at another page; what waits is sent meanwhile.
const desk = new Desk();
const scans = new Scans(
  async (scan) => {
    await desk.act(scan);
    scans.card = desk.member?.card ?? "";
    if (!scan.turned) return;
    if (scan.choice === chosen) desk.mode = "lend";
    for (const behind of scans.waiting) if (behind.mode !== "done" && behind.choice === scan.choice) behind.mode = "lend";
  },
  () => {},
  new AbortController().signal,
);
let chosen = 0; // how often somebody chose a mode
let worker = ""; // the card of whoever works here

/** @param {Desk} desk */
function memberPanel({ member }) {
  if (!member) return html`<p class="quiet">${t("desk.noMember")}</p>`;
  const late = member.loans.filter(({ overdue }) => overdue).length;
  const ready = member.holds.filter(({ status }) => status === "ready").length;
  const expired = member.expires_on !== undefined && member.expires_on < today();
  const facts = [member.category && (maybe(`category.${member.category}`) ?? member.category), member.expires_on && !expired && t("desk.expires", { date: date(member.expires_on) })].filter(Boolean);
  return html`<h2 dir="auto">${member.name}</h2>
    <p class="quiet numbers">${member.card}</p>
    <p>${facts.join(" · ")}</p>
    ${expired && html`<p class="note bad">${t("desk.expired", { date: date(member.expires_on ?? "") })}</p>`}
    ${member.blocks.map(({ code, note }) => html`<p class="note bad">${t("desk.blocked", { why: maybe(`block.${code}`) ?? code })}${note && html` <span class="small">${note}</span>`}</p>`)}
    <p><strong>${t("loans.count", { n: member.loans.length })}</strong>${late > 0 && html` · <strong class="late">${t("loans.late", { n: late })}</strong>`}</p>
    ${member.account && member.account.balance + member.account.accrued > 0 && html`<p><strong class="late">${t("desk.owes", { amount: money(member.account.balance + member.account.accrued, member.account.currency, member.account.exponent) })}</strong></p>`}
    ${ready > 0 && html`<p><strong class="ready">${t("desk.ready", { n: ready })}</strong></p>`}
    <p class="ways"><a href="/members/${encodeURIComponent(member.card)}">${t("desk.account")}</a>${member.loans.length > 0 && html` <button type="button" class="link-button" data-receipt>${t("desk.receipt")}</button>`}</p>
    <button type="button" class="link-button" data-done>${t("desk.done")} <kbd>Esc</kbd></button>`;
}

/**
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show() {
  const staff = await staffOnly();
  const places = await branches().catch(() => []);
  desk.branch = deskBranch(places);
  if (worker !== staff.card) {
    scans.log = scans.waiting;
    if (scans.log.length === 0) desk.member = null;
  }
  worker = staff.card;
  return {
    title: t("nav.desk"),
    body: html`<h1 class="hidden-text">${t("nav.desk")}</h1>
      ${rooms(staff, "/desk")}
      <div class="desk">
        <section class="counter" aria-label="${t("desk.counter")}">
          <form class="box" autocomplete="off">
            <fieldset class="modes"><legend class="hidden-text">${t("desk.mode")}</legend>
              <label><input type="radio" name="mode" value="lend" checked><span>${t("desk.lend")}</span><kbd>F2</kbd></label>
              <label><input type="radio" name="mode" value="check-in"><span>${t("desk.checkIn")}</span><kbd>F4</kbd></label>
              <label class="switch"><input type="checkbox" name="sound"${!quiet() && html` checked`}><span>${t("desk.sound")}</span></label>
              <label class="switch drop"><input type="checkbox" name="drop"><span>${t("desk.bookDrop")}</span></label>
              ${branchChoice(places, desk.branch)}
            </fieldset>
            <label class="hidden-text" for="scan">${t("desk.scan")}</label>
            <input class="input" id="scan" name="scan" maxlength="100" placeholder="${t("desk.scan")}" spellcheck="false" autocapitalize="off" enterkeyhint="done">
            <p class="queue quiet small" id="queue" role="status"></p>
          </form>
          <div id="paused" role="alert"></div>
          <p class="hidden-text" role="status" aria-live="assertive" id="last"></p>
          <div id="log"></div>
        </section>
        <aside class="member" id="member" aria-label="${t("desk.memberPanel")}"></aside>
      </div>`,
    ownFocus: true,
    ready: (main, signal) => run(main, signal, staff),
  };
}

/**
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 * @param {import("../lib/session.js").Me} staff
 */
function run(main, signal, staff) {
  const box = /** @type {HTMLInputElement} */ (find(main, "#scan"));
  const form = /** @type {HTMLFormElement} */ (find(main, "form.box"));
  const log = find(main, "#log");
  const panel = find(main, "#member");
  const drop = /** @type {HTMLInputElement} */ (find(form, "[name=drop]"));
  let shown = ""; // in the panel
  let spoken = "";
  let told = ""; // why nothing is recorded right now

  const mode = (/** @type {import("./scans.js").Mode} */ wish) => {
    desk.mode = wish;
    /** @type {HTMLInputElement} */ (find(form, `[value=${wish}]`)).checked = true;
    main.classList.toggle("checking-in", wish === "check-in");
    find(form, ".drop").hidden = wish !== "check-in";
  };

  const choose = (/** @type {import("./scans.js").Mode} */ wish) => {
    chosen++;
    mode(wish);
  };

  const draw = () => {
    mode(desk.mode);
    if (!log.querySelector("details[open]:focus-within")) keepFocus(log, () => (scans.log.length > 0 ? drawLog(log, scans.log, staff, scans.card) : render(log, html`<p class="quiet empty">${t("desk.empty")}</p>`)), () => box);
    const words = memberPanel(desk);
    if (words.markup !== shown) keepFocus(panel, () => render(panel, words), () => box);
    shown = words.markup;
    panel.classList.toggle("present", desk.member !== null);
    render(find(main, "#queue"), scans.words);
    if (scans.stopped !== told) render(find(main, "#paused"), (told = scans.stopped) && html`<p class="note bad">${told === "ended" ? html`${t("desk.ended")} <a href="/sign-in?next=/desk">${t("nav.signIn")}</a>` : t("desk.paused")}</p>`);
    const last = scans.log.find(({ state }) => state !== "waiting");
    const said = last ? `${last.title}: ${last.words}` : "";
    if (said === spoken || !last) return;
    render(find(main, "#last"), (spoken = said));
    play(last.alert && last.state === "ok" ? "note" : last.state);
  };

  /** Runs a command from the log and says what went wrong. @param {() => Promise<void>} command */
  const attempt = async (command) => {
    try {
      await command();
    } catch (error) {
      toast(saidOf(error), "bad");
    }
    draw();
    box.focus();
  };

  const undo = (/** @type {import("./scans.js").Scan | undefined} */ scan) => {
    if (scan) void attempt(() => keyed(scan, "undo", (key) => takeBack(desk, scan, key)));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = clean(box.value);
    box.value = "";
    box.focus();
    if (code) scans.push(code, desk.mode, drop.checked, { branch: desk.branch, choice: chosen });
  });
  form.addEventListener("change", (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.name === "mode") choose(input.value === "lend" ? "lend" : "check-in");
    if (input instanceof HTMLInputElement && input.name === "sound") silence(!input.checked);
    if (input instanceof HTMLSelectElement) keepBranch((desk.branch = input.value));
  });
  log.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-undo], [data-slip], [data-record]") : null;
    if (!(button instanceof HTMLElement)) return;
    const scan = scanAt(log, button);
    if ("undo" in button.dataset) undo(scan);
    if ("slip" in button.dataset && scan?.slip) printSlip(scan.slip);
    if ("record" in button.dataset && scan) void attempt(() => keyed(scan, "record", (key) => desk.record(scan, key)));
    box.focus();
  });
  log.addEventListener("copy-added", (event) => {
    const scan = scanAt(log, /** @type {HTMLElement} */ (event.target));
    box.focus();
    if (scan) scans.push(scan.code, scan.mode, scan.bookDrop, { branch: desk.branch, choice: chosen });
  });
  log.addEventListener("focusout", (event) => {
    const place = event.target instanceof Element ? event.target.closest("details") : null;
    if (place && !(event.relatedTarget instanceof Node && place.contains(event.relatedTarget))) setTimeout(() => signal.aborted || draw());
  });
  log.addEventListener("submit", (event) => {
    const asked = /** @type {HTMLFormElement} */ (event.target);
    if (!asked.matches("[data-override]")) return;
    event.preventDefault();
    const scan = scanAt(log, asked);
    const reason = String(new FormData(asked).get("reason")).trim();
    if (scan && reason) {
      box.focus();
      void attempt(() => keyed(scan, `override ${reason}`, (key) => desk.override(scan, reason, key)));
    }
  });
  const done = () => {
    if (scans.waiting.length > 0) scans.push("", "done", false, { title: t("desk.done") }); // what was scanned before it is still theirs
    else desk.member = null;
    draw();
    box.focus();
  };
  panel.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-done]")) done();
    if (event.target.closest("[data-receipt]") && desk.member) {
      printSlip({ kind: "loans", card: lastFour(desk.member.card), loans: desk.member.loans });
      box.focus();
    }
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "F2" || event.key === "F4") {
        event.preventDefault();
        choose(event.key === "F2" ? "lend" : "check-in");
        box.focus();
        return;
      }
      if (event.key === "Escape" && event.target instanceof Element && log.contains(event.target)) {
        event.target.closest("details")?.removeAttribute("open");
        box.focus(); // back to the scanner
      }
      if (event.target === box) {
        if (event.key === "Escape") done();
        if (event.key === "z" && (event.ctrlKey || event.metaKey) && box.value === "") {
          event.preventDefault();
          undo(scans.log.find(({ loan, closed, undone }) => (loan || closed) && !undone));
        }
        return;
      }
      const writes = event.target instanceof Element && event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, bv-add-copy");
      // a scanner types wherever the focus happens to be: its first letter brings it home
      if (!writes && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) box.focus();
    },
    { signal },
  );
  desk.later = () => void (signal.aborted || draw());
  scans.watch(draw, signal);
  scans.wake();
  scans.restore();
  draw();
  box.focus();
  void desk.refresh().then(desk.later);
}
