// cover.js: <bv-cover>, a book's cover: the image that was uploaded, else one that cover-drawing.js draws.

import { html, pause } from "../lib/html.js";

/** @typedef {import("../lib/types.js").Book} Book */

const MOMENT = 5; // ms of drawing, after which the browser may paint and readers press

/**
 * The element for a book, as markup. It says nothing to a screen reader: the title always stands beside it in words.
 * @param {Pick<Book, "id" | "title"> & Partial<Book>} book
 * @param {"small" | "large"} [size] of an uploaded image
 */
export function coverOf(book, size = "small") {
  const author = (book.authors ?? []).map(({ name }) => name).join(", ");
  return html`<bv-cover aria-hidden="true" book="${book.id}" name="${book.title}" author="${author}" genre="${(book.genres ?? []).join(" ")}" image="${book.cover ? `${book.cover}&size=${size}` : ""}"></bv-cover>`;
}

/** Covers that came into the page in this turn. @type {Cover[]} */
let arrived = [];

/** Covers to be drawn now. @type {Set<Cover>} */
const due = new Set();
let drawing = false;

/** Draws a cover, once the files for that are there. @type {typeof import("./cover-drawing.js").draw | undefined} */
let draw;

/** They are asked for after the first paint, which shows no cover, beside the answers that name the books: neither waits for the other. */
requestAnimationFrame(async () => {
  await pause();
  try {
    [{ draw }] = await Promise.all([import("./cover-drawing.js"), import("./cover-figures.js"), import("./cover-palette.js"), import("./cover-type.js")]); // which the first imports
  } catch {
    return; // a page stands without what is drawn on its covers
  }
  void drawDue(performance.now());
});

/** Those in sight are drawn before they are painted, as far as that takes a moment; the others when a reader comes near. */
function sort() {
  const began = performance.now();
  const covers = arrived;
  arrived = [];
  const boxes = covers.map((cover) => cover.getBoundingClientRect()); // all before the first is drawn: one layout
  covers.forEach((cover, i) => {
    const { top, bottom, left, right } = boxes[i];
    if (bottom > 0 && top < innerHeight && right > 0 && left < innerWidth) due.add(cover);
    else near.observe(cover);
  });
  void drawDue(began);
}

/** Draws what is due, a moment at a time. @param {number} since when this moment began */
async function drawDue(since) {
  if (drawing || !draw) return;
  drawing = true;
  try {
    for (const cover of due) {
      if (performance.now() - since > MOMENT) {
        await pause();
        since = performance.now();
      }
      due.delete(cover);
      if (cover.isConnected) cover.draw();
    }
  } finally {
    drawing = false;
  }
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && target instanceof Cover) due.add(target);
    void drawDue(performance.now());
  },
  /** @type {IntersectionObserverInit} */ ({ rootMargin: "50%", scrollMargin: "50%" }), // on a shelf too
);

addEventListener("beforeprint", () => {
  for (const cover of document.querySelectorAll("bv-cover:empty")) if (cover instanceof Cover) cover.draw();
});

class Cover extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    const image = this.getAttribute("image");
    if (image) return this.append(this.#picture(image));
    if (arrived.push(this) === 1) queueMicrotask(sort);
  }

  /** @param {string} source */
  #picture(source) {
    const picture = document.createElement("img");
    picture.alt = "";
    picture.loading = "lazy";
    picture.onerror = () => {
      picture.remove();
      this.draw();
    };
    picture.src = source;
    return picture;
  }

  /** Draws it, once. */
  draw() {
    if (!draw) return void due.add(this);
    near.unobserve(this);
    if (this.firstChild) return;
    const text = (/** @type {string} */ name) => this.getAttribute(name) ?? "";
    this.append(draw({ id: Number(text("book")) || 0, title: text("name"), author: text("author"), genre: text("genre") }));
  }
}

customElements.define("bv-cover", Cover);
