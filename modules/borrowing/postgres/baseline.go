package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
)

// ChainLedger gives hashes to events that are older than hashes. Before a stream gets its first one, what its row holds and its events
// do not say is written down as its version 0.
func (s *Store) ChainLedger(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.ledger.Chain(ctx, s.db.Pool(), limit, func(ctx context.Context, tx pgx.Tx, streams []string) error {
		return s.keepStates(ctx, tx, streams, now)
	})
}

// keepStates writes the version 0 of streams that need one. The rows are read first: of events that a command adds meanwhile, those up
// to the version of the row count.
func (s *Store) keepStates(ctx context.Context, tx pgx.Tx, streams []string, now time.Time) error {
	rows, err := rowsOfStreams(ctx, tx, streams)
	if err != nil || len(rows) == 0 {
		return err
	}
	events, err := s.ledger.ReadWhole(ctx, tx, streams)
	if err != nil {
		return err
	}
	histories := map[string]*borrowing.History{}
	for _, e := range events {
		row, known := rows[e.Stream]
		if !known || e.Version > row.version {
			continue
		}
		h := histories[e.Stream]
		if h == nil {
			h = &borrowing.History{Stream: e.Stream}
			histories[e.Stream] = h
		}
		if err := h.Apply(e); err != nil {
			continue // events of older times may lack what they need: then they say too little, which is what is looked for
		}
	}
	var kept []ledger.Event
	for stream, row := range rows {
		if h := histories[stream]; h != nil {
			if e, needed := h.KeptState(row.row, now); needed {
				kept = append(kept, e)
			}
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return s.ledger.Insert(ctx, tx, kept)
}

type versionedRow struct {
	row     any
	version int
}

// rowsOfStreams reads the rows of copies, loans and holds that streams are about.
func rowsOfStreams(ctx context.Context, tx pgx.Tx, streams []string) (map[string]versionedRow, error) {
	of := map[string][]int64{}
	for _, stream := range streams {
		kind, name, _ := strings.Cut(stream, "/")
		if id, err := strconv.ParseInt(name, 10, 64); err == nil {
			of[kind] = append(of[kind], id)
		}
	}
	found := map[string]versionedRow{}
	put := func(kind string, id int64, row any, version int) {
		found[kind+"/"+strconv.FormatInt(id, 10)] = versionedRow{row, version}
	}
	items, err := selected[itemRow](ctx, tx, `SELECT `+itemColumns+` FROM borrowing.items WHERE id = ANY($1)`, of["item"])
	for _, r := range items {
		it := r.item()
		put("item", it.ID, &it, it.Version)
	}
	if err != nil {
		return nil, err
	}
	loans, err := selected[loanRow](ctx, tx, loansOfItems+` WHERE l.id = ANY($1)`, of["loan"])
	for _, r := range loans {
		l := r.loan()
		put("loan", l.ID, &l, l.Version)
	}
	if err != nil {
		return nil, err
	}
	holds, err := selected[holdRow](ctx, tx, `SELECT `+holdColumns+` FROM borrowing.holds h WHERE h.id = ANY($1)`, of["hold"])
	for _, r := range holds {
		h := r.hold()
		put("hold", h.ID, &h, h.Version)
	}
	return found, err
}

func selected[R any](ctx context.Context, tx pgx.Tx, query string, ids []int64) ([]R, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, query, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[R])
}
