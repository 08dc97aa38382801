// kinds.js: the kinds of copies, each by its name: those that a library begins with in the reader's language, until they are renamed.

import { get } from "./api.js";
import { maybe } from "./i18n.js";

/** @param {AbortSignal} [signal] @returns {Promise<{code: string, name: string}[]>} */
export async function kindsOfCopies(signal) {
  const { items } = await get("/api/borrowing/v1/item-types", {}, signal);
  return /** @type {{code: string, name: string}[]} */ (items).map(({ code, name }) => ({ code, name: maybe(`kind.${name.toLowerCase()}`) ?? name }));
}
