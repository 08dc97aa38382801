// in-use.js: places that are drawn anew while somebody is in the midst of a part of them: a form half filled, an answer being read, a command on the way.

const BUSY = "[aria-disabled=true], .answer:not(:empty), [role=status]:not(:empty)";

/** Whether a box holds something else than what it was drawn with. @param {Element} box */
function changed(box) {
  if (box instanceof HTMLSelectElement) return box.selectedOptions[0] !== ([...box.options].find((option) => option.defaultSelected) ?? box.options[0]);
  return (box instanceof HTMLInputElement || box instanceof HTMLTextAreaElement) && (box.value !== box.defaultValue || (box instanceof HTMLInputElement && box.checked !== box.defaultChecked));
}

/** Whether somebody is in the midst of a part of a page. @param {Element} part */
export function inUse(part) {
  return part.matches(BUSY) || part.querySelector(BUSY) !== null || [...part.querySelectorAll("input, textarea, select")].some(changed);
}

/**
 * What is in use of a place that will be drawn anew, by the names of its parts (data-part). What it gives puts them back, as they are and
 * with the focus, where there still is such a part.
 * @param {Element} place
 */
export function partsInUse(place) {
  const held = document.activeElement;
  const parts = /** @type {HTMLElement[]} */ ([...place.querySelectorAll("[data-part]")]).filter(inUse);
  return (/** @type {Element} */ anew) => {
    for (const part of parts) anew.querySelector(`[data-part="${CSS.escape(part.dataset.part ?? "")}"]`)?.replaceWith(part);
    if (held instanceof HTMLElement && held.isConnected && document.activeElement === document.body) held.focus({ preventScroll: true });
  };
}

/** @type {WeakMap<Element, object>} */
const turns = new WeakMap();

/**
 * Takes a turn at filling a place. What it gives says whether no later turn was taken meanwhile: an older answer never covers a newer one.
 * @param {Element} place
 */
export function turn(place) {
  const own = {};
  turns.set(place, own);
  return () => turns.get(place) === own;
}
