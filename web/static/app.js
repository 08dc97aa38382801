// app.js: starts the pages: the language, the frame, the table of addresses.

import { preferred, speak } from "./lib/i18n.js";
import { start } from "./lib/router.js";
import { problemPage } from "./states/states.js";
import "./parts/shell.js";
import "./parts/toast.js";

await speak(preferred());
document.querySelector("bv-shell")?.dispatchEvent(new Event("language"));

start(
  [
    { pattern: /^\/$/, styles: "/home/home.css", load: () => import("./home/home.js") },
    { pattern: /^\/search$/, styles: "/results/results.css", load: () => import("./results/results.js") },
    { pattern: /^\/books\/(\d+)$/, styles: "/title/title.css", load: () => import("./title/title.js") },
    { pattern: /^\/sign-in$/, styles: "/sign-in/sign-in.css", load: () => import("./sign-in/sign-in.js") },
    { pattern: /^\/loans$/, styles: "/loans/loans.css", load: () => import("./loans/loans.js") },
    { pattern: /^\/desk$/, styles: "/desk/desk.css", load: () => import("./desk/desk.js") },
  ],
  problemPage,
);
