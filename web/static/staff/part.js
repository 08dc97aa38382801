// part.js: a part of a page after something was done there: drawn anew, and said.

import { find } from "../lib/html.js";
import { again } from "../lib/router.js";
import { toast } from "../parts/toast.js";

/**
 * Draws the part of a page anew in which something was done. The form or the row of that is over; what else is in use there stays.
 * @param {HTMLElement} place of the part
 * @param {Element} from what was done there
 * @param {string} words
 * @param {AbortSignal} signal of the page as it was drawn
 * @param {() => Promise<unknown>} draw
 */
export async function partAnew(place, from, words, signal, draw) {
  from.closest("[data-part]")?.removeAttribute("data-part");
  await (signal.aborted ? again() : draw()); // the whole page was drawn anew meanwhile, with older answers perhaps
  if (document.activeElement === document.body) find(document, `#${place.id} h2`).focus();
  toast(words, "good");
}
