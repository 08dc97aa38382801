// cover-palette.js: which colours and which figure a genre has, and the dice that a title's id throws.

/**
 * @typedef {object} Palette
 * @property {string} ground
 * @property {string} ink of the words, at least 4.5 : 1 on the ground
 * @property {string} a the figure's first colour
 * @property {string} b its second
 * @property {string} c its spark
 */

/** @param {string} ground @param {string} ink @param {string} a @param {string} b @param {string} c @returns {Palette} */
const palette = (ground, ink, a, b, c) => ({ ground, ink, a, b, c });

/** @type {Record<string, Palette[]>} */
const PALETTES = {
  night: [
    palette("oklch(0.29 0.06 265)", "oklch(0.95 0.02 90)", "oklch(0.42 0.08 260)", "oklch(0.56 0.09 250)", "oklch(0.88 0.1 90)"),
    palette("oklch(0.27 0.045 225)", "oklch(0.95 0.02 95)", "oklch(0.4 0.06 220)", "oklch(0.58 0.08 205)", "oklch(0.85 0.12 70)"),
  ],
  clay: [
    palette("oklch(0.46 0.12 36)", "oklch(0.97 0.02 80)", "oklch(0.36 0.09 30)", "oklch(0.64 0.13 50)", "oklch(0.9 0.07 85)"),
    palette("oklch(0.9 0.045 75)", "oklch(0.3 0.06 35)", "oklch(0.56 0.13 38)", "oklch(0.74 0.1 60)", "oklch(0.38 0.07 30)"),
  ],
  leaf: [
    palette("oklch(0.36 0.06 155)", "oklch(0.96 0.03 100)", "oklch(0.47 0.08 150)", "oklch(0.66 0.1 130)", "oklch(0.9 0.09 100)"),
    palette("oklch(0.91 0.035 130)", "oklch(0.29 0.05 155)", "oklch(0.52 0.09 150)", "oklch(0.7 0.1 125)", "oklch(0.66 0.13 50)"),
  ],
  sea: [
    palette("oklch(0.4 0.075 215)", "oklch(0.97 0.02 180)", "oklch(0.5 0.085 210)", "oklch(0.68 0.08 200)", "oklch(0.9 0.06 90)"),
    palette("oklch(0.91 0.03 205)", "oklch(0.3 0.06 230)", "oklch(0.52 0.09 220)", "oklch(0.7 0.08 200)", "oklch(0.68 0.14 45)"),
  ],
  rose: [
    palette("oklch(0.42 0.11 10)", "oklch(0.97 0.02 40)", "oklch(0.54 0.14 12)", "oklch(0.72 0.11 20)", "oklch(0.9 0.06 60)"),
    palette("oklch(0.92 0.03 20)", "oklch(0.34 0.09 5)", "oklch(0.62 0.14 10)", "oklch(0.76 0.1 25)", "oklch(0.45 0.11 0)"),
  ],
  gold: [
    palette("oklch(0.82 0.12 85)", "oklch(0.27 0.04 60)", "oklch(0.62 0.13 55)", "oklch(0.92 0.07 92)", "oklch(0.42 0.1 30)"),
    palette("oklch(0.93 0.05 92)", "oklch(0.3 0.05 55)", "oklch(0.72 0.13 75)", "oklch(0.55 0.12 45)", "oklch(0.38 0.06 240)"),
  ],
  ash: [
    palette("oklch(0.28 0.012 60)", "oklch(0.95 0.015 85)", "oklch(0.4 0.014 60)", "oklch(0.56 0.016 70)", "oklch(0.66 0.17 33)"),
    palette("oklch(0.93 0.012 85)", "oklch(0.25 0.015 60)", "oklch(0.48 0.014 60)", "oklch(0.72 0.014 70)", "oklch(0.56 0.18 30)"),
  ],
  plum: [
    palette("oklch(0.34 0.085 320)", "oklch(0.96 0.02 330)", "oklch(0.46 0.1 315)", "oklch(0.64 0.1 330)", "oklch(0.88 0.09 85)"),
    palette("oklch(0.92 0.03 310)", "oklch(0.32 0.08 315)", "oklch(0.56 0.11 310)", "oklch(0.74 0.08 325)", "oklch(0.62 0.13 60)"),
  ],
};

/**
 * Words of a genre's name (folded, in English or Vietnamese), the palettes and the figures that suit it. The first that fits wins.
 * @type {[RegExp, string[], string[]][]}
 */
const GENRES = [
  [/science fiction|sci-fi|vien tuong|dystop/, ["night", "sea", "plum"], ["orbits", "horizon"]],
  [/fantasy|ky ao|magic|myth|than thoai|folk|fairy|co tich|legend/, ["plum", "leaf", "night"], ["mountains", "moon", "rosette"]],
  [/poe(m|t)|tho\b|verse|truyen tho/, ["night", "rose", "sea"], ["moon", "petals", "waves"]],
  [/mystery|detective|crime|thriller|trinh tham|noir|horror|kinh di|gothic/, ["ash", "night"], ["keyhole", "beams"]],
  [/romance|love|tinh cam|lang man/, ["rose", "plum", "gold"], ["petals", "sun"]],
  [/war|chien tranh|militar/, ["ash", "clay"], ["beams", "strata"]],
  [/child|thieu nhi|young|juvenile|thieu nien/, ["gold", "sea", "leaf"], ["sun", "blocks"]],
  [/histor|lich su|ancient|classic|co dien|epic|su thi/, ["clay", "gold"], ["arches", "rosette", "strata"]],
  [/drama|theat|play|kich/, ["rose", "clay"], ["curtain", "beams"]],
  [/biogra|memoir|hoi ky|tu truyen|tieu su|letters/, ["leaf", "clay", "gold"], ["ovals", "strata"]],
  [/philosoph|triet|essay|tieu luan|psycholog|tam ly|politic|econom/, ["ash", "gold", "plum"], ["solids", "blocks"]],
  [/science|khoa hoc|math|physic|nature|biolog|technolog/, ["sea", "leaf"], ["orbits", "strata", "solids"]],
  [/travel|adventure|phieu luu|du ky|sea|explor/, ["sea", "gold", "leaf"], ["waves", "mountains", "horizon"]],
  [/relig|ton giao|spirit|buddh|christ|bible/, ["gold", "plum"], ["rosette", "arches"]],
  [/short stor|truyen ngan|satire|trao phung|humou?r/, ["gold", "clay", "sea"], ["blocks", "sun", "solids"]],
  [/novel|fiction|tieu thuyet|literary|van hoc/, ["clay", "leaf", "sea", "ash"], ["blocks", "beams", "sun", "strata", "waves", "solids"]],
];

const ALL_PALETTES = Object.keys(PALETTES);
const ALL_FIGURES = ["moon", "waves", "strata", "blocks", "solids", "sun", "arches", "petals", "rosette"];

/** @param {string} text */
export function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/đ/g, "d");
}

/**
 * Even dice from a seed (mulberry32, Tommy Ettinger 2017): the same seed gives the same throws, for ever.
 * @param {number} seed a safe integer
 */
export function dice(seed) {
  let state = (seed % 4294967296 ^ Math.floor(seed / 4294967296) * 0x9e3779b1) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mix = Math.imul(state ^ (state >>> 15), state | 1);
    mix = (mix + Math.imul(mix ^ (mix >>> 7), mix | 61)) ^ mix;
    return ((mix ^ (mix >>> 14)) >>> 0) / 4294967296;
  };
  return {
    /** from low to high @param {number} low @param {number} high */
    between: (low, high) => low + next() * (high - low),
    /** a whole number from low to high @param {number} low @param {number} high */
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    /** @template T @param {readonly T[]} list @returns {T} */
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

/** @typedef {ReturnType<typeof dice>} Dice */

/**
 * @param {string} genre
 * @param {Dice} throws
 * @returns {{palette: Palette, figure: string}}
 */
export function dress(genre, throws) {
  const folded = fold(genre);
  const found = GENRES.find(([words]) => words.test(folded));
  const palettes = found ? found[1] : ALL_PALETTES;
  const figures = found ? found[2] : ALL_FIGURES;
  return { palette: throws.pick(PALETTES[throws.pick(palettes)]), figure: throws.pick(figures) };
}

/**
 * The one colour that stands for a genre outside of covers.
 * @param {string} genre
 */
export function colourOf(genre) {
  const folded = fold(genre);
  const found = GENRES.find(([words]) => words.test(folded));
  return PALETTES[found ? found[1][0] : "ash"][0].ground;
}
