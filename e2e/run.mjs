// run.mjs: `npm test`: all journeys, file by file in two lanes. Each lane has a library of its own, as a journey waits more than it works.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startLibrary } from "./server.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const LANES = 2; // with three, two cores are no sooner done

await rm(`${HERE}output`, { recursive: true, force: true });
await mkdir(`${HERE}output`, { recursive: true });
const wanted = process.argv.slice(2);
const files = (await readdir(`${HERE}journeys`)).filter((name) => name.endsWith(".test.mjs") && (wanted.length === 0 || wanted.some((part) => name.includes(part))));
const sizes = new Map(await Promise.all(files.map(async (name) => /** @type {const} */ ([name, (await stat(`${HERE}journeys/${name}`)).size]))));
const left = files.toSorted((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0)); // the longest first, so that none runs alone at the end

/**
 * Runs one file, and tells what it said when it ended: lanes do not speak into each other's words.
 * @param {string} name @param {Awaited<ReturnType<typeof startLibrary>>} library
 */
async function journey(name, library) {
  const test = spawn(process.execPath, ["--test", "--test-reporter=spec", `journeys/${name}`], {
    cwd: HERE,
    env: { ...process.env, E2E_URL: library.url, E2E_BINARY: library.binary, E2E_SIGN_INS: JSON.stringify(library.signIns) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [test.stdout, test.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(test, "close");
  console.log(`${name}\n${said}`);
  if (code !== 0) console.error(`The library's last words:\n${library.log().slice(-4000)}`);
  return code === 0;
}

/** Takes file after file; tells which failed. */
async function lane() {
  /** @type {string[]} */
  const failed = [];
  const library = await startLibrary();
  try {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      if (!(await journey(name, library))) failed.push(name);
    }
  } finally {
    await library.stop();
  }
  return failed;
}

const failed = (await Promise.all(Array.from({ length: Math.min(LANES, files.length) }, lane))).flat();
console.log(failed.length === 0 ? `${files.length} files of journeys passed.` : `Failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
