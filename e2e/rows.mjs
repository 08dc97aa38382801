// rows.mjs: what was measured in a browser, as a row of docs/performance, of which `go run ./bench report` makes a page.

import { writeFile } from "node:fs/promises";

/** @typedef {{suite: string, figure: string, value: number, unit: string, goal?: string, holds?: boolean, baseline?: string}} Row */

/** Writes rows into the file that ROWS names, if it does. @param {Row[]} rows */
export async function keepRows(rows) {
  if (process.env.ROWS) await writeFile(process.env.ROWS, `${JSON.stringify(rows, null, 2)}\n`);
}
