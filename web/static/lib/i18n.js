// i18n.js: words, plurals, numbers and dates in the reader's language, chosen by the browser and kept.

/** @typedef {import("../i18n/en.js").Messages} PublicMessages */
/** @typedef {import("../i18n/staff-en.js").StaffMessages} StaffMessages */
/** @typedef {import("../i18n/account-en.js").AccountMessages} AccountMessages */
/** @typedef {import("../i18n/office-en.js").OfficeMessages} OfficeMessages */
/** @typedef {PublicMessages & AccountMessages & StaffMessages & OfficeMessages} Messages */
/** @typedef {"account" | "staff" | "office"} More words that only some pages need */
/** @typedef {keyof Messages} Key */
/** @typedef {"en" | "vi"} Language */

/** @type {Record<Language, {name: string, locale: string, load: () => Promise<{messages: PublicMessages}>, account: () => Promise<{messages: AccountMessages, said?: [RegExp, string][]}>, staff: () => Promise<{messages: StaffMessages, said?: [RegExp, string][]}>, office: () => Promise<{messages: OfficeMessages}>}>} */
export const LANGUAGES = {
  en: { name: "English", locale: "en-GB", load: () => import("../i18n/en.js"), account: () => import("../i18n/account-en.js"), staff: () => import("../i18n/staff-en.js"), office: () => import("../i18n/office-en.js") },
  vi: { name: "Tiếng Việt", locale: "vi-VN", load: () => import("../i18n/vi.js"), account: () => import("../i18n/account-vi.js"), staff: () => import("../i18n/staff-vi.js"), office: () => import("../i18n/office-vi.js") },
};

const KEPT = "bookvault.language";

/** @type {Language} */
let current = "en";
/** @type {Messages} those of some pages are there once they were asked for */
let messages;
/** @type {Set<More>} */
const spoken = new Set();
/** @type {[RegExp, string][]} what the library says in English, and how this language says it */
let sentences = [];
let plurals = new Intl.PluralRules("en");

/** Formatters by what they are made of: making one costs a phone more than drawing a line of text. @type {Map<string, unknown>} */
const formatters = new Map();

/**
 * The formatter of a kind in the reader's language, made once.
 * @template {object} F
 * @template {Intl.NumberFormatOptions | Intl.DateTimeFormatOptions | Intl.DisplayNamesOptions | Intl.RelativeTimeFormatOptions} O
 * @param {new (locale: string, options: O) => F} Kind
 * @param {O} options
 * @returns {F}
 */
export function formatter(Kind, options) {
  const key = `${locale()} ${Kind.name} ${JSON.stringify(options)}`;
  let made = /** @type {F | undefined} */ (formatters.get(key));
  if (!made) formatters.set(key, (made = new Kind(locale(), options)));
  return made;
}

export function language() {
  return current;
}

export function locale() {
  return LANGUAGES[current].locale;
}

/**
 * What was kept, else the first language of the browser that we speak, else English.
 * @returns {Language}
 */
export function preferred() {
  const wishes = [kept(), ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
  return /** @type {Language} */ (wishes.find((wish) => wish && wish in LANGUAGES) ?? "en");
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage is closed to us: the browser's own choice stands
  }
}

/**
 * Loads a language and makes it the page's.
 * @param {Language} wish
 * @param {boolean} [keep] remember it for the next visit
 */
export async function speak(wish, keep = false) {
  const parts = await Promise.all([LANGUAGES[wish].load(), ...Array.from(spoken, (more) => LANGUAGES[wish][more]())]);
  messages = Object.assign({}, ...parts.map((part) => part.messages));
  sentences = parts.flatMap((part) => ("said" in part && part.said) || []);
  current = wish;
  plurals = new Intl.PluralRules(LANGUAGES[wish].locale);
  document.documentElement.lang = wish;
  if (!keep) return;
  try {
    localStorage.setItem(KEPT, wish);
  } catch {
    // a private window: the choice lasts as long as the page
  }
}

/**
 * Loads words that only some pages need.
 * @param {...More} wanted
 */
export async function speakMore(...wanted) {
  const missing = wanted.filter((more) => !spoken.has(more));
  if (missing.length === 0) return;
  const parts = await Promise.all(missing.map((more) => LANGUAGES[current][more]()));
  for (const more of missing) spoken.add(more);
  messages = Object.assign({}, messages, ...parts.map((part) => part.messages));
  sentences = [...sentences, ...parts.flatMap((part) => ("said" in part && part.said) || [])];
}

/** Letters that run from right to left, and marks that turn what follows them. */
const TURNS = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A text without the marks that would turn what is written after it. @param {string} text */
export const unturned = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "");

/** A text among our words, set apart where it would turn them round. @param {string} text */
const apart = (text) => (TURNS.test(text) ? `\u2068${unturned(text)}\u2069` : text);

/**
 * The words of a key. `{name}` is replaced by vars.name, numbers written as the language writes them; a plural takes its form from vars.n.
 * @param {Key} key
 * @param {Record<string, string | number>} [vars]
 * @returns {string}
 */
export function t(key, vars = {}) {
  const message = messages[key];
  const text = typeof message === "string" ? message : (message[plurals.select(Number(vars.n))] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = vars[name];
    return typeof value === "number" ? number(value) : apart(String(value ?? ""));
  });
}

/**
 * The words of a code that a server may invent tomorrow: ours when we know it, else nothing.
 * @param {string} key
 * @param {Record<string, string | number>} [vars]
 * @returns {string | undefined}
 */
export function maybe(key, vars) {
  return key in messages ? t(/** @type {Key} */ (key), vars) : undefined;
}

/**
 * What the library says in English, sentence by sentence in the reader's language; as it is where we have no other words. What a
 * sentence holds may be one of its own: "stopped after line 7: …".
 * @param {string} text
 */
export function said(text) {
  /** @param {string} one @returns {string} */
  const translated = (one) => {
    const [pattern, words] = sentences.find(([known]) => known.test(one)) ?? [];
    const parts = pattern?.exec(one);
    return parts && words !== undefined ? words.replace(/\$(\d)/g, (_, i) => translated(parts[Number(i)])) : one;
  };
  return text.split(/(?<=\.) /).map(translated).join(" ");
}

/** A number as the language writes it. Up to 999 all ours do alike, and a phone's first page need not load how. @param {number} value */
export function number(value) {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  return formatter(Intl.NumberFormat, {}).format(value);
}

/**
 * A year as people say it: 1820, 750 BC. Never with a separator.
 * @param {number} value negative before our era
 */
export function year(value) {
  return value < 0 ? t("year.before", { year: String(-value) }) : String(value);
}

/**
 * A language's name in the reader's language.
 * @param {string} tag
 */
export function languageName(tag) {
  const ours = maybe(`language.${tag}`); // browsers leave rare ones out, and take a phone long to say the others
  if (ours) return ours;
  try {
    const name = formatter(Intl.DisplayNames, { type: "language" }).of(tag) ?? tag;
    return current === "vi" ? name : name[0].toUpperCase() + name.slice(1);
  } catch {
    return tag;
  }
}

/** A genre in the reader's language, where we have it; else as the catalogue writes it. @param {string} genre */
export function genreName(genre) {
  return maybe(`genre.${genre.toLowerCase()}`) ?? genre;
}

/**
 * "Friday, 4 December", with the year when it is not this one.
 * @param {string} day as YYYY-MM-DD
 */
export function date(day) {
  const at = new Date(`${day}T12:00:00Z`);
  const weekday = formatter(Intl.DateTimeFormat, { weekday: "long", timeZone: "UTC" }).format(at);
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { day: "numeric", month: "long", timeZone: "UTC" };
  if (at.getUTCFullYear() !== new Date().getFullYear()) form.year = "numeric";
  return `${weekday}, ${formatter(Intl.DateTimeFormat, form).format(at)}`;
}

/** The reader's day, as YYYY-MM-DD. @param {Date} [now] */
export function today(now = new Date()) {
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/**
 * "in 12 days", "today", "3 days ago", counted in whole days of the reader's calendar.
 * @param {string} day as YYYY-MM-DD
 * @param {Date} [now]
 */
export function fromToday(day, now = new Date()) {
  const days = Math.round((Date.parse(`${day}T00:00:00Z`) - Date.parse(`${today(now)}T00:00:00Z`)) / 86_400_000);
  const words = formatter(Intl.RelativeTimeFormat, { numeric: "auto" }).format(days, "day");
  return words[0].toLocaleLowerCase(locale()) + words.slice(1); // "Ngày mai" stands in the middle of a sentence here
}

/**
 * "Friday, 4 December (in 12 days)".
 * @param {string} day as YYYY-MM-DD
 */
export function dateWithDistance(day) {
  return `${date(day)} (${fromToday(day)})`;
}

/**
 * "4 Dec 2026, 10:42", of a moment.
 * @param {string} at RFC 3339
 */
export function moment(at) {
  return formatter(Intl.DateTimeFormat, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

/** @param {Date} at */
export function clock(at) {
  return formatter(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(at);
}
