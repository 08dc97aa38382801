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
 * @property {number} version
 * @property {boolean} [stale] an older copy, since the catalogue cannot be read just now
 *
 * @typedef {{value: string, count: number, label?: string}} FacetValue
 * @typedef {{items: Book[], next_cursor?: string, total: {value: number, relation: string}, facets?: Record<string, FacetValue[]>, corrected?: string, partial?: boolean, stale?: boolean}} BookPage
 * @typedef {{text: string, kind: string, id?: number | null}} Suggestion
 *
 * A reading list of a member.
 * @typedef {{id: number, name: string, books: {book_id: number, added_at: string}[]}} List
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
 * @property {string} [home_branch]
 * @property {string} [part]
 * @property {boolean} [loanable]
 * @property {{minor: number, currency: string}} [price]
 * @property {number} version
 *
 * @typedef {object} Charge
 * @property {number} id
 * @property {string} kind overdue, lost, processing, manual
 * @property {string} on
 * @property {string} [title]
 * @property {string} [note]
 * @property {number} amount
 * @property {number} outstanding
 * @property {number} paid
 * @property {number} waived
 * @property {number} refunded
 * @property {number} voided
 *
 * @typedef {{items: Charge[], next_cursor?: string | null, balance: number, accrued: number, currency: string, exponent: number}} Account
 *
 * @typedef {object} Person
 * @property {number} id
 * @property {number} version
 * @property {string} card
 * @property {string} name
 * @property {string} [email]
 * @property {string} category
 * @property {string} [expires_on]
 * @property {string} [language]
 * @property {string} role
 * @property {{code: string, note?: string, since: string}[]} blocks
 * @property {boolean} keep_history
 * @property {string} created_at
 *
 * @typedef {object} Loan
 * @property {number} id
 * @property {string} barcode
 * @property {number} book_id
 * @property {string} [title]
 * @property {boolean} [title_unknown] the catalogue does not say it just now
 * @property {string} member_card
 * @property {string} branch
 * @property {string} opened_at
 * @property {string} due_on
 * @property {string} due_at
 * @property {number} renewals
 * @property {boolean} overdue
 * @property {string} status
 * @property {{code: string, detail: string}[]} [warnings]
 * @property {string[]} [exceptions] refusals that an offline desk's loan was recorded against
 * @property {string} [lost_on]
 * @property {string} [claimed_returned_on]
 * @property {string} [closed_at]
 * @property {string} [returned_on]
 * @property {string} [channel] desk or web
 *
 * @typedef {object} Hold
 * @property {number} id
 * @property {number} book_id
 * @property {string} [title]
 * @property {boolean} [title_unknown] the catalogue does not say it just now
 * @property {string} status
 * @property {number} position in the queue, from 1; 0 when it is over
 * @property {string} pickup_branch
 * @property {string} [expires_on]
 * @property {string} member_card
 * @property {string} placed_at
 * @property {string} [suspended_until]
 * @property {string} [barcode] of the copy that was found for it
 * @property {number} version
 *
 * @typedef {{code: string, name: string}} Branch
 *
 * What to do with a copy that was checked in: shelve, put_on_hold_shelf, send, process, set_aside, leave.
 * @typedef {{action: string, branch?: string, hold_id?: number, alert?: string, detail?: string}} Next
 */

export {};
