// run.mjs: `npm test`: two libraries, half of the journeys against each, one after the other there, and down again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startLibrary } from "./server.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
// A journey is mostly waiting, for a browser or for something to be shown; so two go on at once, each with a library of its own.
const LANES = 2;

await rm(`${HERE}output`, { recursive: true, force: true });
await mkdir(`${HERE}output`, { recursive: true });
const wanted = process.argv.slice(2);
const files = (await readdir(`${HERE}journeys`)).filter((name) => name.endsWith(".test.mjs") && (wanted.length === 0 || wanted.some((part) => name.includes(part)))).sort();

const first = await startLibrary();
process.env.E2E_BINARY = first.binary; // it is built once
const lanes = Array.from({ length: Math.min(LANES, files.length) }, (_, lane) => files.filter((_, i) => i % LANES === lane));
const codes = await Promise.all(lanes.map(async (journeys, lane) => walk(lane === 0 ? first : await startLibrary(), journeys)));
await first.stop(); // last: its folder holds the program
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

/**
 * Walks journeys through a library, and gives the status.
 * @param {Awaited<ReturnType<typeof startLibrary>>} library
 * @param {string[]} journeys
 */
async function walk(library, journeys) {
  let code = 1;
  try {
    const tests = spawn(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...journeys.map((name) => `journeys/${name}`)], {
      cwd: HERE,
      env: { ...process.env, E2E_URL: library.url, E2E_BINARY: library.binary, E2E_SIGN_INS: JSON.stringify(library.signIns) },
      stdio: "inherit",
    });
    [code] = await once(tests, "exit");
    if (code !== 0) console.error(`\nThe library's last words:\n${library.log().slice(-4000)}`);
  } finally {
    if (library !== first) await library.stop();
  }
  return code ?? 1;
}
