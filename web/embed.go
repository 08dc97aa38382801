// Package web serves the pages: the files of static/, embedded in the binary as they are written. There is no build step and
// no third-party file: index.html is the one document, app.js brings the page of the address into it, and the pages talk to
// the JSON API (modules/*/api). The first line of each file says what it is; the next room is platform/rest, which answers
// /api, while everything else comes here.
package web

import "embed"

//go:embed static
var static embed.FS
