package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
)

// pickAtMost is how many free copies of a title a web check-out chooses from.
const pickAtMost = 20

// Load sends one batch: first the locks, members before titles before items, each by id; then what they protect. Each statement
// has its own snapshot, taken when the locks before it are held.
func (t *transaction) Load(ctx context.Context, scope borrowing.Scope, now time.Time, zone *time.Location) (*borrowing.Scene, error) {
	sc := &borrowing.Scene{Now: now, Today: borrowing.DateOf(now, zone), Zone: zone,
		Accounts: map[int64]*borrowing.Account{}, Titles: map[int64]*borrowing.Title{}, Items: map[int64]*borrowing.Item{},
		Loans: map[int64]*borrowing.Loan{}, Charges: map[int64]*borrowing.Charge{}, Census: map[borrowing.Status]int{}, ItemTypes: map[int64][]string{}, Owing: map[int64]bool{}, Kinds: map[int64][]string{},
		Seen: map[int64]time.Time{}}
	l := loader{Batch: &pgx.Batch{}, sc: sc}
	l.accounts(scope)
	l.titles(scope)
	l.items(scope)
	l.loans(scope)
	l.holds(scope)
	l.notices(scope)
	l.holdLimits(scope)
	l.charges(scope)
	l.ids(`SELECT nextval('borrowing.loans_id_seq') FROM generate_series(1, $1)`, scope.NewLoans, &sc.LoanIDs)
	l.ids(`SELECT nextval('borrowing.holds_id_seq') FROM generate_series(1, $1)`, scope.NewHolds, &sc.HoldIDs)
	l.ids(`SELECT nextval('borrowing.hold_places') FROM generate_series(1, $1)`, scope.NewHolds, &sc.HoldPlaces)
	l.ids(`SELECT nextval('borrowing.items_id_seq') FROM generate_series(1, $1)`, scope.NewItems, &sc.ItemIDs)
	l.ids(`SELECT nextval('borrowing.account_entries_id_seq') FROM generate_series(1, $1)`, scope.NewCharges, &sc.ChargeIDs)
	var version int64
	versionNow := `SELECT version FROM borrowing.policy_version`
	if scope.Order {
		versionNow += ` FOR UPDATE`
	}
	l.Queue(versionNow).QueryRow(func(row pgx.Row) error { return row.Scan(&version) })
	if err := t.tx.SendBatch(ctx, l.Batch).Close(); err != nil {
		return nil, fmt.Errorf("load the scene of a command: %w", err)
	}
	var err error
	sc.Policy, err = t.store.policyAt(ctx, t.tx, version)
	return sc, err
}

// loader queues statements and puts what they give into a scene.
type loader struct {
	*pgx.Batch
	sc *borrowing.Scene
}

// each queues a query whose rows are read by column name.
func each[R any](l loader, query string, take func(R), args ...any) {
	l.Queue(query, args...).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
		for _, r := range found {
			take(r)
		}
		return err
	})
}

func (l loader) ids(query string, n int, into *[]int64) {
	if n == 0 {
		return
	}
	l.Queue(query, n).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
}

func (l loader) account(id int64, standing borrowing.Standing) {
	l.sc.Accounts[id] = &borrowing.Account{MemberID: id, Standing: standing, ByType: map[string]int{}, Books: map[int64]int{}, Owed: map[string]int64{}}
}

type countRow struct {
	MemberID int64   `db:"member_id"`
	ItemType string  `db:"item_type"`
	Loans    int     `db:"loans"`
	Books    []int64 `db:"books"`
}

// accounts locks the members. Those whose standing is known are made, or refreshed, by the same statement: ON CONFLICT DO UPDATE
// locks a row also where its WHERE finds nothing to update.
func (l loader) accounts(scope borrowing.Scope) {
	var ids []int64
	known := scope.Members
	for _, id := range scope.Closing {
		known = append(known[:len(known):len(known)], borrowing.Member{ID: id}) // nothing is kept of the standing of who goes
	}
	if len(known) > 0 && len(scope.Accounts) > 0 { // two statements follow: all of them in the order of their ids first
		all := slices.Clone(scope.Accounts)
		for _, m := range known {
			all = append(all, m.ID)
		}
		l.Queue(`SELECT FROM borrowing.accounts WHERE member_id = ANY($1) ORDER BY member_id FOR NO KEY UPDATE`, all)
	}
	if n := len(known); n > 0 {
		sorted := slices.SortedFunc(slices.Values(known), func(a, b borrowing.Member) int { return int(min(1, max(-1, a.ID-b.ID))) })
		categories, expires, blocked, keeps := make([]string, n), make([]*time.Time, n), make([]bool, n), make([]bool, n)
		for i, m := range sorted {
			standing := borrowing.StandingOf(m)
			ids, categories[i], blocked[i], keeps[i] = append(ids, m.ID), standing.Category, standing.Blocked, standing.KeepsHistory
			if standing.ExpiresOn != nil {
				midnight := standing.ExpiresOn.Midnight()
				expires[i] = &midnight
			}
			l.account(m.ID, standing)
		}
		l.Queue(`INSERT INTO borrowing.accounts AS a (member_id, category, expires_on, blocked, keeps_history)
			SELECT * FROM unnest($1::bigint[], $2::text[], $3::date[], $4::boolean[], $5::boolean[]) ON CONFLICT (member_id) DO UPDATE
			SET category = excluded.category, expires_on = excluded.expires_on, blocked = excluded.blocked, keeps_history = excluded.keeps_history
			WHERE (a.category, a.expires_on, a.blocked, a.keeps_history)
				IS DISTINCT FROM (excluded.category, excluded.expires_on, excluded.blocked, excluded.keeps_history)`,
			ids, categories, expires, blocked, keeps)
	}
	if len(scope.Accounts) > 0 {
		for _, id := range scope.Accounts {
			l.account(id, borrowing.Standing{})
		}
		l.Queue(`SELECT FROM borrowing.accounts WHERE member_id = ANY($1) ORDER BY member_id FOR NO KEY UPDATE`, scope.Accounts)
		ids = append(ids, scope.Accounts...)
	}
	if len(ids) == 0 {
		return
	}
	l.Queue(`SELECT member_id FROM borrowing.accounts WHERE member_id = ANY($1) AND closed`, ids).Query(func(rows pgx.Rows) error {
		closed, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, id := range closed {
			l.sc.Accounts[id].Closed = true
		}
		return err
	})
	books := scope.Books
	if books == nil {
		books = []int64{}
	}
	each(l, `SELECT member_id, item_type, count(*) AS loans, coalesce(array_agg(book_id) FILTER (WHERE book_id = ANY($2)), '{}') AS books
		FROM borrowing.loans WHERE member_id = ANY($1) AND status = 'open' GROUP BY member_id, item_type`, func(r countRow) {
		a := l.sc.Accounts[r.MemberID]
		a.ByType[r.ItemType] = r.Loans
		for _, book := range r.Books {
			a.Books[book]++
		}
	}, ids, books)
	each(l, `SELECT member_id, currency, sum(outstanding)::bigint AS owed FROM borrowing.open_charges WHERE member_id = ANY($1) GROUP BY member_id, currency`,
		func(r owedRow) { l.sc.Accounts[r.MemberID].Owed[r.Currency] = r.Owed }, ids)
	if len(scope.Members) > 0 {
		each(l, lateLoans, func(r lateRow) {
			a := l.sc.Accounts[r.MemberID]
			a.Late = append(a.Late, r.lateness())
		}, ids, l.sc.Today.Midnight())
	}
}

type titleRow struct {
	BookID    int64 `db:"book_id"`
	Items     int   `db:"items"`
	Available int   `db:"available"`
	Holds     int   `db:"holds"`
	Closed    bool  `db:"closed"`
	Version   int64 `db:"version"`
}

// titles locks the title rows, which orders all that happens to a title.
func (l loader) titles(scope borrowing.Scope) {
	takeTitle := func(r titleRow) {
		l.sc.Titles[r.BookID] = &borrowing.Title{Closed: r.Closed,
			Availability: borrowing.Availability{BookID: r.BookID, Items: r.Items, Available: r.Available, Holds: r.Holds, Version: r.Version}}
	}
	if members := append(slices.Clone(scope.HoldsOf), scope.Closing...); len(members) > 0 { // they are locked, so that no hold is added meanwhile
		each(l, `SELECT book_id, items, available, holds, closed, version FROM borrowing.titles WHERE book_id IN
			(SELECT book_id FROM borrowing.holds WHERE member_id = ANY($1) AND status IN ('waiting', 'in_transit', 'ready')) ORDER BY book_id FOR NO KEY UPDATE`,
			takeTitle, members)
	}
	if len(scope.Books) == 0 {
		return
	}
	if scope.NewTitles {
		l.Queue(`INSERT INTO borrowing.titles (book_id) SELECT unnest($1::bigint[]) AS id ORDER BY id ON CONFLICT DO NOTHING`, scope.Books)
	}
	each(l, `SELECT book_id, items, available, holds, closed, version FROM borrowing.titles WHERE book_id = ANY($1) ORDER BY book_id FOR NO KEY UPDATE`,
		takeTitle, scope.Books)
	if scope.Leftover {
		l.Queue(`SELECT DISTINCT s.book_id FROM borrowing.charge_subjects s JOIN borrowing.open_charges o USING (charge_id) WHERE s.book_id = ANY($1)`,
			scope.Books).Query(func(rows pgx.Rows) error {
			owing, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			for _, id := range owing {
				l.sc.Owing[id] = true
			}
			return err
		})
	}
}

type seenRow struct {
	ID int64     `db:"id"`
	At time.Time `db:"at"`
}

// lastSeen finds when copies were last in somebody's hand, as it happened: what is said of a copy that is away is no sight of it.
const lastSeen = `SELECT i.id, max(coalesce((e.data ->> 'occurred_at')::timestamptz, e.at)) AS at
	FROM unnest($1::bigint[]) AS i (id) JOIN borrowing.events e ON e.stream = 'item/' || i.id
	WHERE e.type = 'ItemMoved' AND e.data ->> 'to' IN ('available', 'checked_out', 'on_hold_shelf', 'in_transit', 'in_process') GROUP BY i.id`

type censusRow struct {
	Status string `db:"status"`
	Items  int    `db:"items"`
}

// items locks the copies asked for and those of the holds asked for, and free ones to pick from: those that somebody else has locked are passed over.
func (l loader) items(scope borrowing.Scope) {
	switch {
	case len(scope.Holds) > 0:
		each(l, `SELECT `+itemColumns+` FROM borrowing.items WHERE id IN (SELECT unnest($1::bigint[]) UNION
				SELECT captured_item FROM borrowing.holds WHERE id = ANY($2)) ORDER BY id FOR NO KEY UPDATE`, l.takeItem, scope.Items, scope.Holds)
	case len(scope.Items) > 0:
		each(l, `SELECT `+itemColumns+` FROM borrowing.items WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, l.takeItem, scope.Items)
	}
	if len(scope.Stock) > 0 {
		each(l, `SELECT `+itemColumns+` FROM borrowing.items WHERE book_id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, l.takeItem, scope.Stock)
	}
	if scope.Sighted && len(scope.Items) > 0 {
		each(l, lastSeen, func(r seenRow) { l.sc.Seen[r.ID] = r.At.UTC() }, scope.Items)
	}
	for _, p := range scope.Picks {
		each(l, `SELECT `+itemColumns+` FROM borrowing.items WHERE book_id = $1 AND loanable AND (status = 'available' OR status = 'on_hold_shelf' AND id IN
				(SELECT captured_item FROM borrowing.holds WHERE book_id = $1 AND member_id = $2 AND status = 'ready'))
			ORDER BY status = 'on_hold_shelf' DESC, current_branch = $3 DESC, id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED`, func(r itemRow) {
			l.takeItem(r)
			l.sc.Picked = append(l.sc.Picked, r.ID)
		}, p.BookID, p.MemberID, p.Branch, pickAtMost)
		each(l, `SELECT status, count(*) AS items FROM borrowing.items WHERE book_id = $1 AND loanable GROUP BY status`, func(r censusRow) {
			l.sc.Census[borrowing.Status(r.Status)] += r.Items
		}, p.BookID)
	}
}

func (l loader) takeItem(r itemRow) {
	it := r.item()
	l.sc.Items[it.ID] = &it
}

// loans loads the open loans of the copies, and the loans asked for. They are protected by the locks of their copies, and those
// of lost copies by the lock of their member, since whoever changes an open loan has that too.
func (l loader) loans(scope borrowing.Scope) {
	takeLoan := func(r loanRow) {
		loan := r.loan()
		l.sc.Loans[loan.ID] = &loan
	}
	if len(scope.Items) > 0 {
		each(l, `SELECT `+loanColumns+` FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id WHERE l.item_id = ANY($1) AND l.status = 'open'`,
			takeLoan, scope.Items)
		each(l, `SELECT `+loanColumns+` FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
			WHERE l.item_id = ANY($1) AND l.lost_on IS NOT NULL AND l.returned_on IS NULL AND l.closed_by = 'settled'`, takeLoan, scope.Items)
	}
	if len(scope.Stock) > 0 {
		each(l, `SELECT `+loanColumns+` FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id WHERE i.book_id = ANY($1) AND l.status = 'open'`,
			takeLoan, scope.Stock)
	}
	if len(scope.Payers) > 0 {
		each(l, `SELECT `+loanColumns+` FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
			WHERE l.member_id = ANY($1) AND l.status = 'open' AND l.lost_on IS NOT NULL`, takeLoan, scope.Payers)
	}
	if len(scope.Loans) > 0 {
		each(l, `SELECT `+loanColumns+` FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id WHERE l.id = ANY($1)`, takeLoan, scope.Loans)
	}
}

type freeRow struct {
	ID     int64   `db:"id"`
	BookID int64   `db:"book_id"`
	Part   *string `db:"part"`
	Branch string  `db:"current_branch"`
}

func (r freeRow) free() borrowing.Free {
	return borrowing.Free{ItemID: r.ID, BookID: r.BookID, Part: value(r.Part), Branch: r.Branch}
}

// holds loads the queues of the titles, the free copies of those that have one, the holds that are over and whose slips the
// copies wear, and the holds asked for. They are protected by the locks of their titles.
func (l loader) holds(scope borrowing.Scope) {
	takeHold := func(r queuedRow) {
		h := r.queued()
		if !slices.ContainsFunc(l.sc.Holds, func(known *borrowing.Hold) bool { return known.ID == h.ID }) {
			l.sc.Holds = append(l.sc.Holds, &h)
		}
	}
	if members := append(slices.Clone(scope.HoldsOf), scope.Closing...); len(members) > 0 {
		each(l, `SELECT `+holdColumns+`, a.category, a.expires_on AS member_expires_on, a.blocked
			FROM borrowing.holds h LEFT JOIN borrowing.accounts a ON a.member_id = h.member_id
			WHERE h.member_id = ANY($1) AND h.status IN ('waiting', 'in_transit', 'ready') ORDER BY h.place`, takeHold, members)
	}
	if len(scope.Books) > 0 {
		each(l, `SELECT `+holdColumns+`, a.category, a.expires_on AS member_expires_on, a.blocked
			FROM borrowing.holds h LEFT JOIN borrowing.accounts a ON a.member_id = h.member_id
			WHERE h.book_id = ANY($1) AND h.status IN ('waiting', 'in_transit', 'ready') ORDER BY h.book_id, h.place`, takeHold, scope.Books)
		each(l, `SELECT i.id, i.book_id, i.part, i.current_branch FROM borrowing.titles t JOIN borrowing.items i ON i.book_id = t.book_id
			WHERE t.book_id = ANY($1) AND t.holds > 0 AND i.status = 'available' AND i.loanable ORDER BY i.id`, func(r freeRow) {
			l.sc.Free = append(l.sc.Free, r.free())
		}, scope.Books)
	}
	if len(scope.Items) > 0 {
		each(l, `SELECT `+holdColumns+`, a.category, a.expires_on AS member_expires_on, a.blocked
			FROM borrowing.items i JOIN borrowing.holds h ON h.id = i.slip_hold LEFT JOIN borrowing.accounts a ON a.member_id = h.member_id
			WHERE i.id = ANY($1) AND h.closed_at IS NOT NULL`, takeHold, scope.Items)
	}
	if len(scope.Holds) > 0 {
		each(l, `SELECT `+holdColumns+`, a.category, a.expires_on AS member_expires_on, a.blocked
			FROM borrowing.holds h LEFT JOIN borrowing.accounts a ON a.member_id = h.member_id WHERE h.id = ANY($1)`, takeHold, scope.Holds)
	}
}

type heldRow struct {
	MemberID int64  `db:"member_id"`
	ItemType string `db:"item_type"` // "": all
	Holds    int    `db:"holds"`
}

type typeRow struct {
	BookID   int64  `db:"book_id"`
	ItemType string `db:"item_type"`
}

type kindRow struct {
	BookID int64  `db:"book_id"`
	Part   string `db:"part"`
}

// holdLimits counts the live holds of the members, all and by the item types of the copies that can fill them, and loads the types and
// parts of the titles' copies. The counts are protected by the locks of the accounts.
func (l loader) holdLimits(scope borrowing.Scope) {
	if scope.Siblings {
		each(l, `SELECT DISTINCT book_id, coalesce(part, '') AS part FROM borrowing.items
			WHERE book_id = ANY($1) AND loanable AND status <> 'withdrawn' AND id <> ALL($2)`, func(r kindRow) {
			l.sc.Kinds[r.BookID] = append(l.sc.Kinds[r.BookID], r.Part)
		}, scope.Books, scope.Items)
	}
	if scope.NewHolds == 0 && !scope.HoldLimits {
		return
	}
	var members []int64
	for _, m := range scope.Members {
		members = append(members, m.ID)
		l.sc.Accounts[m.ID].HoldsByType = map[string]int{}
	}
	each(l, `WITH mine AS (SELECT id, member_id, book_id, item_id FROM borrowing.holds
			WHERE member_id = ANY($1) AND status IN ('waiting', 'in_transit', 'ready'))
		SELECT member_id, '' AS item_type, count(*) AS holds FROM mine GROUP BY member_id
		UNION ALL SELECT m.member_id, i.item_type, count(DISTINCT m.id) FROM mine m
			JOIN borrowing.items i ON i.book_id = m.book_id AND i.status <> 'withdrawn' AND (m.item_id IS NULL OR i.id = m.item_id)
			GROUP BY m.member_id, i.item_type`, func(r heldRow) {
		a := l.sc.Accounts[r.MemberID]
		if r.ItemType == "" {
			a.AllHolds = r.Holds
		} else {
			a.HoldsByType[r.ItemType] = r.Holds
		}
	}, members)
	each(l, `SELECT DISTINCT book_id, item_type FROM borrowing.items WHERE book_id = ANY($1) AND status <> 'withdrawn' ORDER BY book_id, item_type`, func(r typeRow) {
		l.sc.ItemTypes[r.BookID] = append(l.sc.ItemTypes[r.BookID], r.ItemType)
	}, scope.Books)
	each(l, `SELECT DISTINCT book_id, coalesce(part, '') AS part FROM borrowing.items WHERE book_id = ANY($1) AND loanable AND status <> 'withdrawn'`, func(r kindRow) {
		l.sc.Kinds[r.BookID] = append(l.sc.Kinds[r.BookID], r.Part)
	}, scope.Books)
}

// notices loads and locks notices.
func (l loader) notices(scope borrowing.Scope) {
	if len(scope.Notices) == 0 {
		return
	}
	l.sc.Notices = map[int64]*borrowing.Notice{}
	each(l, noticesShown+`WHERE n.id = ANY($1) ORDER BY n.id FOR UPDATE OF n`, func(r noticeRow) {
		n := r.notice()
		l.sc.Notices[n.ID] = &n
	}, scope.Notices)
}
