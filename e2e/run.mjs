// run.mjs: `npm test`: one library, all journeys against it, one after the other, and down again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startLibrary } from "./server.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

await rm(`${HERE}output`, { recursive: true, force: true });
await mkdir(`${HERE}output`, { recursive: true });
const wanted = process.argv.slice(2);
const files = (await readdir(`${HERE}journeys`)).filter((name) => name.endsWith(".test.mjs") && (wanted.length === 0 || wanted.some((part) => name.includes(part)))).sort();

const library = await startLibrary();
let code = 1;
try {
  const tests = spawn(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files.map((name) => `journeys/${name}`)], {
    cwd: HERE,
    env: { ...process.env, E2E_URL: library.url, E2E_BINARY: library.binary, E2E_SIGN_INS: JSON.stringify(library.signIns) },
    stdio: "inherit",
  });
  [code] = await once(tests, "exit");
  if (code !== 0) console.error(`\nThe library's last words:\n${library.log().slice(-4000)}`);
} finally {
  await library.stop();
}
process.exitCode = code ?? 1;
