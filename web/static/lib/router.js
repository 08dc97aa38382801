// router.js: addresses to pages. A page is a function of its address; this file brings it on screen, in order, with focus and scroll where a reader expects them.

import { Offline } from "./api.js";
import { find, keepFocus, render } from "./html.js";

/**
 * What a page is given.
 * @typedef {object} Context
 * @property {URL} url
 * @property {string[]} params what the pattern caught
 * @property {AbortSignal} signal aborted when the reader moves on
 * @property {Record<string, any>} kept what this history entry kept (keep)
 */

/**
 * What a page answers.
 * @typedef {object} View
 * @property {string} title
 * @property {import("./html.js").Html} body
 * @property {(main: HTMLElement, signal: AbortSignal) => void} [ready] called once the body stands in the page
 * @property {boolean} [ownFocus] the page puts the focus itself
 */

/** @typedef {{show: (context: Context) => Promise<View>, waiting?: () => import("./html.js").Html}} Page */
/** @typedef {{pattern: RegExp, styles?: string[], load: () => Promise<Page>}} Route */
/** @typedef {(error: unknown, url: URL) => Promise<View>} OnError */

const SKELETON_AFTER = 300; // ms
const NAME = "BookVault";

/** @type {Route[]} */
let routes = [];
/** @type {OnError} */
let onError;
/** @type {AbortController | undefined} */
let visit;
let stay = {}; // of the reader at an address; the page may be drawn anew meanwhile
let shown = ""; // the address on screen, without its fragment

/**
 * Begins: takes the routes, listens to links and to the history, shows the address at hand.
 * @param {Route[]} table
 * @param {OnError} failed
 */
export function start(table, failed) {
  routes = table;
  onError = failed;
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => {
    if (location.pathname + location.search !== shown) open("back"); // else only the fragment moved: the skip link
  });
  addEventListener("scroll", rememberScroll, { passive: true });
  document.addEventListener("click", follow);
  return open("first");
}

/**
 * Moves to an address of this site.
 * @param {string} href
 * @param {{replace?: boolean, focus?: string}} [options] focus: what keeps the focus in the new page, if it is there
 */
export function go(href, { replace = false, focus } = {}) {
  const same = new URL(href, location.href).href === location.href;
  history[replace || same ? "replaceState" : "pushState"]({}, "", href);
  return open("forward", focus);
}

/** Asks, when an answer comes, whether the reader is still at the address where it was asked for. */
export function staying() {
  const at = stay;
  return () => at === stay;
}

/** Shows the address at hand again (after signing in, in another language). What waits for it goes on only once it stands: not when the reader moves on meanwhile. */
export function again() {
  return open("again");
}

/**
 * Keeps something with this history entry, for when the reader comes back to it.
 * @param {Record<string, unknown>} more
 */
export function keep(more) {
  history.replaceState({ ...history.state, ...more }, "");
}

/** @param {MouseEvent} event */
function follow(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || link.origin !== location.origin) return;
  if (!routes.some((route) => route.pattern.test(link.pathname))) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  event.preventDefault();
  go(link.href);
}

let scrollTimer = 0;

function rememberScroll() {
  clearTimeout(scrollTimer);
  scrollTimer = setTimeout(() => keep({ scroll: Math.round(scrollY) }), 120);
}

/** @type {Map<string, Promise<void>>} */
const styles = new Map();

/** @type {Record<string, string>} digests of the files that come from another host, by address */
const digests = JSON.parse(document.querySelector("script[type=importmap]")?.textContent || "{}").integrity ?? {};

/** @param {string} href */
function style(href) {
  let loaded = styles.get(href);
  if (!loaded && [.../** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll("link[rel=stylesheet]"))].some((link) => link.href === href)) {
    styles.set(href, (loaded = Promise.resolve())); // the document named it
  }
  if (!loaded) {
    loaded = new Promise((done) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      if (href in digests) {
        link.integrity = digests[href];
        link.crossOrigin = "anonymous";
      }
      link.onload = () => done();
      link.onerror = () => {
        styles.delete(href); // asked for again at the next visit; a plain page is better than none
        done();
      };
      document.head.append(link);
    });
    styles.set(href, loaded);
  }
  return loaded;
}

/** @param {Route} route */
async function load(route) {
  try {
    return await route.load();
  } catch (error) {
    throw new NotLoaded("a page's file did not come", { cause: error });
  }
}

/**
 * @param {"first" | "forward" | "back" | "again"} how
 * @param {string} [focus]
 */
async function open(how, focus) {
  visit?.abort();
  if (how !== "again") stay = {};
  const own = (visit = new AbortController());
  clearTimeout(scrollTimer);
  const url = new URL(location.href);
  const main = find(document, "#main");
  const route = routes.find(({ pattern }) => pattern.test(url.pathname));
  const kept = { ...history.state };
  shown = url.pathname + url.search;
  let skeleton = 0;
  /** @type {View} */
  let view;
  try {
    if (!route) throw new NoSuchPage();
    const [page] = await Promise.all([load(route), ...(route.styles ?? []).map(style)]);
    if (own.signal.aborted) return left();
    skeleton = setTimeout(() => {
      main.setAttribute("aria-busy", "true");
      if (!page.waiting || how === "again" || (how === "first" && main.querySelector("h1:not(:empty)"))) return; // what stands there is better than bones
      render(main, page.waiting());
      if (how === "forward") scrollTo(0, 0);
    }, SKELETON_AFTER);
    const params = (route.pattern.exec(url.pathname) ?? []).slice(1).map(decodeURIComponent);
    view = await page.show({ url, params, signal: own.signal, kept });
  } catch (error) {
    if (own.signal.aborted) return left();
    view = await onError(error, url);
  } finally {
    clearTimeout(skeleton);
  }
  if (own.signal.aborted) return left();
  main.removeAttribute("aria-busy");
  document.title = view.title === NAME ? NAME : `${view.title} · ${NAME}`;
  const draw = () => {
    render(main, view.body);
    main.dataset.at = shown; // what stands here now; the address itself moves before its page comes
    view.ready?.(main, own.signal);
  };
  const held = main.contains(document.activeElement);
  if (how === "again") keepFocus(main, draw);
  else draw();
  dispatchEvent(new CustomEvent("page", { detail: url }));
  if (how === "back" || how === "first") scrollTo(0, kept.scroll ?? 0);
  else if (how === "forward") scrollTo(0, 0);
  if (how === "first" || (how === "again" && !(held && nowhere()))) return;
  const keeper = focus ? main.querySelector(focus) : null;
  if (keeper instanceof HTMLElement && keeper.checkVisibility()) keeper.focus({ preventScroll: true });
  else if (!view.ownFocus || nowhere()) focusHeading(main);
}

/** For what waits for a page that was left before it stood: it waits for ever, and is forgotten with the page. @returns {Promise<void>} */
const left = () => new Promise(() => {});

/** Whether nothing has the focus, so that Tab would begin at the top of the document. */
const nowhere = () => document.activeElement === document.body;

/** @param {HTMLElement} main */
function focusHeading(main) {
  const heading = main.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** The files of a page did not come: browsers remember that, so only loading the document again mends it. */
export class NotLoaded extends Offline {}

/** No page has this address. */
export class NoSuchPage extends Error {}
