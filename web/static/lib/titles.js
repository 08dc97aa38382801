// titles.js: the titles of rows that name only their ids.

import { get } from "./api.js";

/** @typedef {import("./types.js").Book} Book */

/**
 * One that cannot be had is left out: its row stands with the words that came with it.
 * @param {{book_id: number}[]} rows
 * @param {AbortSignal} [signal]
 * @returns {Promise<Map<number, Book>>}
 */
export async function titlesOf(rows, signal) {
  const ids = [...new Set(rows.map(({ book_id }) => book_id))];
  const books = await Promise.all(ids.map((id) => get(`/api/catalog/v1/books/${id}`, {}, signal).catch(() => null)));
  return new Map(books.filter(Boolean).map((book) => [book.id, book]));
}
