package api

import (
	"context"
	"net/http"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// registerRules adds what librarians decide: rules, calendar, branches and item types.
func (o *operations) registerRules(api *rest.API, route func(method, path, id, summary string, who identity.Role, status int) rest.Route) {
	whole := func(r rest.Route) rest.Route {
		r.MaxBody = document
		return r
	}
	rest.Register(api, route("GET", "/rules", "get-rules", "The rules of lending, and what they cost", identity.Public, 0), o.getRules)
	rest.Register(api, whole(route("PUT", "/rules", "publish-rules", "Put rules into force, as a new version; open loans keep their terms", identity.Librarian, 0)), o.putRules)
	rest.Register(api, route("GET", "/rules/versions", "list-rules-versions", "Who published rules, when and why, newest first", identity.Desk, 0), o.versionsOf(borrowing.RulesStream))
	rest.Register(api, route("GET", "/rules/versions/{version}", "get-rules-version", "The rules as they were published", identity.Desk, 0), o.getRulesVersion)
	rest.Register(api, whole(route("POST", "/rules/preview", "preview-rules", "What would happen at check-out, and why; nothing is lent", identity.Desk, 0)), o.preview)
	rest.Register(api, route("GET", "/calendar", "get-calendar", "Opening hours and closures", identity.Public, 0), o.getCalendar)
	rest.Register(api, whole(route("PUT", "/calendar", "publish-calendar", "Put opening hours and closures into force, as a new version", identity.Librarian, 0)), o.putCalendar)
	rest.Register(api, route("GET", "/calendar/versions", "list-calendar-versions", "Who published the calendar, when and why, newest first", identity.Desk, 0), o.versionsOf(borrowing.CalendarStream))
	rest.Register(api, route("GET", "/calendar/versions/{version}", "get-calendar-version", "The calendar as it was published", identity.Desk, 0), o.getCalendarVersion)
	rest.Register(api, route("POST", "/branches", "add-branch", "Add a branch", identity.Librarian, http.StatusCreated), addNamed("/branches", o.desk.AddBranch))
	rest.Register(api, route("PATCH", "/branches/{code}", "rename-branch", "Rename a branch", identity.Librarian, 0), rename("/branches", o.desk.RenameBranch))
	rest.Register(api, route("POST", "/item-types", "add-item-type", "Add an item type", identity.Librarian, http.StatusCreated), addNamed("/item-types", o.desk.AddItemType))
	rest.Register(api, route("PATCH", "/item-types/{code}", "rename-item-type", "Rename an item type", identity.Librarian, 0), rename("/item-types", o.desk.RenameItemType))
}

type ruleBody struct {
	Branch     string `json:"branch,omitempty" maxLength:"32" doc:"Where it is lent; left out, anywhere."`
	Category   string `json:"category,omitempty" maxLength:"32" doc:"Of the member; left out, any."`
	ItemType   string `json:"item_type,omitempty" maxLength:"32" doc:"Of the copy; left out, any."`
	LoanDays   int    `json:"loan_days" minimum:"1" maximum:"3650"`
	Renewals   int    `json:"renewals" minimum:"0" maximum:"1000" doc:"How often a loan is renewed at most."`
	RenewFrom  string `json:"renew_from,omitempty" enum:"due_date,today" doc:"From which day a renewal counts; due_date."`
	LoanLimit  int    `json:"loan_limit" minimum:"0" maximum:"100000" doc:"Open loans of the rule's item type; 0: it lends none."`
	HoldLimit  int    `json:"hold_limit" minimum:"0" maximum:"100000" doc:"Live holds that a copy of the rule's item type can fill; 0: none."`
	FinePerDay int64  `json:"fine_per_day" required:"false" minimum:"0" maximum:"1000000000000" doc:"For every open day after the due date, in minor units of the currency."`
	GraceDays  int    `json:"grace_days" required:"false" minimum:"0" maximum:"3650" doc:"Within them nothing is owed; later every open day counts."`
	FineCap    int64  `json:"fine_cap" required:"false" minimum:"0" maximum:"1000000000000" doc:"Of one loan; 0: none of its own. No fine is ever above the replacement price."`
	LostFee    int64  `json:"lost_fee" required:"false" minimum:"0" maximum:"1000000000000" doc:"For processing a lost copy, beside its replacement price."`
}

func ruleOf(r borrowing.Rule) ruleBody {
	return ruleBody{Branch: r.Branch, Category: r.Category, ItemType: r.ItemType, LoanDays: r.LoanDays, Renewals: r.Renewals, RenewFrom: string(r.RenewFrom),
		LoanLimit: r.LoanLimit, HoldLimit: r.HoldLimit, FinePerDay: r.FinePerDay, GraceDays: r.GraceDays, FineCap: r.FineCap, LostFee: r.LostFee}
}

func rulesOf(rules []borrowing.Rule) []ruleBody {
	bodies := make([]ruleBody, len(rules))
	for i, r := range rules {
		bodies[i] = ruleOf(r)
	}
	return bodies
}

// domainRules gives the rules of a body; nil stays nil.
func domainRules(bodies []ruleBody) (rules []borrowing.Rule) {
	for _, b := range bodies {
		rules = append(rules, borrowing.Rule{RuleKey: borrowing.RuleKey{Branch: b.Branch, Category: b.Category, ItemType: b.ItemType},
			Terms: borrowing.Terms{LoanDays: b.LoanDays, Renewals: b.Renewals, RenewFrom: borrowing.RenewFrom(b.RenewFrom), LoanLimit: b.LoanLimit,
				HoldLimit: b.HoldLimit, FinePerDay: b.FinePerDay, GraceDays: b.GraceDays, FineCap: b.FineCap, LostFee: b.LostFee}})
	}
	return rules
}

type limitsBody struct {
	LoanTotal    int   `json:"loan_total" required:"false" minimum:"0" maximum:"100000" doc:"Open loans of every kind; 0 sets no limit."`
	HoldTotal    int   `json:"hold_total" required:"false" minimum:"0" maximum:"100000" doc:"Live holds; 0 sets no limit."`
	ChargesLimit int64 `json:"charges_limit" required:"false" minimum:"0" maximum:"1000000000000" doc:"Most that may be owed to borrow on, in minor units; 0 sets no limit."`
}

func domainLimits(bodies map[string]limitsBody) map[string]borrowing.CategoryLimits {
	if bodies == nil {
		return nil
	}
	limits := make(map[string]borrowing.CategoryLimits, len(bodies))
	for category, b := range bodies {
		limits[category] = borrowing.CategoryLimits(b)
	}
	return limits
}

// PublishedBody says which version a document is. (Embedded, so exported.)
type PublishedBody struct {
	Version     int        `json:"version"`
	PublishedAt *time.Time `json:"published_at,omitempty" doc:"Left out where it is what the library came with."`
	PublishedBy string     `json:"published_by,omitempty" doc:"staff with the id, or system."`
	Note        string     `json:"note,omitempty" doc:"Why, in the publisher's words."`
}

func publishedOf[D any](e borrowing.Edition[D]) PublishedBody {
	b := PublishedBody{Version: e.Version, PublishedBy: e.By, Note: e.Note}
	if !e.At.IsZero() {
		b.PublishedAt = &e.At
	}
	return b
}

type matrixBody struct {
	PublishedBody
	Currency   string                `json:"currency" doc:"ISO 4217, of every amount."`
	Rules      []ruleBody            `json:"rules" nullable:"false" doc:"The general ones first. Of those that fit, the most specific decides: branch before category before item type."`
	Categories map[string]limitsBody `json:"categories" doc:"What members of a category may have in all."`
}

func matrixOf(e borrowing.Edition[borrowing.Matrix]) matrixBody {
	b := matrixBody{PublishedBody: publishedOf(e), Currency: e.Document.Currency, Rules: rulesOf(e.Document.Rules), Categories: map[string]limitsBody{}}
	for category, c := range e.Document.Categories {
		b.Categories[category] = limitsBody(c)
	}
	return b
}

// documentOut is one of the two published documents, which may be read again by its ETag.
type documentOut[B any] struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *B
}

func documentAnswer[B any](version int, body B, ifNoneMatch string) *documentOut[B] {
	out := &documentOut[B]{Status: http.StatusOK, ETag: rest.ETag(int32(version)), Body: &body}
	if rest.NoneMatch(ifNoneMatch, out.ETag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out
}

type readDocumentIn struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000"`
}

// getRules is open to everybody: how long, how many, and what lateness costs is what a library posts beside its door. Who
// published it, and why, is for staff (the versions).
func (o *operations) getRules(ctx context.Context, in *readDocumentIn) (*documentOut[matrixBody], error) {
	e, err := o.desk.RulesEdition(ctx, 0)
	if err != nil {
		return nil, err
	}
	e.By = ""
	return documentAnswer(e.Version, matrixOf(e), in.IfNoneMatch), nil
}

type putRulesIn struct {
	rest.Command
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that was edited: its ETag."`
	Body    struct {
		Note       string                `json:"note,omitempty" maxLength:"500" doc:"Why. It is kept with the version."`
		Currency   string                `json:"currency,omitempty" maxLength:"3" doc:"Must be the library's, where it is given."`
		Rules      []ruleBody            `json:"rules" minItems:"1" maxItems:"2000" nullable:"false"`
		Categories map[string]limitsBody `json:"categories,omitempty"`
	}
}

func (o *operations) putRules(ctx context.Context, in *putRulesIn) (*documentOut[matrixBody], error) {
	base, err := rest.IfMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	b := in.Body
	m := borrowing.Matrix{Currency: b.Currency, Rules: domainRules(b.Rules), Categories: domainLimits(b.Categories)}
	body, err := command[borrowing.Edition[borrowing.Matrix], matrixBody]{route: "PUT /rules", key: in.IdempotencyKey, about: []any{base, b}, status: 200, body: matrixOf,
		run: func(order borrowing.Order) (borrowing.Edition[borrowing.Matrix], error) {
			return o.desk.PublishRules(ctx, m, int(base), b.Note, order)
		},
	}.do(ctx)
	if err != nil {
		return nil, err
	}
	return documentAnswer(body.Version, body, ""), nil
}

type listVersionsIn struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"500"`
}

// versionsOf lists the versions of one of the two documents.
func (o *operations) versionsOf(stream string) func(context.Context, *listVersionsIn) (*listOut[PublishedBody], error) {
	return func(ctx context.Context, in *listVersionsIn) (*listOut[PublishedBody], error) {
		scope := "versions " + stream
		before, err := place(scope, in.Cursor)
		if err != nil {
			return nil, err
		}
		list, more, err := o.desk.Editions(ctx, stream, int(min(before, 1<<30)), in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(ctx, list, more, scope, publishedOf, func(b PublishedBody) int64 { return int64(b.Version) }), nil
	}
}

type oneVersionIn struct {
	Version int `path:"version" minimum:"1" maximum:"2147483647"`
}

func (o *operations) getRulesVersion(ctx context.Context, in *oneVersionIn) (*struct{ Body matrixBody }, error) {
	e, err := o.desk.RulesEdition(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	return &struct{ Body matrixBody }{matrixOf(e)}, nil
}
