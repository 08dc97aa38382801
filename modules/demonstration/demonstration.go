// Package demonstration is the library that a fresh BookVault opens with, so that everything can be tried before anything is
// entered: some 650 real works (works.tsv: half Vietnamese, half of the world's literature), their copies at two branches,
// members, loans of which a few are overdue, holds, and one sign-in a role.
//
// It knows no other module. What it needs of them are the three interfaces below, in its own words; modules/modules.go hands
// them in. What is in the library is plain data and arithmetic (works.go, shelves.go, people.go, circulation.go); load.go
// carries it in, once, into a catalogue that is empty.
package demonstration

import (
	"context"
	"time"

	"bookvault/platform/identity"
)

// Catalogue is what the loader asks of the catalogue.
type Catalogue interface {
	// Contents counts the titles of the catalogue, deleted ones too, and how many of them this loader brought in.
	Contents(ctx context.Context) (titles, ours int, err error)
	// AddWorks brings works in, in one batch, and gives the id of each in the same order. A work that this loader brought in
	// before keeps its id and is not brought in twice.
	AddWorks(ctx context.Context, works []Work) ([]int64, error)
}

// Membership is what the loader asks of the members.
type Membership interface {
	// Enrol makes a member. One whose card is there already keeps everything but gets the role and the password.
	Enrol(ctx context.Context, p Person) error
}

// Circulation is what the loader asks of the desk. Each call may be repeated: what is there already is left as it is.
type Circulation interface {
	// Furnish sets up branches, item types and rules. Rules that were published here before are left as they are.
	Furnish(ctx context.Context, branches []Branch, types []ItemType, rules []Rule, totals []Totals) error
	// Shelve brings in copies, in one batch.
	Shelve(ctx context.Context, copies []Copy) error
	// Lend lends a copy to a member at a moment in the past, by the library's own rules.
	Lend(ctx context.Context, l Loan) error
	// Hold puts a member into the queue for a title.
	Hold(ctx context.Context, h Hold) error
}

// Work is one line of works.tsv: a title as its first edition had it.
type Work struct {
	Title         string
	ParallelTitle string // the title by which it is known in English, when the title is in another language
	Authors       []string
	Year          int    // of the first publication, or of completion before printing; negative before our era
	Language      string // BCP 47, of the title
	Genres        []string
	Publisher     string // the first one, when it is sure
	Series        string
	Description   string
}

// Branch is a place of the library.
type Branch struct{ Code, Name string }

// ItemType is a kind of copy, which rules tell apart.
type ItemType struct{ Code, Name string }

// Rule says how long, how many, and what lateness and loss cost; an empty Category or ItemType stands for any. Money is in the
// library's currency.
type Rule struct {
	Category, ItemType   string
	LoanDays             int
	Renewals             int
	LoanLimit, HoldLimit int
	FinePerDay, FineCap  int64
	GraceDays            int
	LostFee              int64
}

// Totals are what members of a category may have in all.
type Totals struct {
	Category     string
	Loans, Holds int
	Owed         int64 // most that may be owed to borrow on
}

// Copy is one physical copy of a work.
type Copy struct {
	BookID     int64
	Barcode    string
	CallNumber string
	Location   string
	Branch     string
	ItemType   string
	PriceMinor int64 // in the library's currency
	Loanable   bool
}

// Person is a member of the demonstration library.
type Person struct {
	Card      string
	Name      string
	Email     string
	Category  string
	ExpiresOn *time.Time // nil: as long as the category says
	Block     string     // code of a block; "" for none
	BlockNote string
	Role      identity.Role
	Password  string // "" for members who cannot sign in
}

// Loan is a check-out that happened some time ago.
type Loan struct {
	Card     string
	Barcode  string
	Branch   string
	OpenedAt time.Time
}

// Hold is a place in the queue for a title.
type Hold struct {
	Card         string
	BookID       int64
	PickupBranch string
}
