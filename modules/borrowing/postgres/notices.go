package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
)

// noticeRow is a notice with what it is about as it is now.
type noticeRow struct {
	ID           int64      `gorm:"column:id" db:"id"`
	Kind         string     `gorm:"column:kind" db:"kind"`
	BorrowerRef  ref        `gorm:"column:borrower_ref" db:"borrower_ref"`
	MemberID     *int64     `gorm:"column:member_id" db:"member_id"`
	LoanID       *int64     `gorm:"column:loan_id" db:"loan_id"`
	HoldID       *int64     `gorm:"column:hold_id" db:"hold_id"`
	AboutOn      day        `gorm:"column:about_on" db:"about_on"`
	Occasion     int        `gorm:"column:occasion" db:"occasion"`
	Status       string     `gorm:"column:status" db:"status"`
	CreatedAt    time.Time  `gorm:"column:created_at" db:"created_at"`
	Attempts     int        `gorm:"column:attempts" db:"attempts"`
	Letter       *string    `gorm:"column:letter" db:"letter"`
	SettledAt    *time.Time `gorm:"column:settled_at" db:"settled_at"`
	Failure      *string    `gorm:"column:failure" db:"failure"`
	BookID       int64      `gorm:"column:book_id" db:"book_id"`
	Barcode      *string    `gorm:"column:barcode" db:"barcode"`
	PickupBranch *string    `gorm:"column:pickup_branch" db:"pickup_branch"`
	Until        *day       `gorm:"column:until" db:"until"`
}

// noticesShown reads notices n with what they are about.
const noticesShown = `SELECT n.id, n.kind, n.borrower_ref, n.member_id, n.loan_id, n.hold_id, n.about_on, n.occasion, n.status, n.created_at, n.attempts,
	n.letter::text AS letter, n.settled_at, n.failure, coalesce(l.book_id, h.book_id) AS book_id, i.barcode, h.pickup_branch, coalesce(l.due_on, h.expires_on) AS until
	FROM borrowing.notices n LEFT JOIN borrowing.loans l ON l.id = n.loan_id LEFT JOIN borrowing.holds h ON h.id = n.hold_id
	LEFT JOIN borrowing.items i ON i.id = coalesce(l.item_id, h.captured_item) `

// noticeTrue tells of a notice n whether it still is, on a day given as the text %[1]s. A copy that is lost or claimed to have been
// returned is no longer asked for.
const noticeTrue = `(n.member_id IS NOT NULL AND CASE n.kind
	WHEN 'due_soon' THEN EXISTS (SELECT FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
		WHERE l.id = n.loan_id AND l.status = 'open' AND i.status = 'checked_out' AND l.due_on = n.about_on AND l.due_on >= %[1]s)
	WHEN 'overdue' THEN EXISTS (SELECT FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
		WHERE l.id = n.loan_id AND l.status = 'open' AND i.status = 'checked_out' AND l.due_on = n.about_on AND l.due_on < %[1]s)
		AND NOT EXISTS (SELECT FROM borrowing.notices later
		WHERE later.kind = n.kind AND later.loan_id = n.loan_id AND later.about_on = n.about_on AND later.occasion > n.occasion)
	WHEN 'hold_ready' THEN EXISTS (SELECT FROM borrowing.holds h
		WHERE h.id = n.hold_id AND h.status = 'ready' AND (h.expires_on IS NULL OR h.expires_on >= %[1]s))
		AND NOT EXISTS (SELECT FROM borrowing.notices later
		WHERE later.kind = n.kind AND later.hold_id = n.hold_id AND later.occasion > n.occasion)
	ELSE EXISTS (SELECT FROM borrowing.holds h
		WHERE h.id = n.hold_id AND h.status = 'ready' AND h.expires_on = n.about_on AND h.expires_on >= %[1]s)
	END)`

func (r noticeRow) notice() borrowing.Notice {
	return borrowing.Notice{ID: r.ID, Kind: borrowing.NoticeKind(r.Kind), Ref: borrowing.Ref(r.BorrowerRef), MemberID: value(r.MemberID), LoanID: value(r.LoanID),
		HoldID: value(r.HoldID), On: borrowing.Date(r.AboutOn), Occasion: r.Occasion, Status: borrowing.NoticeStatus(r.Status), CreatedAt: r.CreatedAt.UTC(),
		Attempts: r.Attempts, Letter: value(r.Letter), SettledAt: inUTC(r.SettledAt), Failure: value(r.Failure), BookID: r.BookID, Barcode: value(r.Barcode),
		PickupBranch: value(r.PickupBranch), Until: toDate(r.Until)}
}

// makers find what a notice of a kind is due for: $1 is now, $2 today, $3 when today began, $4 days,
// $5 the most rows; $6 and $7 how often it is repeated.
var makers = map[borrowing.NoticeKind]string{
	// What was lent or renewed today is not called due soon on the same day.
	borrowing.NoticeDueSoon: `SELECT 'due_soon', l.borrower_ref, l.member_id, l.id, NULL::bigint, l.due_on, 0, $1::timestamptz, $1::timestamptz
		FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
		WHERE l.status = 'open' AND i.status = 'checked_out' AND l.due_on BETWEEN $2::date AND $2::date + $4::int AND l.opened_at < $3::timestamptz
		AND NOT EXISTS (SELECT FROM borrowing.notices n WHERE n.kind = 'due_soon' AND n.loan_id = l.id AND n.about_on = l.due_on)
		ORDER BY l.due_on, l.id LIMIT $5::int`,
	// After a pause only the newest reminder is written, and not those that nobody sent.
	borrowing.NoticeOverdue: `SELECT 'overdue', l.borrower_ref, l.member_id, l.id, NULL::bigint, l.due_on, o.occasion, $1::timestamptz, $1::timestamptz
		FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id, LATERAL (SELECT least($7::int, 1 + ($2::date - l.due_on - $4::int) / $6::int) AS occasion) o
		WHERE l.status = 'open' AND i.status = 'checked_out' AND l.due_on <= $2::date - $4::int AND l.opened_at < $3::timestamptz
		AND NOT EXISTS (SELECT FROM borrowing.notices n WHERE n.kind = 'overdue' AND n.loan_id = l.id AND n.about_on = l.due_on AND n.occasion >= o.occasion)
		ORDER BY l.due_on, l.id LIMIT $5::int`,
	// Who was told today that it is ready needs no second letter today.
	borrowing.NoticeHoldExpiring: `SELECT 'hold_expiring', h.borrower_ref, h.member_id, NULL::bigint, h.id, h.expires_on, 0, $1::timestamptz, $1::timestamptz
		FROM borrowing.holds h WHERE h.status = 'ready' AND h.expires_on BETWEEN $2::date AND $2::date + $4::int
		AND NOT EXISTS (SELECT FROM borrowing.notices n WHERE n.hold_id = h.id
			AND (n.kind = 'hold_expiring' AND n.about_on = h.expires_on OR n.kind = 'hold_ready' AND n.created_at >= $3::timestamptz))
		ORDER BY h.expires_on, h.id LIMIT $5::int`,
}

// MakeNotices writes the notices of a kind that are due.
func (s *Store) MakeNotices(ctx context.Context, due borrowing.DueNotices, limit int) (made int, err error) {
	args := []any{due.Now, due.Today.String(), due.Midnight, due.Days, limit}
	if due.Kind == borrowing.NoticeOverdue {
		args = append(args, due.Every, due.Times)
	}
	query := `INSERT INTO borrowing.notices (kind, borrower_ref, member_id, loan_id, hold_id, about_on, occasion, created_at, next_attempt_at) ` +
		makers[due.Kind] + ` ON CONFLICT DO NOTHING`
	return s.count(ctx, "write notices", query, args...)
}

// CancelNotices settles open notices that are no longer true.
func (s *Store) CancelNotices(ctx context.Context, now time.Time, today borrowing.Date, limit int) (int, error) {
	return s.count(ctx, "cancel notices", `UPDATE borrowing.notices SET status = 'cancelled', settled_at = $1 WHERE id IN (
		SELECT n.id FROM borrowing.notices n WHERE n.status IN ('waiting', 'failed') AND NOT `+fmt.Sprintf(noticeTrue, "$2::date")+`
		ORDER BY n.id LIMIT $3 FOR UPDATE OF n)`, now, today.String(), limit)
}

// ForgetNotices deletes notices that no longer lead to a member.
func (s *Store) ForgetNotices(ctx context.Context, limit int) (int, error) {
	return s.count(ctx, "delete old notices", `DELETE FROM borrowing.notices WHERE id IN
		(SELECT id FROM borrowing.notices WHERE member_id IS NULL ORDER BY id LIMIT $1)`, limit)
}

// count runs one statement in a transaction of its own and says how many rows it touched.
func (s *Store) count(ctx context.Context, doing, query string, args ...any) (rows int, err error) {
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, query, args...)
		rows = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	return rows, nil
}

// ClaimNotices leases the notices of some letters. It waits for rows that another process is claiming instead of passing over them:
// that one takes the whole letter, and nothing is left of it here.
func (s *Store) ClaimNotices(ctx context.Context, now, until time.Time, today borrowing.Date, letters int) (claimed []borrowing.Notice, err error) {
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `WITH letters AS (
				SELECT letter, member_id, kind, gen_random_uuid() AS name FROM borrowing.notices n
				WHERE status = 'waiting' AND next_attempt_at <= $1 AND `+fmt.Sprintf(noticeTrue, "$3::date")+`
				GROUP BY letter, member_id, kind ORDER BY min(next_attempt_at), min(id) LIMIT $4),
			mine AS (SELECT n.id, coalesce(n.letter, letters.name) AS letter FROM borrowing.notices n, letters
				WHERE n.letter IS NOT DISTINCT FROM letters.letter AND n.member_id = letters.member_id AND n.kind = letters.kind
				AND n.status = 'waiting' AND n.next_attempt_at <= $1 AND `+fmt.Sprintf(noticeTrue, "$3::date")+` ORDER BY n.id FOR UPDATE OF n)
			UPDATE borrowing.notices n SET next_attempt_at = $2, letter = mine.letter FROM mine WHERE n.id = mine.id RETURNING n.id`,
			now, until, today.String(), letters)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil || len(ids) == 0 {
			return err
		}
		if rows, err = tx.Query(ctx, noticesShown+`WHERE n.id = ANY($1) ORDER BY n.id`, ids); err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[noticeRow])
		claimed = noticesOf(found)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim notices: %w", err)
	}
	return claimed, nil
}

func noticesOf(found []noticeRow) []borrowing.Notice {
	notices := make([]borrowing.Notice, len(found))
	for i, r := range found {
		notices[i] = r.notice()
	}
	return notices
}

type deliveryRow struct {
	ID       int64      `json:"id"`
	Status   string     `json:"status"`
	Attempts int        `json:"attempts"`
	Next     time.Time  `json:"next_attempt_at"`
	At       *time.Time `json:"settled_at"`
	Failure  *string    `json:"failure"`
}

// SettleNotices writes what became of notices. One that was told or cancelled meanwhile stays so, unless it was sent all the same.
func (s *Store) SettleNotices(ctx context.Context, deliveries []borrowing.Delivery) error {
	var set []deliveryRow
	for _, d := range deliveries {
		for _, id := range d.IDs {
			r := deliveryRow{ID: id, Status: string(d.Status), Attempts: d.Attempts, Next: d.Next, Failure: optional(d.Failure)}
			if d.Status != borrowing.NoticeWaiting {
				r.At, r.Next = &d.At, d.At
			}
			set = append(set, r)
		}
	}
	raw, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("settle notices: %w", err)
	}
	_, err = s.count(ctx, "settle notices", `UPDATE borrowing.notices n SET status = v.status, attempts = n.attempts + v.attempts, next_attempt_at = v.next_attempt_at,
		settled_at = v.settled_at, failure = v.failure
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, status text, attempts integer, next_attempt_at timestamptz, settled_at timestamptz, failure text)
		WHERE n.id = v.id AND (n.status = 'waiting' OR v.status = 'sent')`, string(raw))
	return err
}

// Notices lists notices, newest first.
func (s *Store) Notices(ctx context.Context, f borrowing.NoticeFilter) ([]borrowing.Notice, error) {
	where, args := "WHERE true", []any{}
	if f.MemberID != 0 {
		where, args = where+" AND n.member_id = ?", append(args, f.MemberID)
	}
	if f.Open {
		where += " AND n.status IN ('waiting', 'failed') AND " + fmt.Sprintf(noticeTrue, "'"+f.Today.String()+"'::date")
	}
	if f.Before != 0 {
		where, args = where+" AND n.id < ?", append(args, f.Before)
	}
	var found []noticeRow
	if err := s.db.Read(ctx).Raw(noticesShown+where+" ORDER BY n.id DESC LIMIT ?", append(args, f.Limit)...).Find(&found).Error; err != nil {
		return nil, reading("notices", err)
	}
	return noticesOf(found), nil
}

// CountNotices counts open notices.
func (s *Store) CountNotices(ctx context.Context) (n borrowing.NoticeCount, err error) {
	err = s.db.Read(ctx).Raw(`SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting, count(*) FILTER (WHERE status = 'failed') AS failed
		FROM borrowing.notices WHERE status IN ('waiting', 'failed')`).Take(&n).Error
	return n, reading("the count of notices", err)
}

// Notice gives one notice, from the primary: the desk may just have read it there.
func (s *Store) Notice(ctx context.Context, id int64) (borrowing.Notice, error) {
	var found noticeRow
	err := s.db.Read(database.Primary(ctx)).Raw(noticesShown+"WHERE n.id = ?", id).Take(&found).Error
	return found.notice(), reading("notice", err)
}

type newNoticeRow struct {
	Kind        string    `json:"kind"`
	BorrowerRef ref       `json:"borrower_ref"`
	MemberID    int64     `json:"member_id"`
	HoldID      *int64    `json:"hold_id"`
	LoanID      *int64    `json:"loan_id"`
	AboutOn     day       `json:"about_on"`
	Occasion    int       `json:"occasion"`
	CreatedAt   time.Time `json:"created_at"`
}

// notices queues what a command recorded for members to hear, and what the desk has told.
func (w *writer) notices(c *borrowing.Changes) {
	var made []newNoticeRow
	for _, n := range c.NewNotices {
		made = append(made, newNoticeRow{string(n.Kind), ref(n.Ref), n.MemberID, optional(n.HoldID), optional(n.LoanID), day(n.On), n.Occasion, n.CreatedAt})
	}
	var settled []deliveryRow
	for _, n := range borrowing.Sorted(c.Notices) {
		settled = append(settled, deliveryRow{ID: n.ID, Status: string(n.Status), At: n.SettledAt})
	}
	rows(w, `INSERT INTO borrowing.notices (kind, borrower_ref, member_id, hold_id, loan_id, about_on, occasion, created_at, next_attempt_at)
		SELECT kind, borrower_ref, member_id, hold_id, loan_id, about_on, occasion, created_at, created_at FROM jsonb_to_recordset($1::jsonb) AS v (kind text,
			borrower_ref uuid, member_id bigint, hold_id bigint, loan_id bigint, about_on date, occasion integer, created_at timestamptz)
		ON CONFLICT DO NOTHING`, made)
	rows(w, `UPDATE borrowing.notices n SET status = v.status, settled_at = v.settled_at
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, status text, settled_at timestamptz) WHERE n.id = v.id`, settled)
}
