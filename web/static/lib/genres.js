// genres.js: a genre's name in the reader's language, where we have one; else as the catalogue writes it.

import { maybe } from "./i18n.js";

/** @param {string} genre */
export function genreName(genre) {
  return maybe(`genre.${genre.toLowerCase()}`) ?? genre;
}
