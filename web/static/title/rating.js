// rating.js: a reader's own stars for a title, and which of their lists it is in.

import { get, post, put, remove } from "../lib/api.js";
import { failure, field, press, text, tick, wish } from "../lib/forms.js";
import { find, html, render } from "../lib/html.js";
import { speakMore, t } from "../lib/i18n.js";
import { toast } from "../parts/toast.js";

/** @typedef {import("../lib/types.js").List} List */

const STARS = [1, 2, 3, 4, 5];
const LISTS = "/api/members/v1/me/lists";

/**
 * @param {HTMLElement} place
 * @param {number} book
 * @param {() => Promise<void>} rated called when one's stars are another
 * @param {AbortSignal} signal
 */
export async function own(place, book, rated, signal) {
  const [mine] = await Promise.all([get(`/api/catalog/v1/books/${book}/rating`, {}, signal), speakMore("account")]);
  if (signal.aborted) return;
  render(
    place,
    html`<fieldset class="stars"><legend>${t("rating.mine")}</legend>
        ${STARS.map((n) => html`<label><input type="radio" name="stars" value="${n}"><span aria-hidden="true">★</span><span class="hidden-text">${t("rating.stars", { n })}</span></label>`)}
        <button type="button" class="link-button">${t("rating.withdraw")}</button></fieldset>
      <div class="answer" aria-live="polite"></div>
      <details class="keeping"><summary>${t("reading.keep")}</summary><div></div></details>`,
  );
  stars(place, `/api/catalog/v1/books/${book}/rating`, mine.stars ?? 0, rated);
  const keeping = /** @type {HTMLDetailsElement} */ (find(place, "details"));
  keeping.addEventListener("toggle", () => keeping.open && void inLists(find(keeping, "div"), book), { once: true });
}

/**
 * One choice among five: arrows move between them, and a screen reader says which is chosen.
 * @param {HTMLElement} place
 * @param {string} address
 * @param {number} given 0: none
 * @param {() => Promise<void>} rated
 */
function stars(place, address, given, rated) {
  const answer = find(place, ".answer");
  const withdraw = find(place, ".stars button");
  const show = (/** @type {number} */ now) => {
    given = now;
    for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (place.querySelectorAll(".stars input"))) {
      input.checked = Number(input.value) === now;
      input.parentElement?.classList.toggle("on", Number(input.value) <= now);
    }
    withdraw.hidden = now === 0;
  };
  let kept = given; // at the library
  let sent = Promise.resolve(); // one after the other, since two on their way at once may change places
  const give = (/** @type {number} */ wanted) => {
    show(wanted); // at once; what is refused is taken back
    render(answer, null);
    sent = sent.then(async () => {
      if (given !== wanted) return; // thought better of since
      try {
        await (wanted ? put(address, { stars: wanted }) : remove(address));
        kept = wanted;
        toast(t(wanted ? "rating.thanks" : "rating.withdrawn"), "good");
        void rated();
      } catch (error) {
        if (given === wanted) show(kept);
        render(answer, failure(error));
      }
    });
  };
  show(given);
  find(place, ".stars").addEventListener("change", ({ target }) => target instanceof HTMLInputElement && give(Number(target.value)));
  withdraw.addEventListener("click", () => {
    find(place, ".stars input").focus(); // the button goes
    give(0);
  });
}

/** @param {HTMLElement} place @param {number} book */
async function inLists(place, book) {
  /** @type {{items: List[]}} */
  const { items } = await get(LISTS).catch((error) => {
    render(place, failure(error));
    return { items: [] };
  });
  const holds = (/** @type {List} */ list) => list.books.some(({ book_id }) => book_id === book);
  render(
    place,
    html`${items.length > 0 && html`<ul class="ticks">${items.map((list) => html`<li>${tick(String(list.id), list.name, holds(list))}</li>`)}</ul>`}
      <form>${field("name", t("reading.new"), { max: 100, required: true })}<button class="button" type="submit">${t("reading.makeAndKeep")}</button><div class="answer" aria-live="polite"></div></form>
      <p><a href="/reading-lists">${t("mine.lists")}</a></p>`,
  );
  const form = /** @type {HTMLFormElement} */ (find(place, "form"));
  place.querySelector(".ticks")?.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement) void follow(target, `${LISTS}/${target.name}/books/${book}`, find(form, ".answer"));
  });
  wish(
    form,
    async (values, key) => {
      const list = await post(LISTS, { name: text(values, "name") }, key);
      await put(`${LISTS}/${list.id}/books/${book}`, undefined);
    },
    async () => {
      toast(t("reading.kept"), "good");
      await inLists(place, book);
      find(place, "[name=name]").focus();
    },
  );
}

/**
 * Puts the title into a list, or takes it out; a tick that the library refused is taken back.
 * @param {HTMLInputElement} box
 * @param {string} address
 * @param {Element} answer
 */
function follow(box, address, answer) {
  const wanted = box.checked;
  const send = async () => {
    try {
      await (wanted ? put(address, undefined) : remove(address));
    } catch (error) {
      box.checked = !wanted;
      throw error;
    }
  };
  return press(box, answer, send, () => toast(t(wanted ? "reading.kept" : "reading.takenOut"), "good"));
}
