package postgres

import (
	"slices"

	"bookvault/modules/borrowing"
)

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
		each(l, queuedHolds+`
			WHERE h.member_id = ANY($1) AND h.status IN ('waiting', 'in_transit', 'ready') ORDER BY h.place`, takeHold, members)
	}
	if len(scope.Books) > 0 {
		each(l, queuedHolds+`
			WHERE h.book_id = ANY($1) AND h.status IN ('waiting', 'in_transit', 'ready') ORDER BY h.book_id, h.place`, takeHold, scope.Books)
		each(l, `SELECT i.id, i.book_id, i.part, i.current_branch FROM borrowing.titles t JOIN borrowing.items i ON i.book_id = t.book_id
			WHERE t.book_id = ANY($1) AND t.holds > 0 AND i.status = 'available' AND i.loanable ORDER BY i.id`, func(r freeRow) {
			l.sc.Free = append(l.sc.Free, r.free())
		}, scope.Books)
	}
	if len(scope.Items) > 0 {
		each(l, queuedHolds+` JOIN borrowing.items i ON i.slip_hold = h.id
			WHERE i.id = ANY($1) AND h.closed_at IS NOT NULL`, takeHold, scope.Items)
	}
	if len(scope.Holds) > 0 {
		each(l, queuedHolds+` WHERE h.id = ANY($1)`, takeHold, scope.Holds)
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
