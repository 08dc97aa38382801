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

// Open sends one batch: first the keys, then the locks, members before titles before items, each by id; then what they protect. Each
// statement has its own snapshot, taken when the locks before it are held. So a key whose answer is known, or that somebody else
// has now, is found out when all is loaded: that is rare, and a round trip each time would be dearer.
func (t *transaction) Open(ctx context.Context, asks []borrowing.Ask, since, now time.Time, zone *time.Location) ([]borrowing.Opened, error) {
	var scopes []*borrowing.Scope
	for _, a := range asks {
		if a.Scope != nil {
			scopes = append(scopes, a.Scope)
		}
	}
	opened := make([]borrowing.Opened, len(asks))
	var batch pgx.Batch
	if !t.planned {
		t.planned = true
		batch.Queue(plannedOnce)
	}
	t.claim(&batch, asks, since, opened)
	var parts func() ([]*borrowing.Scene, error)
	if len(scopes) > 0 {
		parts = t.load(ctx, &batch, scopes, now, zone)
	}
	if batch.Len() > 0 {
		if err := t.tx.SendBatch(ctx, &batch).Close(); err != nil {
			return nil, fmt.Errorf("load the scene of a command: %w", err)
		}
	}
	if parts == nil {
		return opened, nil
	}
	scenes, err := parts()
	if err != nil {
		return nil, err
	}
	for i, a := range asks {
		if a.Scope != nil {
			opened[i].Scene, scenes = scenes[0], scenes[1:]
		}
	}
	return opened, nil
}

// plannedOnce has this transaction's statements planned once a connection instead of once a call, which for some thirty small statements
// takes longer than carrying them out. They all find few rows by an index, whatever their parameters are; that the planner takes the sets
// that they are given for larger ones must not make it read whole tables instead.
const plannedOnce = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
	set_config('enable_mergejoin', 'off', true)`

// load queues what loads the union of scopes; the function that it gives makes the scene of each once the batch was sent.
func (t *transaction) load(ctx context.Context, batch *pgx.Batch, scopes []*borrowing.Scope, now time.Time, zone *time.Location) func() ([]*borrowing.Scene, error) {
	sc := &borrowing.Scene{Now: now, Today: borrowing.DateOf(now, zone), Zone: zone,
		Accounts: map[int64]*borrowing.Account{}, Titles: map[int64]*borrowing.Title{}, Items: map[int64]*borrowing.Item{},
		Loans: map[int64]*borrowing.Loan{}, Charges: map[int64]*borrowing.Charge{}, Census: map[int64]map[borrowing.Status]int{}, ItemTypes: map[int64][]string{}, Owing: map[int64]bool{}, Kinds: map[int64][]string{},
		Seen: map[int64]time.Time{}}
	scope := borrowing.Union(scopes)
	l := loader{Batch: batch, sc: sc, picked: make([][]int64, len(scope.Picks))}
	l.accounts(scope)
	l.titles(scope)
	l.items(scope)
	l.picks(scope)
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
	return func() (_ []*borrowing.Scene, err error) {
		if sc.Policy, err = t.store.policyAt(ctx, t.tx, version); err != nil {
			return nil, err
		}
		for _, p := range l.picked {
			sc.Picked = append(sc.Picked, p...)
		}
		return sc.Share(scopes, l.picked), nil
	}
}

// loader queues statements and puts what they give into a scene.
type loader struct {
	*pgx.Batch
	sc     *borrowing.Scene
	picked [][]int64 // of each pick
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
	BookID int64  `db:"book_id"`
	Status string `db:"status"`
	Items  int    `db:"items"`
}

// items locks the copies asked for and those of the holds asked for,
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
}

type pickedRow struct {
	itemRow
	Nth int `db:"nth"`
}

// picks finds free copies for each pick.
func (l loader) picks(scope borrowing.Scope) {
	n := len(scope.Picks)
	if n == 0 {
		return
	}
	books, members, branches := make([]int64, n), make([]int64, n), make([]string, n)
	for i, p := range scope.Picks {
		books[i], members[i], branches[i] = p.BookID, p.MemberID, p.Branch
	}
	each(l, `SELECT p.nth, `+freeItemColumns+` FROM unnest($1::bigint[], $2::bigint[], $3::text[]) WITH ORDINALITY AS p (book, member, branch, nth) CROSS JOIN LATERAL
			(SELECT `+itemColumns+` FROM borrowing.items WHERE book_id = p.book AND loanable AND (status = 'available' OR status = 'on_hold_shelf' AND id IN
				(SELECT captured_item FROM borrowing.holds WHERE book_id = p.book AND member_id = p.member AND status = 'ready'))
			ORDER BY status = 'on_hold_shelf' DESC, current_branch = p.branch DESC, id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) i`, func(r pickedRow) {
		l.takeItem(r.itemRow)
		l.picked[r.Nth-1] = append(l.picked[r.Nth-1], r.ID)
	}, books, members, branches, pickAtMost)
	each(l, `SELECT book_id, status, count(*) AS items FROM borrowing.items WHERE book_id = ANY($1) AND loanable GROUP BY book_id, status`, func(r censusRow) {
		of := l.sc.Census[r.BookID]
		if of == nil {
			of = map[borrowing.Status]int{}
			l.sc.Census[r.BookID] = of
		}
		of[borrowing.Status(r.Status)] = r.Items
	}, books)
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
		each(l, loansOfItems+` WHERE l.item_id = ANY($1) AND l.status = 'open'`,
			takeLoan, scope.Items)
		each(l, loansOfItems+`
			WHERE l.item_id = ANY($1) AND l.lost_on IS NOT NULL AND l.returned_on IS NULL AND l.closed_by = 'settled'`, takeLoan, scope.Items)
	}
	if len(scope.Stock) > 0 {
		each(l, loansOfItems+` WHERE i.book_id = ANY($1) AND l.status = 'open'`,
			takeLoan, scope.Stock)
	}
	if len(scope.Payers) > 0 {
		each(l, loansOfItems+`
			WHERE l.member_id = ANY($1) AND l.status = 'open' AND l.lost_on IS NOT NULL`, takeLoan, scope.Payers)
	}
	if len(scope.Loans) > 0 {
		each(l, loansOfItems+` WHERE l.id = ANY($1)`, takeLoan, scope.Loans)
	}
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
