// run.mjs: `npm ci && npm start`: Lighthouse (its mobile setting, a browser that kept nothing) on home, results and title of the demonstration
// library, as readers come to it, by TLS and HTTP/2, or of the one at E2E_URL. PLAIN=1: without TLS, by HTTP/1.1, where files wait for each other. Prints the median of the rounds of each page and what falls short; ends with 1 where a goal is missed.
// `npm start 5` makes five rounds; ROWS=../../docs/performance/lighthouse.json keeps the figures. The whole reports lie in ../output/lighthouse.

import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { keepRows } from "../rows.mjs";
import { startLibrary } from "../server.mjs";

const OUTPUT = fileURLToPath(new URL("../output/lighthouse/", import.meta.url));
const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
const ROUNDS = Number(process.argv[2] ?? 3);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];

/** The goals: scores from 0 to 100, bytes over the wire, milliseconds, shift; with their words. */
const GOALS = [
  ["performance", (value) => value >= 98, ">= 98", "points"],
  ["accessibility", (value) => value === 100, "100", "points"],
  ["best-practices", (value) => value === 100, "100", "points"],
  ["seo", (value) => value === 100, "100", "points"],
  ["bytes", (value) => value <= 60 * 1024, "<= 61,440", "bytes"],
  ["lcp", (value) => value <= 1200, "<= 1,200", "ms"],
  ["shift", (value) => value < 0.01, "0", ""],
];

/** @param {string} url */
async function look(url) {
  const chrome = await launch({ chromePath: CHROMIUM, chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--lang=en-GB", "--ignore-certificate-errors"] });
  try {
    const { lhr, report } = await lighthouse(url, { port: chrome.port, output: "html", logLevel: "error", onlyCategories: CATEGORIES });
    if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
    const audit = (name) => lhr.audits[name].numericValue;
    const scores = Object.fromEntries(CATEGORIES.map((name) => [name, Math.round(lhr.categories[name].score * 100)]));
    const refs = CATEGORIES.flatMap((name) => lhr.categories[name].auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => id));
    const short = [...new Set(refs)].filter((id) => lhr.audits[id].score !== null && lhr.audits[id].score < 1).map((id) => `${id} ${lhr.audits[id].displayValue ?? ""}`.trim());
    return { figures: { ...scores, bytes: audit("total-byte-weight"), fcp: audit("first-contentful-paint"), lcp: audit("largest-contentful-paint"), blocked: audit("total-blocking-time"), shift: audit("cumulative-layout-shift"), speed: audit("speed-index") }, short, lhr, report };
  } finally {
    await chrome.kill();
  }
}

/** A certificate for a day, signed by nobody; the settings that have a library use it. */
function certificate() {
  const [key, file] = [`${OUTPUT}key.pem`, `${OUTPUT}certificate.pem`];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...made, "-keyout", key, "-out", file], { stdio: "ignore" });
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  return { BOOKVAULT_SERVER_TLS_CERTIFICATE: file, BOOKVAULT_SERVER_TLS_KEY: key };
}

await mkdir(OUTPUT, { recursive: true });
const library = process.env.E2E_URL ? { url: process.env.E2E_URL, stop: async () => {} } : await startLibrary(process.env.PLAIN ? {} : certificate());
let missed = 0;
try {
  const { items } = await (await fetch(`${library.url}/api/catalog/v1/books?q=truyen+kieu&limit=1`)).json();
  const title = items[0] ?? (await (await fetch(`${library.url}/api/catalog/v1/books?limit=1`)).json()).items[0];
  const rows = [];
  const kept = [];
  for (const [name, path] of [["home", "/"], ["results", "/search?q=the"], ["title", `/books/${title.id}`]]) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await look(library.url + path));
    const median = (key) => rounds.map(({ figures }) => figures[key]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
    const row = Object.fromEntries(Object.keys(rounds[0].figures).map((key) => [key, Math.round(median(key) * 1000) / 1000]));
    rows.push({ page: name, ...row });
    const last = rounds[ROUNDS - 1];
    await writeFile(`${OUTPUT}${name}.html`, last.report);
    await writeFile(`${OUTPUT}${name}.json`, JSON.stringify(last.lhr));
    for (const [key, holds, goal, unit] of GOALS) {
      kept.push({ suite: "lighthouse", figure: `${name}: ${key === "lcp" ? "largest contentful paint" : key}`, value: row[key], unit, goal, holds: holds(row[key]) });
      if (holds(row[key])) continue;
      missed++;
      console.error(`${name}: ${key} is ${row[key]}`);
    }
    if (last.short.length > 0) console.error(`${name} falls short in: ${last.short.join("; ")}`);
  }
  console.table(rows);
  await keepRows(kept);
} finally {
  await library.stop();
}
process.exitCode = missed > 0 ? 1 : 0;
