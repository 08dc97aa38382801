// toast.js: <bv-toast>, a short word at the foot of the page, read aloud, gone after a while.

const STAYS = 6000; // ms

class Toast extends HTMLElement {
  #timer = 0;

  /**
   * @param {string} text
   * @param {"good" | "bad" | "plain"} kind
   */
  say(text, kind) {
    clearTimeout(this.#timer);
    this.textContent = text;
    this.className = kind;
    this.#timer = setTimeout(() => {
      this.textContent = "";
      this.className = "";
    }, STAYS);
  }
}

customElements.define("bv-toast", Toast);

/**
 * @param {string} text
 * @param {"good" | "bad" | "plain"} [kind]
 */
export function toast(text, kind = "plain") {
  const element = document.querySelector("bv-toast");
  if (element instanceof Toast) element.say(text, kind);
}
