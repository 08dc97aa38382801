// types.js: the shapes of the API's answers, as far as the pages use them. Types only: nothing here runs.

/**
 * @typedef {object} Book
 * @property {number} id
 * @property {string} title
 * @property {string} [subtitle]
 * @property {{id: number, name: string}[]} authors
 * @property {string} [isbn13]
 * @property {string} [language]
 * @property {number} [published_year]
 * @property {string} [publisher]
 * @property {string[]} [genres]
 * @property {string} [description]
 * @property {number} [pages]
 * @property {string[]} [subjects]
 * @property {string} [series]
 * @property {string} [series_position]
 * @property {string} [cover] address of the uploaded cover
 *
 * @typedef {{value: string, count: number, label?: string}} FacetValue
 * @typedef {{items: Book[], next_cursor?: string, total: {value: number, relation: string}, facets?: Record<string, FacetValue[]>, corrected?: string}} BookPage
 * @typedef {{text: string, kind: string, id?: number | null}} Suggestion
 *
 * @typedef {{book_id: number, items: number, available: number, holds?: number}} Availability
 *
 * @typedef {object} Item
 * @property {string} barcode
 * @property {number} book_id
 * @property {string} status
 * @property {string} [branch]
 * @property {string} [item_type]
 * @property {string} [call_number]
 * @property {string} [location]
 * @property {string} [due_on]
 * @property {string} [title]
 *
 * @typedef {object} Loan
 * @property {number} id
 * @property {string} barcode
 * @property {number} book_id
 * @property {string} [title]
 * @property {string} member_card
 * @property {string} branch
 * @property {string} opened_at
 * @property {string} due_on
 * @property {string} due_at
 * @property {number} renewals
 * @property {boolean} overdue
 * @property {string} status
 * @property {{code: string, detail: string}[]} [warnings]
 *
 * @typedef {object} Hold
 * @property {number} id
 * @property {number} book_id
 * @property {string} [title]
 * @property {string} status
 * @property {number} position in the queue, from 1; 0 when it is over
 * @property {string} pickup_branch
 * @property {string} [expires_on]
 *
 * @typedef {{code: string, name: string}} Branch
 *
 * What to do with a copy that was checked in: shelve, put_on_hold_shelf, send, process, set_aside, leave.
 * @typedef {{action: string, branch?: string, hold_id?: number, alert?: string, detail?: string}} Next
 */

export {};
