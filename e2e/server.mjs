// server.mjs: builds the real program (or takes the one at E2E_BINARY), starts it on a fresh data folder and a free port, reads the demonstration sign-ins, stops it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const UP_IN = 60_000; // ms, on a busy machine with a cold disk
const DOWN_IN = 15_000; // ms

export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, "close");
  return port;
}

/** @param {string} command @param {string[]} args */
async function run(command, args) {
  const child = spawn(command, args, { cwd: ROOT, stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
}

/**
 * A library of its own: {url, binary, signIns, log, stop}. The folder is removed when it stops.
 * @param {Record<string, string>} [settings] variables of the environment that differ from the tests' own
 */
export async function startLibrary(settings = {}) {
  const folder = await mkdtemp(join(tmpdir(), "bookvault-e2e-"));
  const binary = process.env.E2E_BINARY ?? join(folder, "bookvault");
  const data = join(folder, "data");
  if (!process.env.E2E_BINARY) await run("go", ["build", "-o", binary, "."]);
  const port = await freePort();
  const url = `${settings.BOOKVAULT_SERVER_TLS_CERTIFICATE ? "https" : "http"}://127.0.0.1:${port}`;
  const child = spawn(binary, ["serve"], {
    cwd: folder,
    env: {
      ...process.env,
      BOOKVAULT_SERVER_ADDRESS: `127.0.0.1:${port}`,
      BOOKVAULT_DATABASE_EMBEDDED_DATA: data,
      BOOKVAULT_TELEMETRY_METRICS_ADDRESS: "",
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text) => (said = (said + text).slice(-20_000)));
  }
  let ended = false;
  const end = once(child, "exit").then(() => (ended = true));
  const stop = async () => {
    if (!ended) child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), DOWN_IN);
    await end;
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(url, () => ended);
    const record = JSON.parse(await readFile(join(data, "demonstration.json"), "utf8"));
    return { url, binary, signIns: /** @type {{role: string, card: string, password: string}[]} */ (record.sign_ins), log: () => said, stop };
  } catch (error) {
    await stop();
    throw new Error(`the library did not start: ${error instanceof Error ? error.message : error}\n${said}`);
  }
}

/** @param {string} url @param {() => boolean} ended */
async function ready(url, ended) {
  for (const until = Date.now() + UP_IN; Date.now() < until; ) {
    if (ended()) throw new Error("the program ended");
    try {
      if ((await fetch(`${url}/readyz`)).ok) return;
    } catch {
      // not listening yet
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`not ready after ${UP_IN / 1000} s`);
}
