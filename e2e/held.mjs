// held.mjs: answers that come late: kept back until the journey lets them go.

/**
 * Keeps the answers of an address back. `came` waits until one is there; `free` lets them go, and waits until the page has them.
 * @param {import("playwright-core").Page} page @param {RegExp} address @param {string} method @param {{status: number, body: object}} [instead] of the library's answer
 */
export async function held(page, address, method, instead) {
  let free = () => {};
  let here = () => {};
  const gate = new Promise((done) => (free = () => done(undefined)));
  const came = new Promise((done) => (here = () => done(undefined)));
  await page.route(address, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    const answer = instead ? { status: instead.status, contentType: "application/problem+json", body: JSON.stringify(instead.body) } : { response: await route.fetch() };
    here();
    await gate;
    await route.fulfill(answer).catch(() => {}); // the page may ask no more
  });
  const ended = new Promise((done) => {
    const over = (/** @type {import("playwright-core").Request} */ asked) => void (address.test(asked.url()) && asked.method() === method && done(undefined));
    page.on("requestfinished", over).on("requestfailed", over);
  });
  return { came, free: async () => {
    free();
    await ended;
  } };
}
