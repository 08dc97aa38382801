package borrowing

import (
	"context"
	"time"

	"bookvault/platform/ledger"
)

// Topics under which changes are heard of (platform/database, Feed).
const (
	CountsChanged = "counts" // of titles, by their ids
	OrderChanged  = "order"  // the library's own order: branches, item types, rules, calendar
)

// Store keeps the desk's things. modules/borrowing/postgres implements it.
type Store interface {
	// Transact runs fn in one transaction on the primary, and again when the database asks for it (a serialization failure
	// or a deadlock). What fn returns decides: nil commits, anything else leaves no trace and comes back as it is.
	Transact(ctx context.Context, fn func(context.Context, Tx) error) error
	Reader
	Lists
	OrderStore
	Memory
	NoticeStore
	Statistics
	Past
}

// Ask is what one command asks of its transaction: its key, and what to lock and load.
type Ask struct {
	Once  *Once  // nil: it carries no key, or has claimed it already
	Scope *Scope // nil: nothing
}

// Opened is what a command got.
type Opened struct {
	Scene *Scene // nil where nothing was asked for
	// Before is the answer that was given under its key; nil: none yet.
	Before *Remembered
	// Busy says that another command has its key now.
	Busy bool
}

// Tx is one transaction of a command, or of several that share it.
type Tx interface {
	// Open claims the keys of commands for this transaction, looks for the answers given under them since an instant, and locks and
	// loads what the scopes name: everything that all of them name in the order of the locks, then for each what is its own.
	// What does not exist is left out of a scene. Several scopes must all be ones that join (Scope.Joins).
	Open(ctx context.Context, asks []Ask, since, now time.Time, zone *time.Location) ([]Opened, error)
	// Save writes the changes of scenes with their events and outbox rows, and the answers of the commands that carried a
	// key. A barcode that exists is a problem barcode_exists.
	Save(ctx context.Context, changes *Changes, answers []*Remembered) error
}

// Glimpse is where an item stood a moment ago: enough to know what to lock.
type Glimpse struct {
	ItemID     int64
	BookID     int64
	BorrowerID int64  // of its open loan, or of the one that was settled when it was lost; 0 without one
	WaitsAt    string // the branch where that one lies for its borrower, who asked for it on the web; "" once it was handed over
}

// LoanFilter says which loans to list, newest first.
type LoanFilter struct {
	MemberID   int64      // 0: everybody's
	Status     LoanStatus // "": open and closed
	Branch     string     // where it was lent; "": anywhere
	Exceptions bool       // only loans that were made, or renewed, offline against the rules
	Claimed    bool       // only open loans whose copy the member claims to have returned
	Overdue    bool       // only open loans past their due date
	Now        time.Time  // set by the Service
	// Of the past: only loans opened by an instant, and not closed by another one. Zero: whenever.
	OpenedBy, ClosedAfter time.Time
	Before                int64 // only loans with a smaller id; 0: from the newest
	Limit                 int
}

// HoldFilter says which holds to list: live ones, or all, newest first.
type HoldFilter struct {
	MemberID int64 // 0: everybody's
	BookID   int64 // 0: of every title
	Live     bool
	PlacedBy time.Time // only holds placed by this instant; zero: whenever
	Before   int64
	Limit    int
}

// Overdue is an open loan past its due date, and what to lock to change it.
type Overdue struct {
	LoanID, MemberID, BookID, ItemID int64
}

// Reader answers questions outside of commands. What is not there is ErrNotFound.
type Reader interface {
	Glimpse(ctx context.Context, barcode string) (Glimpse, error)
	// Glimpses is Glimpse for several barcodes; those that there are not are left out.
	Glimpses(ctx context.Context, barcodes []string) (map[string]Glimpse, error)
	Item(ctx context.Context, barcode string) (Item, error)
	// ItemsOfBook lists the copies of a title by id, after an id, with the due date of those on loan.
	ItemsOfBook(ctx context.Context, bookID, after int64, limit int) ([]Item, error)
	Loan(ctx context.Context, id int64) (Loan, error)
	Loans(ctx context.Context, f LoanFilter) ([]Loan, error)
	Hold(ctx context.Context, id int64) (Hold, error)
	Holds(ctx context.Context, f HoldFilter) ([]Hold, error)
	// ChargedTo gives the member of a charge.
	ChargedTo(ctx context.Context, chargeID int64) (memberID int64, err error)
	// Charges lists a member's charges with their entries, newest first.
	Charges(ctx context.Context, f ChargeFilter) ([]Charge, error)
	// Owed gives what a member owes by currency, and what the fines of their open loans are reckoned from.
	Owed(ctx context.Context, memberID int64, today Date) (map[string]int64, []Lateness, error)
	// OverdueSince lists open loans that were due before a day, collected, neither lost nor claimed returned, the longest overdue first.
	OverdueSince(ctx context.Context, day Date, limit int) ([]Overdue, error)
	// BorrowersOf lists the members who have a copy of a title on loan.
	BorrowersOf(ctx context.Context, bookID int64) ([]int64, error)
	// Availability gives the exact counts of titles; those without a row are left out.
	Availability(ctx context.Context, bookIDs []int64) (map[int64]Availability, error)
	// Events reads a stream of the ledger after a version.
	Events(ctx context.Context, stream string, after, limit int) ([]ledger.Event, error)
}

// Lists answers what a desk has to do, and finds what has had its time.
type Lists interface {
	// HoldShelf lists the copies on the hold shelf of f.Branch: with f.Clear those without a ready hold, or whose hold became ready
	// on the day since or before; else the others.
	HoldShelf(ctx context.Context, f ListFilter, since Date) ([]Shelved, error)
	// Transit lists the copies that travel to f.Branch or have to leave it.
	Transit(ctx context.Context, f ListFilter) ([]Travelling, error)
	// Uncollected lists the open loans, made on the web and not handed over, whose copies are at f.Branch.
	Uncollected(ctx context.Context, f ListFilter) ([]Fetch, error)
	// Queues gives the waiting holds, by place, and the available copies of the first titles after one for which somebody waits while
	// f.Branch has a copy; at most f.Limit titles.
	Queues(ctx context.Context, f ListFilter) ([]Queue, error)
	// HoldsReadySince lists holds that are ready, and became so on the day that is given for their pickup branch, or before.
	HoldsReadySince(ctx context.Context, days map[string]Date, limit int) ([]Hold, error)
	// RedateHolds sets the last day on the shelf of every ready hold to what until says, and tells how many had another one.
	RedateHolds(ctx context.Context, until func(branch string, ready Date) *Date) (int, error)
	// LoansUncollectedSince lists loans as Uncollected does, of all branches, that were opened before the instant given for the branch.
	LoansUncollectedSince(ctx context.Context, before map[string]time.Time, limit int) ([]Loan, error)
}

// OrderStore reads the library's own order: branches, item types, rules and calendar. They are changed by commands.
type OrderStore interface {
	Policy(ctx context.Context) (*Policy, error)
	// Editions lists events of a stream without their data, newest first: those below a version, or from the newest (0).
	Editions(ctx context.Context, stream string, before, limit int) ([]ledger.Event, error)
	// KeepStandings stores the standing of members that have an account, unless one of a later version of the member is there.
	KeepStandings(ctx context.Context, standings map[int64]Standing) error
}
