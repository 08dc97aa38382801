// network.test.mjs: with cdn.base_url the pages' files come from a network, an nginx that pulls from the library: each is asked of the library once, and none that was changed on its way is run.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, settled } from "../browser.mjs";
import { NGINX, startNetwork } from "../network.mjs";
import { freePort, startLibrary } from "../server.mjs";

const skip = NGINX || process.env.CI ? false : "there is no nginx on this machine: apt-get install nginx-light";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof startLibrary>>} */
let library;
/** @type {Awaited<ReturnType<typeof startNetwork>>} */
let network;
let base = "";
let metrics = "";

before(async () => {
  if (skip) return;
  const [port, metricsPort] = [await freePort(), await freePort()];
  base = `http://127.0.0.1:${port}`;
  metrics = `127.0.0.1:${metricsPort}`;
  library = await startLibrary({ BOOKVAULT_CDN_BASE_URL: base, BOOKVAULT_TELEMETRY_METRICS_ADDRESS: metrics });
  network = await startNetwork(port, library.url);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await network?.stop();
  await library?.stop();
});

/** Someone with a browser that has kept nothing, watched: {page, noise, requests}. */
async function newcomer() {
  const context = await browser.newContext({ locale: "en-GB" });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  /** @type {string[]} */
  const noise = [];
  /** @type {string[]} */
  const requests = [];
  page.on("console", (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`script: ${error.stack}`));
  await page.exposeFunction("violated", (/** @type {string} */ what) => noise.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => /** @type {any} */ (window).violated(`${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on("request", (request) => requests.push(request.url()));
  return { context, page, noise, requests };
}

test("the pages load from the network, and the library is asked for each file once", { skip }, async () => {
  for (let load = 0; load < 3; load++) {
    const { context, page, noise, requests } = await newcomer();
    for (const path of ["/", "/search?q=kieu", "/sign-in", "/nowhere"]) {
      await page.goto(library.url + path);
      await settled(page);
    }
    assert.deepEqual(noise.filter((line) => !line.includes("status of 404")), [], `load ${load}`); // the page of /nowhere is one
    const elsewhere = requests.filter((url) => !url.startsWith(library.url) && !url.startsWith(`${base}/assets/`) && !/^(data|blob):/.test(url));
    assert.deepEqual(elsewhere, [], "nothing comes from anywhere else");
    const own = requests.filter((url) => url.startsWith(library.url) && /\.(js|css|svg)$/.test(new URL(url).pathname));
    assert.deepEqual(own, [], "no file comes from the library itself");
    await context.close();
  }
  const asked = await network.asked();
  const missed = asked.filter((line) => line.endsWith(" MISS")).map((line) => line.split(" ")[0]);
  const files = new Set(asked.map((line) => line.split(" ")[0]));
  assert.ok(files.size >= 25, `only ${files.size} files`);
  assert.deepEqual(asked.filter((line) => !/ 200 (MISS|HIT)$/.test(line)), [], "every answer is a file, asked for once and kept");
  assert.deepEqual(missed.sort(), [...files].sort(), "each file is asked for once");
  const counted = /bookvault_cdn_answers_total\{name="hashed",result="sent"\} (\d+)/.exec(await (await fetch(`http://${metrics}/metrics`)).text());
  assert.equal(Number(counted?.[1]), files.size, "and the library counted as many");
});

test("a file that was changed on its way is not run", { skip }, async () => {
  for (const changed of [/\/assets\/lib\/session\.[0-9a-f]+\.js$/, /\/assets\/home\/home\.[0-9a-f]+\.css$/]) {
    const { context, page, noise } = await newcomer();
    let met = 0;
    await context.route(changed, async (route) => {
      met++;
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()) + "\n/* and more */" });
    });
    await page.goto(library.url);
    await page.waitForLoadState("networkidle");
    assert.ok(met > 0, "the file was asked for");
    assert.ok(noise.some((line) => /integrity/.test(line)), `the browser refused it: ${noise.join("\n")}`);
    await context.close();
  }
});
