package borrowing_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/postgres"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/housekeeping"
	"bookvault/platform/identity"
	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// people stands for the members module.
type people struct {
	sync.Mutex
	byID map[int64]borrowing.Member
	old  map[string]int64 // cards that were replaced
	ill  bool
}

// MemberByCard finds a member by a card.
func (p *people) MemberByCard(_ context.Context, card string) (borrowing.Member, error) {
	p.Lock()
	defer p.Unlock()
	for _, m := range p.byID {
		if m.Card == card {
			return m, nil
		}
	}
	if id, known := p.old[card]; known {
		m := p.byID[id]
		m.Replaced = true
		return m, nil
	}
	return borrowing.Member{}, problem.NotFound("member_not_found", "No member has this card.")
}

// MembersByCards finds members by cards.
func (p *people) MembersByCards(ctx context.Context, cards []string) (map[string]borrowing.Member, error) {
	found := map[string]borrowing.Member{}
	for _, card := range cards {
		if m, err := p.MemberByCard(ctx, card); err == nil {
			found[card] = m
		}
	}
	return found, nil
}

// MembersByID finds members.
func (p *people) MembersByID(_ context.Context, ids []int64) (map[int64]borrowing.Member, error) {
	p.Lock()
	defer p.Unlock()
	if p.ill {
		return nil, errors.New("members are ill")
	}
	found := map[int64]borrowing.Member{}
	for _, id := range ids {
		if m, ok := p.byID[id]; ok {
			found[id] = m
		}
	}
	return found, nil
}

func (p *people) change(id int64, change func(*borrowing.Member)) {
	p.Lock()
	defer p.Unlock()
	m := p.byID[id]
	change(&m)
	p.byID[id] = m
}

// shelf stands for the catalogue: it knows the titles 1024 to 1024*999.
type shelf struct{ ill bool }

// TitlesByID names titles.
func (s *shelf) TitlesByID(_ context.Context, ids []int64) (map[int64]string, error) {
	if s.ill {
		return nil, errors.New("the catalogue is ill")
	}
	found := map[int64]string{}
	for _, id := range ids {
		if id%1024 == 0 && id > 0 && id < 1024*1000 {
			found[id] = fmt.Sprintf("Title %d", id/1024)
		}
	}
	return found, nil
}

// clock is a fake one.
type clock struct {
	sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time { c.Lock(); defer c.Unlock(); return c.now }
func (c *clock) move(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(d)
}

// library is a desk on a real database, with neighbours and a clock of the test's own.
type library struct {
	*borrowing.Service
	t      testing.TB
	db     *database.DB
	store  *postgres.Store
	people *people
	shelf  *shelf
	clock  *clock
	byHand bool // the test changed tables in SQL, past the ledger

	settings borrowing.Settings
}

// with gives the same library with other settings, as after a restart.
func (l *library) with(change func(*borrowing.Settings)) *library {
	again := *l
	change(&again.settings)
	again.Service = borrowing.New(l.store, l.people, l.shelf, again.settings)
	return &again
}

// book gives the id of the nth title.
func book(n int) int64 { return int64(n) * 1024 }

// opened makes a library with the branches main and east, the item types book and dvd, and members 1 to n with cards C1 to Cn, of
// category adult. It is Monday, 2 March 2026, noon in Berlin.
func opened(t testing.TB, n int, change ...func(*borrowing.Settings)) *library {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	l := &library{t: t, db: dbtest.Warm(t), people: &people{byID: map[int64]borrowing.Member{}, old: map[string]int64{}}, shelf: &shelf{},
		clock: &clock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, berlin)}}
	for i := int64(1); i <= int64(n); i++ {
		l.people.byID[i] = borrowing.Member{ID: i, Card: fmt.Sprintf("C%d", i), Name: fmt.Sprintf("Member %d", i), Category: "adult"}
	}
	l.store = postgres.New(l.db)
	l.settings = borrowing.Settings{Location: berlin, DefaultBranch: "main", Clock: l.clock.read, LostRefund: borrowing.LostRefund{Days: 180},
		Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&l.settings)
	}
	l.Service = borrowing.New(l.store, l.people, l.shelf, l.settings)
	ctx := librarian()
	must(t, l.SaveBranch(ctx, borrowing.Branch{Code: "east", Name: "East", Sort: 1}))
	must(t, l.SaveItemType(ctx, borrowing.ItemType{Code: "dvd", Name: "DVD", Sort: 1}))
	t.Cleanup(func() {
		if !t.Failed() && !l.byHand && opens.Add(1)%4 == 0 {
			l.replays() // whatever the test did; of every fourth, as it takes as long as most of them
		}
	})
	return l
}

// opens counts libraries that tests have opened.
var opens atomic.Int64

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const staffID = 9001

func as(role identity.Role, member int64) context.Context {
	return identity.WithPrincipal(context.Background(), identity.Principal{MemberID: member, Role: role, Card: fmt.Sprintf("C%d", member)})
}
func desk() context.Context               { return as(identity.Desk, staffID) }
func librarian() context.Context          { return as(identity.Librarian, staffID) }
func patron(member int64) context.Context { return as(identity.Patron, member) }

// add shelves a copy of a title at main.
func (l *library) add(barcode string, title int, change ...func(*borrowing.NewItem)) borrowing.Item {
	l.t.Helper()
	n := borrowing.NewItem{BookID: book(title), Barcode: barcode, Branch: "main", ItemType: "book", Loanable: true}
	for _, c := range change {
		c(&n)
	}
	it, err := l.AddItem(desk(), n, borrowing.Order{})
	must(l.t, err)
	return it
}

func (l *library) lend(card, barcode string) (borrowing.Lent, error) {
	return l.CheckOut(desk(), borrowing.CheckOut{Card: card, Barcode: barcode}, borrowing.Order{})
}

func (l *library) mustLend(card, barcode string) borrowing.Lent {
	l.t.Helper()
	lent, err := l.lend(card, barcode)
	must(l.t, err)
	return lent
}

func (l *library) checkIn(barcode, branch string) borrowing.CheckedIn {
	l.t.Helper()
	in, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: barcode, Branch: branch}, borrowing.Order{})
	must(l.t, err)
	return in
}

func (l *library) hold(member int64, title int, pickup string) borrowing.HoldView {
	l.t.Helper()
	h, err := l.PlaceHold(patron(member), borrowing.PlaceHold{BookID: book(title), PickupBranch: pickup}, borrowing.Order{})
	must(l.t, err)
	return h
}

// keepHouse does what is due now of everything that time brings about.
func (l *library) keepHouse() {
	l.t.Helper()
	must(l.t, l.tryKeepHouse())
}

func (l *library) tryKeepHouse() error {
	return housekeeping.Once(context.Background(), l.Housekeeping())
}

// codes gives the codes of a refusal in order, or fails.
func codes(t testing.TB, err error) []string {
	t.Helper()
	var p *problem.Error
	if !errors.As(err, &p) || p.Kind != problem.ConflictKind {
		t.Fatalf("not a refusal: %v", err)
	}
	var list []string
	for _, r := range p.Reasons {
		list = append(list, r.Code)
	}
	return list
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return problem.Of(err).Code
}

// consistent checks every invariant against a count from nothing.
func (l *library) consistent() {
	l.t.Helper()
	for what, query := range invariants {
		var wrong int
		must(l.t, l.db.Pool().QueryRow(context.Background(), "SELECT count(*) FROM ("+query+") wrong").Scan(&wrong))
		if wrong > 0 {
			l.t.Fatalf("%d rows break the invariant: %s", wrong, what)
		}
	}
}

// invariants are queries that find what must not be.
var invariants = map[string]string{
	"a title's counts are those of its items and holds": `
		SELECT t.book_id FROM borrowing.titles t
		WHERE t.items <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status <> 'withdrawn')
		   OR t.available <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status = 'available' AND i.loanable)
		   OR t.holds <> (SELECT count(*) FROM borrowing.holds h WHERE h.book_id = t.book_id AND h.status IN ('waiting', 'in_transit', 'ready'))`,
	"an item is checked out exactly while it has an open loan": `
		SELECT i.id FROM borrowing.items i LEFT JOIN borrowing.loans l ON l.item_id = i.id AND l.status = 'open'
		WHERE (i.status = 'checked_out') <> (l.id IS NOT NULL) AND i.status NOT IN ('lost', 'claimed_returned')`,
	"an item has one open loan": `SELECT item_id FROM borrowing.loans WHERE status = 'open' GROUP BY item_id HAVING count(*) > 1`,
	"a captured hold has its copy on the shelf at the pickup branch, or in transit": `
		SELECT h.id FROM borrowing.holds h JOIN borrowing.items i ON i.id = h.captured_item
		WHERE NOT (h.status = 'ready' AND i.status = 'on_hold_shelf' AND i.current_branch = h.pickup_branch
			OR h.status = 'in_transit' AND i.status = 'in_transit' AND i.transit_to = h.pickup_branch)`,
	"a member has one live hold a title": `SELECT member_id FROM borrowing.holds WHERE status IN ('waiting', 'in_transit', 'ready')
		GROUP BY member_id, book_id, part HAVING count(*) > 1`,
	"nobody has more loans than the limit": `SELECT member_id FROM borrowing.loans WHERE status = 'open' GROUP BY member_id
		HAVING count(*) > (SELECT loan_limit FROM borrowing.rules WHERE branch IS NULL AND category IS NULL AND item_type IS NULL)`,
	"every stream is 1, 2, 3 … and as long as its row's version": `
		SELECT stream FROM borrowing.events GROUP BY stream HAVING max(version) <> count(*) OR min(version) <> 1
		UNION ALL SELECT 'loan/' || id FROM borrowing.loans WHERE version <> (SELECT count(*) FROM borrowing.events WHERE stream = 'loan/' || id)
		UNION ALL SELECT 'item/' || id FROM borrowing.items WHERE version <> (SELECT count(*) FROM borrowing.events WHERE stream = 'item/' || id)
		UNION ALL SELECT 'hold/' || id FROM borrowing.holds WHERE version <> (SELECT count(*) FROM borrowing.events WHERE stream = 'hold/' || id)`,
	"every event has its outbox row": `SELECT count(*) FROM borrowing.events HAVING count(*) <> (SELECT count(*) FROM borrowing.outbox)`,
	"what is outstanding is what the entries leave": `
		SELECT charge_id FROM (SELECT charge_id, sum(CASE kind WHEN 'charge' THEN amount WHEN 'refund' THEN 0 ELSE -amount END) AS owed
			FROM borrowing.account_entries GROUP BY charge_id) e LEFT JOIN borrowing.open_charges o USING (charge_id)
		WHERE e.owed < 0 OR e.owed <> coalesce(o.outstanding, 0) OR o.outstanding = 0`,
	"nothing is given back that was not paid": `SELECT charge_id FROM borrowing.account_entries GROUP BY charge_id
		HAVING coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) > coalesce(sum(amount) FILTER (WHERE kind = 'payment'), 0)`,
	"every entry has its event, of a charge whose stream is known": `
		SELECT s.charge_id FROM borrowing.charge_subjects s JOIN borrowing.account_entries a ON a.charge_id = s.charge_id GROUP BY s.charge_id, s.charge_ref
		HAVING count(*) <> (SELECT count(*) FROM borrowing.events WHERE stream = 'charge/' || s.charge_ref)`,
	"a loan is settled once nothing of what its loss cost is outstanding, and not before": `
		SELECT l.id FROM borrowing.loans l JOIN borrowing.charge_subjects s ON s.loan_id = l.id JOIN borrowing.account_entries c ON c.id = s.charge_id
			LEFT JOIN borrowing.open_charges o ON o.charge_id = c.id
		WHERE c.charge_kind IN ('lost', 'processing') AND (l.status = 'open' OR l.closed_by = 'settled')
		GROUP BY l.id, l.status HAVING (l.status = 'open') <> (count(o.charge_id) > 0)`,
	"no event names a member":        `SELECT position FROM borrowing.events WHERE data ? 'member_id' OR data::text LIKE '%"C1"%'`,
	"the due time is on the due day": `SELECT id FROM borrowing.loans WHERE (due_at AT TIME ZONE 'Europe/Berlin')::date <> due_on`,
}

// replays builds everything from the ledger alone, and finds that the tables hold the same; and that the hashes are right.
func (l *library) replays() postgres.Replayed {
	l.t.Helper()
	report := &ledger.Report{}
	done, err := l.store.Replay(context.Background(), report, nil)
	must(l.t, err)
	must(l.t, ledger.InSnapshot(context.Background(), l.db.Pool(), func(tx pgx.Tx) error {
		return ledger.New(postgres.Schema).Verify(context.Background(), tx, report, nil)
	}))
	for _, f := range report.Findings {
		l.t.Errorf("replay: %s", f)
	}
	return done
}
