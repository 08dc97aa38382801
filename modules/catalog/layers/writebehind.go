package layers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/cache"
	"bookvault/platform/hlc"
	"bookvault/platform/problem"
	"bookvault/platform/queue"
)

// KeptRatings is the memory of what members think of titles, by catalog.RatingKey, with the ratings that are on their way; KeptTotals that of
// the titles' sums.
type (
	KeptRatings = cache.WriteBehind[int64, catalog.Rating, catalog.Rating]
	KeptTotals  = cache.ReadThrough[int64, catalog.RatingTotal]
)

// Behind is what writing behind needs.
type Behind struct {
	Queue   *queue.Queue
	Clock   *hlc.Clock
	Enabled func() bool // asked each time; off: each write is a transaction, before the answer
	Plainly func() bool // asked when the queue fails: whether a write is then a transaction, before the answer (pattern 5, fallback)
	Most    int         // writes that may be under way in this process
}

// ratingsTopic names ratings in the queue.
const ratingsTopic = "ratings"

// ratedBehind writes ratings behind the answer (patterns 2C and 14).
type ratedBehind struct {
	rows   catalog.RatingRows
	kept   *KeptRatings
	totals *KeptTotals
	b      Behind
}

// WriteBehind has ratings shown at once in this process, durable in the queue before the answer, and written many at a time behind it. It is
// the queue's handler of them. Whoever hears of what is committed invalidates both memories (see catalog.Rated and RatingsChanged), which for
// what this process writes is before WriteRatings of the rows returns.
func WriteBehind(rows catalog.RatingRows, kept cache.Settings[catalog.Rating], totals cache.Settings[catalog.RatingTotal], b Behind) (catalog.Ratings, *KeptRatings, *KeptTotals, error) {
	keptRatings, err := cache.NewWriteBehind(kept, cache.Behind[int64, catalog.Rating, catalog.Rating]{
		Key: func(r catalog.Rating) int64 { return catalog.RatingKey(r.MemberID, r.BookID) },
		Load: func(ctx context.Context, r catalog.Rating) (catalog.Rating, error) {
			return rows.Rating(ctx, r.MemberID, r.BookID)
		},
		Apply: catalog.Newer, Most: b.Most,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	keptTotals, err := cache.NewReadThrough(totals, func(ctx context.Context, id int64) (catalog.RatingTotal, bool, error) {
		found, err := rows.RatingTotals(ctx, []int64{id})
		return found[id], true, err // also of a title that nobody rated
	})
	if err != nil {
		return nil, nil, nil, err
	}
	w := &ratedBehind{rows, keptRatings, keptTotals, b}
	b.Queue.Handle(ratingsTopic, w.land)
	return w, keptRatings, keptTotals, nil
}

// Rating reads what a member thinks of a title.
func (w *ratedBehind) Rating(ctx context.Context, memberID, bookID int64) (catalog.Rating, error) {
	r, err := w.kept.Get(ctx, catalog.Rating{MemberID: memberID, BookID: bookID})
	if err == nil && (r.MemberID != memberID || r.BookID != bookID) { // another one with the same key
		r, err = w.rows.Rating(ctx, memberID, bookID)
	}
	if err == nil {
		_ = w.b.Clock.Observe(r.At) // what is written after this was seen is newer; of a broken clock's it is said there
	}
	return r, err
}

// RatingsOf reads what a member thinks of titles, as far as it is written.
func (w *ratedBehind) RatingsOf(ctx context.Context, memberID int64, before hlc.Time, limit int) ([]catalog.Rating, error) {
	return w.rows.RatingsOf(ctx, memberID, before, limit)
}

// Rate writes a rating.
func (w *ratedBehind) Rate(ctx context.Context, r catalog.Rating) (catalog.Rating, bool, error) {
	r.At = w.b.Clock.Now()
	if !w.b.Enabled() {
		return w.rows.Rate(ctx, r)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return r, false, fmt.Errorf("write down a rating: %w", err)
	}
	err = w.kept.Put(ctx, r.At, r, func(ctx context.Context) error {
		return w.b.Queue.Publish(ctx, queue.Record{Topic: ratingsTopic, Key: uint64(catalog.RatingKey(r.MemberID, r.BookID)), Subject: r.MemberID, Body: body})
	})
	if queue.Fails(err) && w.b.Plainly() { // should the queue have it after all, it is written twice, as of the same moment
		return w.rows.Rate(ctx, r)
	}
	return r, true, tooMuchBehind(err)
}

// tooMuchBehind words that as many writes are under way as may be.
func tooMuchBehind(err error) error {
	if !errors.Is(err, cache.ErrBehind) {
		return err
	}
	full := problem.New(problem.Unavailable, "queue_full", "More is waiting to be written than can wait. Nothing was changed; please try again in a moment.").Because(err)
	full.RetryAfter = 2 * time.Second
	return full
}

// land writes what comes out of the queue.
func (w *ratedBehind) land(ctx context.Context, records []queue.Record) error {
	list := make([]catalog.Rating, len(records))
	for i, r := range records {
		if err := json.Unmarshal(r.Body, &list[i]); err != nil {
			return queue.Refuse("read a rating: %w", err)
		}
		_ = w.b.Clock.Observe(list[i].At)
	}
	if err := w.rows.WriteRatings(ctx, list); err != nil {
		return err
	}
	for _, r := range list {
		w.kept.Landed(r.At, r)
	}
	return nil
}

// RatingTotals reads the sums of titles.
func (w *ratedBehind) RatingTotals(ctx context.Context, bookIDs []int64) (map[int64]catalog.RatingTotal, error) {
	return w.totals.GetMany(ctx, bookIDs, w.rows.RatingTotals)
}
