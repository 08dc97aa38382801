// Package api is the desk over HTTP: copies, loans, check-ins, renewals, holds and counts under /api/borrowing/v1.
//
// An operation decodes, calls the Service and encodes; rules and rights are the Service's. Every command may carry an
// Idempotency-Key (once.go). This package knows nothing of the database.
package api

import (
	"net/http"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

type operations struct {
	desk *borrowing.Service
}

const (
	root = "/api/borrowing/v1"
	tag  = "borrowing"
	// small is more than the largest sensible body of this module, in bytes.
	small = 64 << 10
	// document is the same for what is published as a whole: rules, and a calendar of many years.
	document = 768 << 10
)

// Register adds the module's operations to the API.
func Register(api *rest.API, desk *borrowing.Service) {
	o := &operations{desk: desk}
	route := func(method, path, id, summary string, who identity.Role, status int) rest.Route {
		return rest.Route{Method: method, Path: root + path, ID: id, Summary: summary, Tag: tag, Who: who, Status: status, MaxBody: small}
	}
	rest.Register(api, route("POST", "/items", "add-item", "Add a copy of a title", identity.Desk, http.StatusCreated), o.addItem)
	rest.Register(api, route("GET", "/items", "list-items", "The copies of a title", identity.Public, 0), o.listItems)
	rest.Register(api, route("GET", "/items/{barcode}", "get-item", "A copy by its barcode", identity.Public, 0), o.getItem)
	rest.Register(api, route("PATCH", "/items/{barcode}", "edit-item", "Change what is written of a copy; If-Match says which version was edited", identity.Desk, 0), o.editItem)
	rest.Register(api, route("POST", "/items/{barcode}/missing", "item-missing", "Say that a copy cannot be found", identity.Desk, 0), o.mark(borrowing.Missing))
	rest.Register(api, route("POST", "/items/{barcode}/damaged", "item-damaged", "Take a damaged copy out of use", identity.Desk, 0), o.mark(borrowing.Damaged))
	rest.Register(api, route("POST", "/items/{barcode}/withdrawn", "item-withdrawn", "Take a copy out of the collection", identity.Librarian, 0), o.mark(borrowing.Withdrawn))
	rest.Register(api, route("POST", "/items/{barcode}/lost", "item-lost", "Declare a copy lost, with what that costs", identity.Desk, 0), o.declareLost)
	rest.Register(api, route("POST", "/items/{barcode}/claimed-returned", "item-claimed-returned", "Note that the member claims to have returned a copy", identity.Desk, 0), o.claimReturned)
	rest.Register(api, route("GET", "/availability", "availability", "Exact counts of titles", identity.Public, 0), o.availability)

	lend := route("POST", "/loans", "check-out", "Lend a copy: by barcode at the desk, by book_id on the web", identity.Patron, http.StatusCreated)
	lend.Detail = "With validate=true nothing is lent: the answer, with status 200, says what would happen. A refusal is 409 with every reason."
	rest.Register(api, lend, o.checkOut)
	rest.Register(api, route("POST", "/check-ins", "check-in", "Take a copy back, whatever its status", identity.Desk, 0), o.checkIn)
	rest.Register(api, route("POST", "/loans/{id}/renewals", "renew-loan", "Lend a copy on", identity.Patron, 0), o.renew)
	rest.Register(api, route("POST", "/loans/{id}/collection", "collect-loan", "Note that a web loan was handed over", identity.Desk, 0), o.collect)
	rest.Register(api, route("POST", "/loans/{id}/due-date", "change-due-date", "Set another due date by hand", identity.Desk, 0), o.changeDueDate)
	rest.Register(api, route("POST", "/loans/{id}/reversal", "reverse-loan", "Undo a loan made by mistake", identity.Desk, 0), o.reverse)
	rest.Register(api, route("GET", "/loans", "list-loans", "Loans, newest first; patrons see their own", identity.Patron, 0), o.listLoans)
	rest.Register(api, route("GET", "/exceptions", "list-exceptions", "Loans made offline against the rules, newest first", identity.Desk, 0), o.exceptions)
	rest.Register(api, route("GET", "/claims", "list-claims", "Loans whose copies their members claim to have returned, newest first", identity.Desk, 0), o.claims)
	rest.Register(api, route("GET", "/loans/{id}", "get-loan", "A loan, with its due date explained", identity.Patron, 0), o.getLoan)
	rest.Register(api, route("GET", "/loans/{id}/events", "loan-events", "What happened to a loan", identity.Patron, 0), o.loanEvents)

	rest.Register(api, route("POST", "/holds", "place-hold", "Wait for a title, a part of it, or one copy", identity.Patron, http.StatusCreated), o.placeHold)
	rest.Register(api, route("GET", "/holds", "list-holds", "Holds, newest first; patrons see their own", identity.Patron, 0), o.listHolds)
	rest.Register(api, route("GET", "/holds/{id}", "get-hold", "A hold", identity.Patron, 0), o.getHold)
	rest.Register(api, route("PATCH", "/holds/{id}", "edit-hold", "Suspend or resume a hold, or fetch it elsewhere", identity.Patron, 0), o.editHold)
	rest.Register(api, route("DELETE", "/holds/{id}", "cancel-hold", "Give up a hold", identity.Patron, 0), o.cancelHold)

	rest.Register(api, route("GET", "/pull-list", "pull-list", "Copies to fetch from the shelves of a branch", identity.Desk, 0), o.pullList)
	rest.Register(api, route("GET", "/hold-shelf", "hold-shelf", "Copies on the hold shelf of a branch", identity.Desk, 0), o.holdShelf)
	rest.Register(api, route("GET", "/transit", "transit", "Copies that travel to a branch, or leave it", identity.Desk, 0), o.transit)
	rest.Register(api, route("GET", "/borrowers/{card}", "get-borrower", "A member as the desk meets them: who they are, what they have, wait for and owe", identity.Desk, 0), o.borrower)
	rest.Register(api, route("GET", "/charges", "list-charges", "A member's account: charges, what became of them, and what is owed", identity.Patron, 0), o.listCharges)
	rest.Register(api, route("POST", "/charges", "make-charge", "Charge something by hand", identity.Desk, http.StatusCreated), o.charge)
	rest.Register(api, route("POST", "/payments", "take-payment", "Take a payment", identity.Desk, http.StatusCreated), o.pay)
	rest.Register(api, route("POST", "/waivers", "waive-charges", "Let a member off what they owe", identity.Librarian, http.StatusCreated), o.waive)

	rest.Register(api, route("GET", "/notices", "list-notices", "What members are to hear of, newest first; patrons see their own", identity.Patron, 0), o.listNotices)
	rest.Register(api, route("POST", "/notices/{id}/told", "notice-told", "Say that the desk has told the member", identity.Desk, 0), o.noticeTold)

	rest.Register(api, route("GET", "/most-borrowed", "most-borrowed", "Titles by how often they were borrowed", identity.Public, 0), o.mostBorrowed)
	rest.Register(api, route("GET", "/statistics", "borrowing-statistics", "What was lent and came back, and what is overdue", identity.Desk, 0), o.statistics)
	file := route("GET", "/statistics/file", "borrowing-statistics-file", "One of these tables as CSV", identity.Desk, 0)
	file.Configure = rest.Responses(http.StatusOK, "text/csv")
	rest.Register(api, file, o.statisticsFile)
	rest.Register(api, route("GET", "/ledger", "audit-trail", "What happened at the desk, newest first: by whom, when and why", identity.Librarian, 0), o.trail)

	rest.Register(api, route("GET", "/branches", "list-branches", "The branches of the library", identity.Public, 0), o.listBranches)
	rest.Register(api, route("GET", "/item-types", "list-item-types", "The kinds of copies", identity.Public, 0), o.listItemTypes)
	o.registerRules(api, route)
}
