// cover-drawing.js: draws a book's cover from its title, author, genre and id, always alike.

import { FIGURES, shape } from "./cover-figures.js";
import { dice, dress } from "./cover-palette.js";
import { set } from "./cover-type.js";

/** @typedef {import("./cover-palette.js").Palette} Palette */
/** @typedef {import("./cover-type.js").Setting} Setting */

const W = 200;
const H = 300;
const MARGIN = 18;
const TITLE_SIZES = [38, 34, 30, 27, 24, 21.5, 19, 17, 15];
const AUTHOR_SIZES = [12.5, 11.5, 10.5];

/**
 * Lines of text from a first baseline on.
 * @param {Setting} setting
 * @param {{x: number, y: number, fill: string, anchor?: string, kind: string}} place y is the top of the first line
 */
function words({ lines, size, leading }, { x, y, fill, anchor = "start", kind }) {
  const text = shape("text", { class: kind, "font-size": size, fill, "text-anchor": anchor });
  lines.forEach((line, i) => text.append(shape("tspan", { x, y: y + size * leading * (i + 0.8) }, line)));
  return text;
}

/**
 * @param {string} title
 * @param {string} author
 * @param {number} width
 * @param {number} height
 */
function settings(title, author, width, height) {
  const [main, ...rest] = title.split(/[:;(\[]\s*/);
  const shown = rest.length > 0 && title.length > 36 && main.trim().length > 2 ? main.trim() : title;
  const top = set(shown, { width, height, sizes: TITLE_SIZES, leading: 1.2 });
  const by = author ? set(author, { width, height: 34, sizes: AUTHOR_SIZES, leading: 1.3, token: "--sans" }) : { lines: [], size: 0, leading: 0 };
  return { top, by, topHeight: top.lines.length * top.size * top.leading, byHeight: by.lines.length * by.size * by.leading };
}

/** @typedef {{title: string, author: string, palette: Palette, figure: (box: import("./cover-figures.js").Box) => SVGElement}} Sheet */

/** @typedef {(sheet: Sheet) => SVGElement[]} Layout */

/** The ways to lay out a cover. */
const LAYOUTS = {
  /** Words above, the figure bleeding off the foot. @type {Layout} */
  above: ({ title, author, palette, figure }) => {
    const { top, by, topHeight, byHeight } = settings(title, author, W - MARGIN * 2, 122);
    const from = Math.max(MARGIN + topHeight + byHeight + 22, 124);
    return [
      figure({ x: 0, y: from, w: W, h: H - from }),
      words(top, { x: MARGIN, y: MARGIN - 2, fill: palette.ink, kind: "cover-title" }),
      words(by, { x: MARGIN, y: MARGIN + topHeight + 6, fill: palette.ink, kind: "cover-author" }),
    ];
  },
  /** The figure above, words on the ground below. @type {Layout} */
  below: ({ title, author, palette, figure }) => {
    const { top, by, topHeight, byHeight } = settings(title, author, W - MARGIN * 2, 118);
    const start = H - MARGIN - byHeight - topHeight - 4;
    const until = Math.min(start - 16, 176);
    return [
      figure({ x: 0, y: 0, w: W, h: until }),
      shape("rect", { x: 0, y: until, width: W, height: H - until, fill: palette.ground }),
      words(top, { x: MARGIN, y: start - 2, fill: palette.ink, kind: "cover-title" }),
      words(by, { x: MARGIN, y: H - MARGIN - byHeight + 2, fill: palette.ink, kind: "cover-author" }),
    ];
  },
  /** A label pasted on the figure. @type {Layout} */
  label: ({ title, author, palette, figure }) => {
    const { top, by, topHeight, byHeight } = settings(title, author, W - 72, 116);
    const high = topHeight + byHeight + 34;
    const y = Math.min(46, (H - high) / 2);
    return [
      figure({ x: 0, y: 0, w: W, h: H }),
      shape("rect", { x: 22, y, width: W - 44, height: high, fill: palette.ground }),
      shape("rect", { x: 26, y: y + 4, width: W - 52, height: high - 8, fill: "none", stroke: palette.ink, "stroke-width": 0.7 }),
      words(top, { x: W / 2, y: y + 12, fill: palette.ink, anchor: "middle", kind: "cover-title" }),
      words(by, { x: W / 2, y: y + topHeight + 18, fill: palette.ink, anchor: "middle", kind: "cover-author" }),
    ];
  },
  /** A frame, words above, a small figure in the middle of the rest, the author at the foot. @type {Layout} */
  framed: ({ title, author, palette, figure }) => {
    const { top, by, topHeight, byHeight } = settings(title, author, W - 56, 110);
    const from = 30 + topHeight + 14;
    const room = H - 30 - byHeight - 12 - from;
    const size = Math.min(room, 118);
    return [
      shape("rect", { x: 12, y: 12, width: W - 24, height: H - 24, fill: "none", stroke: palette.ink, "stroke-width": 1 }),
      shape("rect", { x: 15.5, y: 15.5, width: W - 31, height: H - 31, fill: "none", stroke: palette.ink, "stroke-width": 0.5 }),
      figure({ x: (W - size) / 2, y: from + (room - size) / 2, w: size, h: size }),
      words(top, { x: W / 2, y: 28, fill: palette.ink, anchor: "middle", kind: "cover-title" }),
      words(by, { x: W / 2, y: H - 28 - byHeight, fill: palette.ink, anchor: "middle", kind: "cover-author" }),
    ];
  },
};

/** Figures that fill their box evenly, so that a label may hide their middle. */
const WALLPAPERS = ["waves", "strata", "blocks", "beams", "arches", "curtain", "orbits", "horizon"];

/**
 * Draws a cover.
 * @param {{id: number, title: string, author: string, genre: string}} book
 * @returns {SVGElement}
 */
export function draw({ id, title, author, genre }) {
  const throws = dice(id);
  const { palette, figure } = dress(genre, throws);
  const layout = throws.pick([LAYOUTS.above, LAYOUTS.below, LAYOUTS.framed, WALLPAPERS.includes(figure) ? LAYOUTS.label : LAYOUTS.above]);
  const sheet = layout({
    title,
    author,
    palette,
    figure: (box) => {
      const frame = shape("svg", { x: box.x, y: box.y, width: box.w, height: box.h, viewBox: `0 0 ${box.w} ${box.h}` });
      frame.append(...FIGURES[figure](throws, palette, { x: 0, y: 0, w: box.w, h: box.h }));
      return frame;
    },
  });
  return shape(
    "svg",
    { viewBox: `0 0 ${W} ${H}`, role: "presentation", focusable: "false" },
    shape("rect", { width: W, height: H, fill: palette.ground }),
    ...sheet,
    shape("rect", { width: 5, height: H, fill: "#fff", opacity: 0.13 }),
    shape("rect", { x: 5, width: 1.6, height: H, fill: "#000", opacity: 0.22 }),
  );
}
