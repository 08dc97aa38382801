// session.js: who is signed in. The cookie is closed to scripts, so a mark in the browser's storage says whether asking is worth a request.

import { get, post, remove, Problem } from "./api.js";

/** @typedef {{id?: number, card: string, name: string, role: Role, category?: string, expires_on?: string, idle_seconds?: number}} Me */
/** @typedef {"public" | "patron" | "desk" | "librarian" | "administrator"} Role */

const MARK = "bookvault.signed-in";

/** @type {Role[]} */
const ROLES = ["public", "patron", "desk", "librarian", "administrator"];

/** @type {Promise<Me | null> | undefined} */
let known;

/** @param {boolean} signedIn */
function mark(signedIn) {
  try {
    if (signedIn) localStorage.setItem(MARK, "1");
    else localStorage.removeItem(MARK);
  } catch {
    // storage is closed to us: every visit asks
  }
}

function marked() {
  try {
    return localStorage.getItem(MARK) === "1";
  } catch {
    return true;
  }
}

/**
 * The highest role in an answer of the members module.
 * @param {{role?: string, roles?: string[]}} answer
 * @returns {Role}
 */
function roleOf(answer) {
  const named = [answer.role, ...(answer.roles ?? [])];
  return ROLES.findLast((role) => named.includes(role)) ?? "patron";
}

async function ask() {
  if (!marked()) return null;
  try {
    const answer = await get("/api/members/v1/me");
    return /** @type {Me} */ ({ ...answer, role: roleOf(answer) });
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      mark(false);
      return null;
    }
    known = undefined; // not an answer: ask again next time
    throw error;
  }
}

/** Who reads this page, or null. */
export function me() {
  known ??= ask();
  return known;
}

/** What was known no longer holds (the session ended on the server). */
export function forget() {
  known = undefined;
}

/**
 * Says when another tab signed out, or in.
 * @param {() => void} heard
 */
export function elsewhere(heard) {
  addEventListener("storage", ({ key, storageArea }) => {
    if (key === MARK && storageArea === localStorage) heard();
  });
}

/**
 * @param {Me | null} member
 * @param {Role} role
 */
export function may(member, role) {
  return member !== null && ROLES.indexOf(member.role) >= ROLES.indexOf(role);
}

/**
 * @param {string} login a card number or an email address
 * @param {string} password
 */
export async function signIn(login, password) {
  await post("/api/members/v1/sessions", { login, password });
  mark(true);
  known = undefined;
  return me();
}

export async function signOut() {
  try {
    await remove("/api/members/v1/sessions");
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
  }
  mark(false);
  known = Promise.resolve(null);
}
