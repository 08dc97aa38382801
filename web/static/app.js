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
    { pattern: /^\/$/, styles: import.meta.resolve("./home/home.css"), load: () => import("./home/home.js") },
    { pattern: /^\/search$/, styles: import.meta.resolve("./results/results.css"), load: () => import("./results/results.js") },
    { pattern: /^\/books\/(\d+)$/, styles: import.meta.resolve("./title/title.css"), load: () => import("./title/title.js") },
    { pattern: /^\/sign-in$/, styles: import.meta.resolve("./sign-in/sign-in.css"), load: () => import("./sign-in/sign-in.js") },
    { pattern: /^\/loans$/, styles: import.meta.resolve("./loans/loans.css"), load: () => import("./loans/loans.js") },
    { pattern: /^\/desk$/, styles: import.meta.resolve("./desk/desk.css"), load: () => import("./desk/desk.js") },
  ],
  problemPage,
);
