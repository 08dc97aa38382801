// branches.js: the library's branches, asked for once a visit.

import { get } from "./api.js";

/** @typedef {import("./types.js").Branch} Branch */

/** @type {Promise<Branch[]> | undefined} */
let asked;

/** They changed: the next who asks gets them anew. */
export function forgetBranches() {
  asked = undefined;
}

/** @param {AbortSignal} [signal] */
export function branches(signal) {
  asked ??= get("/api/borrowing/v1/branches", {}, signal).then(
    ({ items }) => items,
    (error) => {
      asked = undefined;
      throw error;
    },
  );
  return /** @type {Promise<Branch[]>} */ (asked);
}

/**
 * A function from a branch's code to its name; the code itself when the list cannot be had.
 * @param {AbortSignal} [signal]
 * @returns {Promise<(code: string) => string>}
 */
export async function branchName(signal) {
  const list = await branches(signal).catch(() => []);
  const names = new Map(list.map(({ code, name }) => [code, name]));
  return (code) => names.get(code) ?? code;
}
