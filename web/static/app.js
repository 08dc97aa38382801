// app.js: starts the pages: the language, the frame, the table of addresses.

import { preferred, speak } from "./lib/i18n.js";
import { start } from "./lib/router.js";
import { problemPage } from "./states/states.js";
import "./parts/shell.js";
import "./parts/toast.js";

const STAFF = import.meta.resolve("./staff/staff.css");
const DESK = import.meta.resolve("./desk/desk.css");
const LISTS = import.meta.resolve("./lists/lists.css");

await speak(preferred());
document.querySelector("bv-shell")?.dispatchEvent(new Event("language"));

start(
  [
    { pattern: /^\/$/, styles: [import.meta.resolve("./home/home.css")], load: () => import("./home/home.js") },
    { pattern: /^\/search$/, styles: [import.meta.resolve("./results/results.css")], load: () => import("./results/results.js") },
    { pattern: /^\/books\/(\d+)$/, styles: [import.meta.resolve("./title/title.css")], load: () => import("./title/title.js") },
    { pattern: /^\/sign-in$/, styles: [import.meta.resolve("./sign-in/sign-in.css")], load: () => import("./sign-in/sign-in.js") },
    { pattern: /^\/loans$/, styles: [import.meta.resolve("./loans/loans.css")], load: () => import("./loans/loans.js") },
    { pattern: /^\/desk$/, styles: [STAFF, DESK], load: () => import("./desk/desk.js") },
    { pattern: /^\/desk\/pull-list$/, styles: [STAFF, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/hold-shelf$/, styles: [STAFF, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/transit$/, styles: [STAFF, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/notices$/, styles: [STAFF], load: () => import("./lists/notices.js") },
    { pattern: /^\/desk\/exceptions$/, styles: [STAFF], load: () => import("./lists/exceptions.js") },
    { pattern: /^\/members$/, styles: [STAFF], load: () => import("./members/members.js") },
    { pattern: /^\/members\/new$/, styles: [STAFF], load: () => import("./members/new.js") },
    { pattern: /^\/members\/([^/]+)$/, styles: [STAFF], load: () => import("./members/member.js") },
  ],
  problemPage,
);
