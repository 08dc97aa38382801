// form.js: the boxes of a member's details, for a new member and for an edit.

import { get } from "../lib/api.js";
import { choice, field, text } from "../lib/forms.js";
import { html } from "../lib/html.js";
import { LANGUAGES, maybe, t } from "../lib/i18n.js";

/** @typedef {import("../lib/types.js").Person} Person */

/** The categories of members, named in the reader's language where we have words. @param {AbortSignal} [signal] */
export async function categories(signal) {
  const { items } = await get("/api/members/v1/categories", {}, signal);
  return /** @type {{code: string, name: string, default: boolean}[]} */ (items).map((one) => ({ ...one, name: maybe(`category.${one.code}`) ?? one.name }));
}

/**
 * @param {{code: string, name: string, default: boolean}[]} kinds
 * @param {Partial<Person>} person
 */
export function details(kinds, person) {
  const languages = [{ code: "", name: t("letters.ours") }, ...Object.entries(LANGUAGES).map(([code, { name }]) => ({ code, name }))];
  return html`${field("name", t("members.name"), { value: person.name, required: true, max: 200 })}
    ${field("email", t("members.email"), { value: person.email, type: "email" })}
    ${choice("category", t("members.category"), kinds, person.category ?? kinds.find((kind) => kind.default)?.code)}
    ${field("expires_on", t("members.expires"), { value: person.expires_on, type: "date", hint: person.id ? undefined : t("members.expiresHint") })}
    ${choice("language", t("members.language"), languages, person.language ?? "")}`;
}

/**
 * What stands in the boxes; what is empty is left out, or taken away from a member who has it.
 * @param {FormData} form
 * @param {Partial<Person>} [person]
 */
export function detailsOf(form, person) {
  /** @type {Record<string, string | null>} */
  const body = { name: text(form, "name"), category: text(form, "category") };
  for (const name of /** @type {const} */ (["email", "expires_on", "language"])) {
    const value = text(form, name);
    if (value) body[name] = value;
    else if (person?.[name]) body[name] = null;
  }
  return body;
}
