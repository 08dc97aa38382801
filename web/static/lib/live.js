// live.js: news from the library while a page is open (GET /api/events). News says that something changed; the page asks for it anew.

const SOON = 3000; // ms until it tries again after a stream that could not be opened; then twice as long, and so on
const LATEST = 60_000; // ms

/**
 * Listens until the page is left. After "bye" (the library ends a stream when nobody has used the page for long, or the session is over) it
 * comes back when somebody is there again, so that a page that nobody looks at keeps nobody signed in. Browsers give up after an answer that
 * is none, as while a process is replaced: then it tries again while somebody looks, and tells "resync".
 * @param {Record<string, (data: any) => void>} heard by the name of the news; "resync" says that something was missed
 * @param {AbortSignal} signal of the page
 * @param {string} [query] such as "?patterns=true"
 * @param {(live: boolean) => void} [line] told whether news can come
 */
export function listen(heard, signal, query = "", line = () => {}) {
  /** @type {EventSource | null} */
  let source = null;
  let timer = 0;
  let wait = SOON;
  let missed = false;
  const open = () => {
    if (source || timer || signal.aborted || document.visibilityState !== "visible") return;
    const own = (source = new EventSource(`/api/events${query}`));
    for (const [name, tell] of Object.entries(heard)) own.addEventListener(name, (event) => tell(JSON.parse(event.data)));
    own.addEventListener("bye", close);
    own.addEventListener("open", () => {
      wait = SOON;
      line(true);
      if (missed) heard.resync?.({});
      missed = false;
    });
    own.addEventListener("error", () => {
      if (source === own) line(false);
      if (source !== own || own.readyState !== EventSource.CLOSED) return; // else the browser tries again by itself
      close();
      timer = setTimeout(() => {
        timer = 0;
        open();
      }, wait);
      wait = Math.min(LATEST, wait * 2);
    });
  };
  const close = () => {
    source?.close();
    source = null;
    missed = true;
    clearTimeout(timer);
    timer = 0;
    if (!signal.aborted) line(false);
  };
  open();
  for (const here of ["visibilitychange", "pointerdown", "keydown"]) document.addEventListener(here, open, { signal });
  signal.addEventListener("abort", close);
}
