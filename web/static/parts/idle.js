// idle.js: a computer that is left alone signs out. A minute before, it says so, and any key, touch or move of the pointer stays.

import { get } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { signOut } from "../lib/session.js";
import { toast } from "./toast.js";

const SEEN = "bookvault.seen"; // when somebody last did something, in whatever tab: milliseconds since 1970
const LEFT = "bookvault.left"; // this tab was signed out because nobody was there
const LOOK = 5000; // ms
const WARNING = 60_000; // ms

let idle = 0; // ms until the session ends on the server; 0 while nobody is signed in
let seen = 0;
let told = 0; // when the library last heard of us for no other reason
let looking = 0;
let pointer = "";
let leaving = false; // this document is wiped, and another one comes in its place

/** When somebody was last here, in any tab. */
function lastSeen() {
  try {
    return Math.max(seen, Number(localStorage.getItem(SEEN)) || 0);
  } catch {
    return seen;
  }
}

function somebody() {
  if (idle === 0) return;
  const now = Date.now();
  if (now - lastSeen() >= idle) return void look(); // too late: the time was over while this tab slept
  if (now - seen < LOOK && banner()?.hidden) return;
  note(now);
  show(false);
  if (now - told < idle / 3) return;
  told = now;
  get("/api/members/v1/me").catch(() => {}); // the library hears only of requests, and would end the session of who reads on
}

/** @param {number} now */
function note(now) {
  seen = now;
  try {
    localStorage.setItem(SEEN, String(now));
  } catch {
    // storage is closed to us: each tab counts for itself
  }
}

function banner() {
  const found = document.querySelector(".idle");
  return found instanceof HTMLElement ? found : null;
}

/** @param {boolean} soon */
function show(soon) {
  const line = banner();
  if (line) line.hidden = !soon;
}

async function look() {
  if (idle === 0) return;
  const alone = Date.now() - lastSeen();
  show(alone >= idle - Math.min(WARNING, idle / 2));
  if (alone < idle) return;
  watch(0);
  leaving = true;
  document.querySelector("main")?.replaceChildren(); // at once, and not when the library has answered
  document.querySelector("bv-shell")?.replaceChildren();
  await signOut().catch(() => {}); // unheard, the session ends by itself
  try {
    sessionStorage.setItem(LEFT, "1");
  } catch {
    // then it goes without saying
  }
  location.replace("/"); // a new document: nothing is left in memory
}

/**
 * Begins to watch for a reader who went away, or ends it.
 * @param {number} seconds without a request after which the session ends; 0 for nobody signed in
 */
export function watch(seconds) {
  clearInterval(looking);
  idle = seconds * 1000;
  if (idle === 0) return;
  note((told = Date.now()));
  looking = setInterval(look, LOOK);
}

/** Says why nobody is signed in any more, after the page was wiped. */
export function sayWhy() {
  if (leaving) return; // the next document says it
  try {
    if (sessionStorage.getItem(LEFT) === null) return;
    sessionStorage.removeItem(LEFT);
    toast(t("idle.bye"));
  } catch {
    // storage is closed to us
  }
}

/** Browsers tell of moves too when only the page moved under a pointer that rests. @param {PointerEvent} event */
function moved({ screenX, screenY }) {
  const at = `${screenX} ${screenY}`;
  if (at !== pointer) somebody();
  pointer = at;
}

addEventListener("pointermove", moved, { passive: true, capture: true });
for (const sign of ["keydown", "pointerdown", "wheel"]) addEventListener(sign, somebody, { passive: true, capture: true });
for (const sign of ["pageshow", "focus"]) addEventListener(sign, () => void look());
document.addEventListener("visibilitychange", () => void look());
