// live.js: news from the library while a page is open (GET /api/events). News says that something changed; the page asks for it anew.

/**
 * Listens until the page is left. After "bye" (the library ends a stream when nobody has used the page for long, or the session is over) it
 * comes back when somebody is there again, so that a page that nobody looks at keeps nobody signed in.
 * @param {Record<string, (data: any) => void>} heard by the name of the news; "resync" says that something was missed
 * @param {AbortSignal} signal of the page
 * @param {string} [query] such as "?patterns=true"
 */
export function listen(heard, signal, query = "") {
  /** @type {EventSource | null} */
  let source = null;
  const open = () => {
    if (source || signal.aborted || document.visibilityState !== "visible") return;
    source = new EventSource(`/api/events${query}`);
    for (const [name, tell] of Object.entries(heard)) source.addEventListener(name, (event) => tell(JSON.parse(event.data)));
    source.addEventListener("bye", close);
  };
  const close = () => {
    source?.close();
    source = null;
  };
  open();
  for (const here of ["visibilitychange", "pointerdown", "keydown"]) document.addEventListener(here, open, { signal });
  signal.addEventListener("abort", close);
}
