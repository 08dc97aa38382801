// app.js: starts the pages: the language, the frame, the table of addresses.

import { preferred, speak } from "./lib/i18n.js";
import { start } from "./lib/router.js";
import { problemPage } from "./states/states.js";
import "./parts/shell.js";
import "./parts/toast.js";

const FORMS = [import.meta.resolve("./parts/forms.css"), import.meta.resolve("./parts/tables.css")];
const PAPER = import.meta.resolve("./parts/paper.css");
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
    { pattern: /^\/loans$/, styles: [...FORMS, import.meta.resolve("./loans/loans.css")], load: () => import("./loans/loans.js") },
    { pattern: /^\/charges$/, styles: [...FORMS], load: () => import("./account/charges.js") },
    { pattern: /^\/ratings$/, styles: [...FORMS], load: () => import("./account/ratings.js") },
    { pattern: /^\/history$/, styles: [...FORMS], load: () => import("./account/history.js") },
    { pattern: /^\/reading-lists$/, styles: [...FORMS], load: () => import("./account/reading-lists.js") },
    { pattern: /^\/profile$/, styles: [...FORMS], load: () => import("./account/profile.js") },
    { pattern: /^\/desk$/, styles: [...FORMS, PAPER, DESK], load: () => import("./desk/desk.js") },
    { pattern: /^\/desk\/pull-list$/, styles: [...FORMS, PAPER, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/hold-shelf$/, styles: [...FORMS, PAPER, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/transit$/, styles: [...FORMS, PAPER, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/claims$/, styles: [...FORMS, PAPER, DESK, LISTS], load: () => import("./lists/lists.js") },
    { pattern: /^\/desk\/notices$/, styles: [...FORMS], load: () => import("./lists/notices.js") },
    { pattern: /^\/desk\/exceptions$/, styles: [...FORMS], load: () => import("./lists/exceptions.js") },
    { pattern: /^\/desk\/reports$/, styles: [...FORMS, import.meta.resolve("./reports/reports.css")], load: () => import("./reports/reports.js") },
    { pattern: /^\/members$/, styles: [...FORMS], load: () => import("./members/members.js") },
    { pattern: /^\/members\/new$/, styles: [...FORMS], load: () => import("./members/new.js") },
    { pattern: /^\/members\/([^/]+)$/, styles: [...FORMS], load: () => import("./members/member.js") },
    { pattern: /^\/catalogue\/new$/, styles: [...FORMS], load: () => import("./catalogue/edit.js") },
    { pattern: /^\/books\/(\d+)\/edit$/, styles: [...FORMS], load: () => import("./catalogue/edit.js") },
    { pattern: /^\/catalogue\/import$/, styles: [...FORMS], load: () => import("./catalogue/import.js") },
    { pattern: /^\/rules$/, styles: [...FORMS], load: () => import("./rules/rules.js") },
    { pattern: /^\/calendar$/, styles: [...FORMS], load: () => import("./rules/calendar.js") },
    { pattern: /^\/house$/, styles: [...FORMS], load: () => import("./house/house.js") },
    { pattern: /^\/audit$/, styles: [...FORMS], load: () => import("./audit/audit.js") },
    { pattern: /^\/ops$/, styles: [...FORMS, import.meta.resolve("./ops/ops.css")], load: () => import("./ops/ops.js") },
  ],
  problemPage,
);
