// cover-type.js: sets words on a cover as a designer would: the largest size that fits, lines of even length, marks never clipped.

/** @typedef {{lines: string[], size: number, leading: number}} Setting */

/** One a family: setting the font of one has the browser look at the whole page. @type {Map<string, CanvasRenderingContext2D | null>} */
const rulers = new Map();
const RULED_AT = 100;

/** Widths of the text that is being set: the same lines are tried at every size. @type {Map<string, number>} */
const measured = new Map();

/** @param {"--serif" | "--sans"} token */
function rulerOf(token) {
  let ruler = rulers.get(token);
  if (ruler === undefined) {
    ruler = document.createElement("canvas").getContext("2d");
    if (ruler) ruler.font = `${RULED_AT}px ${getComputedStyle(document.documentElement).getPropertyValue(token).trim() || "serif"}`;
    rulers.set(token, ruler);
  }
  return ruler;
}

/**
 * The width of a text at size 1.
 * @param {string} text
 * @param {"--serif" | "--sans"} token
 */
function width(text, token) {
  let wide = measured.get(text);
  if (wide === undefined) {
    const ruler = rulerOf(token);
    if (!ruler) return text.length * 0.5;
    wide = ruler.measureText(text).width / RULED_AT;
    measured.set(text, wide);
  }
  return wide;
}

/**
 * Words, where a word that no line can hold is broken between its letters (never between a letter and its marks).
 * @param {string} text
 * @param {number} room widest line, at size 1
 * @param {"--serif" | "--sans"} token
 */
function pieces(text, room, token) {
  return text.split(/\s+/).flatMap((word) => {
    if (width(word, token) <= room) return [word];
    const letters = Array.from(new Intl.Segmenter().segment(word), ({ segment }) => segment);
    const parts = [];
    let part = "";
    for (const letter of letters) {
      if (part && width(part + letter, token) > room) {
        parts.push(part);
        part = "";
      }
      part += letter;
    }
    return [...parts, part];
  });
}

/**
 * @param {string[]} words
 * @param {number} room
 * @param {"--serif" | "--sans"} token
 */
function fill(words, room, token) {
  const lines = [];
  let line = "";
  for (const word of words) {
    const longer = line ? `${line} ${word}` : word;
    if (line && width(longer, token) > room) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return line ? [...lines, line] : lines;
}

/**
 * The tightest room that still needs no more lines: so the lines come out even.
 * @param {string[]} words @param {number} room @param {"--serif" | "--sans"} token
 */
function even(words, room, token) {
  const best = fill(words, room, token);
  let low = room * 0.4;
  let high = room;
  for (let i = 0; i < 7; i++) {
    const middle = (low + high) / 2;
    const tried = fill(words, middle, token);
    if (tried.length === best.length && tried.every((line) => width(line, token) <= room)) high = middle;
    else low = middle;
  }
  return fill(words, high, token);
}

/**
 * Sets a text in a box: the first of the sizes at which it fits; at the last size what is too long ends in an ellipsis.
 * @param {string} text
 * @param {{width: number, height: number, sizes: number[], leading: number, token?: "--serif" | "--sans"}} box
 * @returns {Setting}
 */
export function set(text, { width: wide, height, sizes, leading, token = "--serif" }) {
  measured.clear();
  const clean = text.normalize("NFC").trim().slice(0, 400);
  for (const size of sizes) {
    const room = wide / size;
    const words = clean.split(/\s+/);
    if (words.some((word) => width(word, token) > room)) continue;
    const lines = even(words, room, token);
    if (lines.length * size * leading <= height) return { lines, size, leading };
  }
  const size = sizes[sizes.length - 1];
  const most = Math.max(1, Math.floor(height / (size * leading)));
  const lines = fill(pieces(clean, wide / size, token), wide / size, token);
  if (lines.length <= most) return { lines, size, leading };
  const kept = lines.slice(0, most);
  kept[most - 1] = `${kept[most - 1].slice(0, -1).trimEnd()}…`;
  return { lines: kept, size, leading };
}
