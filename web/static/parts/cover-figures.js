// cover-figures.js: the drawings on covers. Each takes dice, a palette and a box, and gives shapes that fill the box to its edges.

/** @typedef {import("./cover-palette.js").Dice} Dice */
/** @typedef {import("./cover-palette.js").Palette} Palette */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/** @typedef {(throws: Dice, palette: Palette, box: Box) => SVGElement[]} Figure */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(SVGElement | string)} children
 * @returns {SVGElement}
 */
export function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
  }
  element.append(...children);
  return element;
}

/** @param {number} cx @param {number} cy @param {number} r @param {string} fill */
const disc = (cx, cy, r, fill) => shape("circle", { cx, cy, r, fill });

/** @param {number} cx @param {number} cy @param {number} r @param {string} stroke @param {number} [width] */
const ring = (cx, cy, r, stroke, width = 1.5) => shape("circle", { cx, cy, r, fill: "none", stroke, "stroke-width": width });

/** @param {Box} box @param {string} fill */
const ground = ({ x, y, w, h }, fill) => shape("rect", { x, y, width: w, height: h, fill });

/** @param {string} d @param {string} fill */
const path = (d, fill) => shape("path", { d, fill });

/**
 * A wave from edge to edge, filled down to the foot of the box.
 * @param {Box} box @param {number} top @param {number} height @param {number} turns @param {number} phase @param {string} fill
 */
function wave({ x, y, w, h }, top, height, turns, phase, fill) {
  let d = `M${x} ${y + h}`;
  for (let i = 0; i <= 40; i++) {
    const at = i / 40;
    d += `L${(x + at * w).toFixed(1)} ${(top + Math.sin(at * Math.PI * 2 * turns + phase) * height).toFixed(1)}`;
  }
  return path(`${d}L${x + w} ${y + h}Z`, fill);
}

/** @type {Record<string, Figure>} */
export const FIGURES = {
  moon(throws, p, box) {
    const r = box.w * throws.between(0.2, 0.3);
    const cx = box.x + box.w * throws.between(0.35, 0.68);
    const cy = box.y + box.h * 0.42;
    const bite = throws.pick([0, 0.45, -0.45]);
    const shapes = [disc(cx, cy, r, p.c)];
    if (bite) shapes.push(disc(cx + r * bite, cy - r * 0.2, r * 0.95, p.ground));
    const phase = throws.between(0, 6);
    return [...shapes, wave(box, box.y + box.h * 0.72, 6, 1, phase, p.a), wave(box, box.y + box.h * 0.86, 5, 1.4, phase + 2, p.b)];
  },
  waves(throws, p, box) {
    const rows = throws.whole(4, 6);
    const phase = throws.between(0, 6);
    const shapes = [disc(box.x + box.w * throws.between(0.25, 0.75), box.y + box.h * 0.24, box.w * 0.13, p.c)];
    for (let i = 0; i < rows; i++) {
      shapes.push(wave(box, box.y + box.h * (0.34 + (0.62 * i) / rows), 8 - i, 1.2 + i * 0.25, phase + i * 1.9, [p.b, p.a][i % 2]));
    }
    return shapes;
  },
  mountains(throws, p, box) {
    const foot = box.y + box.h;
    const shapes = [disc(box.x + box.w * throws.between(0.2, 0.8), box.y + box.h * 0.3, box.w * 0.11, p.c)];
    for (const [at, height, fill] of /** @type {[number, number, string][]} */ ([[0.3, 0.72, p.b], [0.72, 0.6, p.a], [0.5, 0.36, p.ground]])) {
      const peak = box.x + box.w * (at + throws.between(-0.08, 0.08));
      const wide = box.w * throws.between(0.5, 0.66);
      shapes.push(path(`M${peak - wide} ${foot}L${peak} ${foot - box.h * height}L${peak + wide} ${foot}Z`, fill));
    }
    return shapes;
  },
  orbits(throws, p, box) {
    const cx = box.x + box.w * throws.between(0.3, 0.7);
    const cy = box.y + box.h * 0.52;
    const shapes = [];
    for (let i = 5; i >= 1; i--) {
      const r = box.w * 0.13 * i;
      const turn = throws.between(0, Math.PI * 2);
      shapes.push(ring(cx, cy, r, i % 2 ? p.b : p.a, 1.6), disc(cx + Math.cos(turn) * r, cy + Math.sin(turn) * r, throws.between(3, 7.5), i === 3 ? p.c : p.b));
    }
    return [...shapes, disc(cx, cy, box.w * 0.075, p.c)];
  },
  horizon(throws, p, box) {
    const level = box.y + box.h * throws.between(0.5, 0.62);
    const cx = box.x + box.w * throws.between(0.35, 0.65);
    const shapes = [disc(cx, level, box.w * throws.between(0.26, 0.36), p.c), ground({ ...box, y: level, h: box.y + box.h - level }, p.a)];
    for (let i = -6; i <= 6; i++) {
      shapes.push(shape("line", { x1: cx + i * 7, y1: level, x2: cx + i * 46, y2: box.y + box.h, stroke: p.b, "stroke-width": 1 }));
    }
    for (let i = 1; i < 6; i++) {
      const y = level + (box.y + box.h - level) * (i / 6) ** 1.8;
      shapes.push(shape("line", { x1: box.x, y1: y, x2: box.x + box.w, y2: y, stroke: p.b, "stroke-width": 1 }));
    }
    return shapes;
  },
  arches(throws, p, box) {
    const count = throws.whole(2, 4);
    const gap = 8;
    const wide = (box.w - gap * (count + 1)) / count;
    const shapes = [];
    for (let i = 0; i < count; i++) {
      const x = box.x + gap + i * (wide + gap);
      for (const [inset, fill] of /** @type {[number, string][]} */ ([[0, p.a], [wide * 0.16, p.b], [wide * 0.32, i === 1 ? p.c : p.ground]])) {
        const w = wide - inset * 2;
        const top = box.y + box.h * 0.1 + inset + w / 2;
        shapes.push(path(`M${x + inset} ${box.y + box.h}V${top}A${w / 2} ${w / 2} 0 0 1 ${x + inset + w} ${top}V${box.y + box.h}Z`, fill));
      }
    }
    return shapes;
  },
  strata(throws, p, box) {
    const shapes = [];
    const rows = throws.whole(6, 9);
    let y = box.y;
    let fill = p.ground;
    for (let i = 0; i < rows; i++) {
      const h = (box.h / rows) * throws.between(0.5, 1.5);
      const last = fill;
      fill = throws.pick([p.a, p.b, p.ground, p.a, p.b, p.c].filter((colour) => colour !== last));
      shapes.push(wave({ ...box }, y + 8, throws.between(1, 7), throws.between(0.4, 1.1), throws.between(0, 6), fill));
      y += h;
    }
    return shapes;
  },
  keyhole(throws, p, box) {
    const cx = box.x + box.w * throws.between(0.42, 0.58);
    const cy = box.y + box.h * 0.36;
    const r = box.w * throws.between(0.15, 0.2);
    const foot = box.y + box.h;
    return [
      path(`M${cx - r * 0.5} ${cy}L${box.x - 20} ${foot}H${box.x + box.w * throws.between(0.6, 0.8)}L${cx + r * 0.5} ${cy}Z`, p.a),
      disc(cx, cy, r, p.c),
      path(`M${cx - r * 0.45} ${cy}L${cx - r * 0.85} ${cy + r * 2.4}H${cx + r * 0.85}L${cx + r * 0.45} ${cy}Z`, p.c),
    ];
  },
  beams(throws, p, box) {
    const fromLeft = throws.pick([true, false]);
    const cx = fromLeft ? box.x : box.x + box.w;
    const cy = box.y + box.h * throws.between(0.2, 0.8);
    const count = throws.whole(7, 11);
    const shapes = [];
    for (let i = 0; i < count; i += 2) {
      const point = (/** @type {number} */ step) => {
        const turn = -Math.PI / 2 + (Math.PI * step) / count;
        return `${(cx + (fromLeft ? 1 : -1) * Math.cos(turn) * 420).toFixed(1)} ${(cy + Math.sin(turn) * 420).toFixed(1)}`;
      };
      shapes.push(path(`M${cx} ${cy}L${point(i)}L${point(i + 1)}Z`, i % 4 ? p.b : p.a));
    }
    return [...shapes, disc(cx, cy, box.w * 0.2, p.c)];
  },
  petals(throws, p, box) {
    const cx = box.x + box.w / 2;
    const cy = box.y + box.h * 0.52;
    const count = throws.pick([5, 6, 8]);
    const long = Math.min(box.w, box.h) * 0.47;
    const wide = long * throws.between(0.36, 0.52);
    const turn = throws.between(0, 60);
    const shapes = [];
    for (let i = 0; i < count; i++) {
      const petal = path(`M${cx} ${cy}Q${cx - wide} ${cy - long * 0.6} ${cx} ${cy - long}Q${cx + wide} ${cy - long * 0.6} ${cx} ${cy}Z`, i % 2 ? p.a : p.b);
      petal.setAttribute("transform", `rotate(${Math.round(turn + (360 / count) * i)} ${cx} ${cy.toFixed(1)})`);
      shapes.push(petal);
    }
    return [...shapes, disc(cx, cy, long * 0.16, p.c)];
  },
  curtain(throws, p, box) {
    const folds = throws.whole(5, 8) * 2;
    const wide = box.w / folds;
    const lift = throws.between(0.5, 0.8);
    const shapes = [disc(box.x + box.w / 2, box.y + box.h * 0.86, box.w * 0.3, p.c)];
    for (let i = 0; i < folds; i++) {
      const x = box.x + i * wide;
      const away = Math.abs(i - folds / 2 + 0.5) / (folds / 2);
      const h = box.h * (lift * 0.55 + away ** 2 * 0.62);
      shapes.push(path(`M${x} ${box.y}H${x + wide + 0.3}V${box.y + h}Q${x + wide / 2} ${box.y + h + 9} ${x} ${box.y + h}Z`, i % 2 ? p.a : p.b));
    }
    return shapes;
  },
  ovals(throws, p, box) {
    const cx = box.x + box.w / 2;
    const cy = box.y + box.h / 2;
    const ry = Math.min(box.h * 0.46, box.w * 0.52);
    const lean = throws.between(-5, 5);
    return [
      shape("ellipse", { cx, cy, rx: ry * 0.78, ry, fill: p.a }),
      shape("ellipse", { cx, cy, rx: ry * 0.7, ry: ry * 0.92, fill: "none", stroke: p.c, "stroke-width": 1.5 }),
      shape("ellipse", { cx: cx + lean, cy: cy - ry * 0.16, rx: ry * 0.24, ry: ry * 0.31, fill: p.b }),
      path(`M${cx - ry * 0.46} ${cy + ry * 0.68}Q${cx - ry * 0.4} ${cy + ry * 0.2} ${cx + lean} ${cy + ry * 0.2}T${cx + ry * 0.46} ${cy + ry * 0.68}Q${cx} ${cy + ry} ${cx - ry * 0.46} ${cy + ry * 0.68}Z`, p.b),
    ];
  },
  solids(throws, p, box) {
    const unit = Math.min(box.w, box.h) * throws.between(0.24, 0.29);
    const cx = box.x + box.w / 2;
    const cy = box.y + box.h * 0.52;
    const all = [
      disc(cx - unit * 0.7, cy - unit * 0.55, unit, p.a),
      shape("rect", { x: cx - unit * 0.1, y: cy - unit * 0.2, width: unit * 1.7, height: unit * 1.7, fill: p.b }),
      path(`M${cx - unit * 1.7} ${cy + unit * 1.5}L${cx - unit * 0.5} ${cy - unit * 0.4}L${cx + unit * 0.7} ${cy + unit * 1.5}Z`, p.c),
    ];
    return throws.pick([[0, 1, 2], [1, 0, 2], [2, 1, 0]]).map((i) => all[i]);
  },
  sun(throws, p, box) {
    const cx = box.x + box.w * throws.between(0.3, 0.7);
    const cy = box.y + box.h * 0.5;
    const shapes = [];
    const rays = throws.whole(10, 16);
    for (let i = 0; i < rays; i++) {
      const turn = (Math.PI * 2 * i) / rays;
      const [near, far] = [box.w * 0.25, box.w * (i % 2 ? 0.33 : 0.4)];
      shapes.push(shape("line", { x1: cx + Math.cos(turn) * near, y1: cy + Math.sin(turn) * near, x2: cx + Math.cos(turn) * far, y2: cy + Math.sin(turn) * far, stroke: p.c, "stroke-width": 3.5, "stroke-linecap": "round" }));
    }
    const phase = throws.between(0, 6);
    return [...shapes, disc(cx, cy, box.w * 0.19, p.c), wave(box, box.y + box.h * 0.66, 9, 0.8, phase, p.a), wave(box, box.y + box.h * 0.83, 7, 1.1, phase + 2, p.b)];
  },
  blocks(throws, p, box) {
    const across = throws.whole(3, 4);
    const size = box.w / across;
    const shapes = [];
    for (let row = 0; row * size < box.h; row++) {
      for (let column = 0; column < across; column++) {
        const x = box.x + column * size;
        const y = box.y + row * size;
        const fill = throws.pick([p.a, p.b, p.a, p.b, p.c]);
        const kind = throws.whole(0, 4);
        if (kind === 0) shapes.push(ground({ x, y, w: size, h: size }, fill));
        if (kind === 1) shapes.push(path(`M${x} ${y}H${x + size}A${size} ${size} 0 0 1 ${x} ${y + size}Z`, fill));
        if (kind === 2) shapes.push(path(`M${x} ${y}A${size} ${size} 0 0 0 ${x + size} ${y + size}V${y}Z`, fill));
        if (kind === 3) shapes.push(disc(x + size / 2, y + size / 2, size * 0.36, fill));
      }
    }
    return shapes;
  },
  rosette(throws, p, box) {
    const cx = box.x + box.w / 2;
    const cy = box.y + box.h / 2;
    const long = Math.min(box.w, box.h) * 0.46;
    const count = throws.pick([8, 10, 12]);
    const shapes = [disc(cx, cy, long, p.a)];
    for (let i = 0; i < count; i++) {
      const turn = (Math.PI * 2 * i) / count;
      shapes.push(ring(cx + Math.cos(turn) * long * 0.5, cy + Math.sin(turn) * long * 0.5, long * 0.48, i % 2 ? p.b : p.c, 1.4));
    }
    return [...shapes, ring(cx, cy, long * 0.985, p.c, 2), disc(cx, cy, long * 0.13, p.c)];
  },
};
