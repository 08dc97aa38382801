// edit.js: a title is added or edited, with its cover and its copies; made one with another, or deleted.

import { get, post, Problem, put, remove } from "../lib/api.js";
import { field, press, text, wish, Wrong } from "../lib/forms.js";
import { find, html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { again, go } from "../lib/router.js";
import { coverOf } from "../parts/cover.js";
import { toast } from "../parts/toast.js";
import { ahead, putIn, rooms, staff } from "../staff/frame.js";
import { bookOf, boxes, sideBySide } from "./book-form.js";
import { copiesOf } from "./copies.js";

/** @typedef {import("../lib/types.js").Book} Book */

/** @param {string} words */
const save = (words) => html`<div class="whole"><button class="button first" type="submit">${words}</button></div><div class="answer" aria-live="polite"></div>`;

/**
 * @param {import("../lib/router.js").Context} context
 * @returns {Promise<import("../lib/router.js").View>}
 */
export async function show({ url, params: [id], signal }) {
  const who = await staff("librarian");
  if (!id) return adding(who, url.searchParams.get("barcode"));
  const book = /** @type {Book} */ (await get(`/api/catalog/v1/books/${id}`, {}, signal));
  const copies = ahead("copies");
  await copiesOf(copies, book.id, url.searchParams.get("barcode") ?? "", signal);
  return {
    title: `${t("items.edit")}: ${book.title}`,
    body: html`${rooms(who, "")}
      <div class="page-head"><div><h1>${t("book.edit")}</h1><p dir="auto">${book.title}</p></div><a href="/books/${book.id}">${t("book.back")}</a></div>
      <div class="stack">
        <form class="form" id="book" novalidate>${boxes(book)}${save(t("staff.save"))}</form>
        <section class="part" id="copies"></section>
        <section class="part cover-part" id="cover"><h2>${t("cover.heading")}</h2><div class="book">${coverOf(book, "large")}</div>
          <form class="form">${field("file", t("cover.file"), { type: "file" })}${save(t("cover.upload"))}</form>
          ${book.cover && html`<button type="button" class="button slim" data-remove>${t("cover.remove")}</button>`}<div class="answer" id="cover-answer" aria-live="polite"></div></section>
        <details class="sheet"><summary>${t("book.gone")}</summary>
          <form class="form" id="merge"><p class="whole">${t("book.mergeWords")}</p>${field("into", t("book.into"), { inputmode: "numeric", required: true, max: 20 })}<div class="whole"><button class="button" type="submit">${t("book.merge")}</button></div><div class="answer" aria-live="polite"></div></form>
          <form class="form" id="delete"><p class="whole">${t("book.deleteWords")}</p><div class="whole"><button class="button" type="submit">${t("book.delete")}</button></div><div class="answer" aria-live="polite"></div></form></details>
      </div>`,
    ready(main) {
      putIn(main, copies);
      editing(main, book);
    },
  };
}

/** @param {import("../lib/session.js").Me} who @param {string | null} barcode that the title's first copy will have */
function adding(who, barcode) {
  return {
    title: t("book.new"),
    body: html`${rooms(who, "/catalogue/new")}<h1>${t("book.new")}</h1><form class="form" id="book" novalidate>${boxes({})}${save(t("book.create"))}</form>`,
    ownFocus: true,
    /** @param {HTMLElement} main */
    ready(main) {
      const form = /** @type {HTMLFormElement} */ (find(main, "#book"));
      find(form, "[name=title]").focus();
      wish(form, (values, key) => post("/api/catalog/v1/books", bookOf(values), key), (/** @type {Book} */ { id }) => {
        toast(t("book.created"), "good");
        return go(`/books/${id}/edit${barcode ? `?barcode=${encodeURIComponent(barcode)}` : ""}`, { replace: true });
      });
    },
  };
}

/** @param {HTMLElement} main @param {Book} read the title as the boxes show it */
function editing(main, read) {
  let book = read;
  const at = `/api/catalog/v1/books/${book.id}`;
  const form = (/** @type {string} */ id) => /** @type {HTMLFormElement} */ (find(main, id));
  wish(
    form("#book"),
    async (values) => {
      try {
        return await put(at, bookOf(values, book), { version: book.version });
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        book = /** @type {Book} */ (await get(at));
        sideBySide(form("#book"), book);
        throw new Problem(412, { code: "title_changed", detail: t("book.conflict") });
      }
    },
    async () => {
      await again();
      find(document, "#book [name=title]").focus();
      toast(t("staff.saved"), "good");
    },
  );
  wish(
    form("#cover form"),
    (values) => {
      const file = values.get("file");
      if (!(file instanceof File) || file.size === 0) throw new Wrong("file", t("cover.none"));
      return put(`${at}/cover`, file);
    },
    async () => {
      await again();
      toast(t("cover.done"), "good");
    },
  );
  const taking = main.querySelector("#cover [data-remove]");
  if (taking instanceof HTMLElement) taking.addEventListener("click", () => press(taking, find(main, "#cover-answer"), (key) => remove(`${at}/cover`, key), async () => {
    await again();
    toast(t("cover.done"), "good");
  }));
  wish(
    form("#merge"),
    (values, key) => {
      const into = Number(text(values, "into").replace(/^№\s*/, ""));
      if (!Number.isSafeInteger(into) || into <= 0) throw new Wrong("into", t("book.number"));
      return post(`${at}/merge`, { into }, key);
    },
    (/** @type {Book} */ { id }) => {
      toast(t("book.merged"), "good");
      return go(`/books/${id}`, { replace: true });
    },
  );
  wish(form("#delete"), (_, key) => remove(at, key), () => {
    toast(t("book.deleted"), "good");
    return go("/search", { replace: true });
  });
}
