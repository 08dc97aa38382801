// network.mjs: a content delivery network of one nginx: it pulls from a library, keeps what it may, and logs what it had to ask for.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const PROGRAMS = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"];

/** The nginx of this machine, if it has one. */
export const NGINX = PROGRAMS.find((path) => existsSync(path));

/**
 * Starts it at a port, in front of a library: {asked, stop}. `asked` lists the requests that it saw, as "path status MISS|HIT|…".
 * @param {number} port
 * @param {string} library
 */
export async function startNetwork(port, library) {
  if (!NGINX) throw new Error("there is no nginx on this machine");
  const folder = await mkdtemp(join(tmpdir(), "bookvault-network-"));
  const config = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  await writeFile(
    config,
    `${process.getuid?.() === 0 ? `user ${userInfo().username};` : ""}
daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 256; }
http {
  ${temporary}
  log_format asked "$uri $status $upstream_cache_status";
  access_log ${folder}/asked.log asked;
  proxy_cache_path ${folder}/kept keys_zone=files:1m max_size=64m inactive=1d;
  server {
    listen 127.0.0.1:${port};
    location = / { return 204; }
    location /assets/ {
      proxy_pass ${library}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache files; proxy_cache_lock on;
    }
  }
}
`,
  );
  const child = spawn(NGINX, ["-e", "stderr", "-c", config, "-p", folder], { stdio: ["ignore", "inherit", "inherit"] });
  const end = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await end;
    await rm(folder, { recursive: true, force: true });
  };
  for (let left = 100; ; left--) {
    if (left === 0 || child.exitCode !== null) {
      await stop();
      throw new Error("nginx did not start");
    }
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => null)) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  const asked = async () => (await readFile(join(folder, "asked.log"), "utf8")).split("\n").filter((line) => line.startsWith("/assets/"));
  return { asked, stop };
}
