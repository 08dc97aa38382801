package layers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/cache"
	"bookvault/platform/hlc"
	"bookvault/platform/problem"
	"bookvault/platform/queue"
)

// KeptLists is the memory of members' reading lists, by the members' ids, with the writes that are on their way.
type KeptLists = cache.WriteBehind[int64, []members.ListWrite, members.ListWrite]

// Behind is what writing behind needs.
type Behind struct {
	Queue   *queue.Queue
	Clock   *hlc.Clock
	Enabled func() bool // asked each time; off: each write is a transaction, before the answer
	Plainly func() bool // asked when the queue fails: whether a write is then a transaction, before the answer (pattern 5, fallback)
	Most    int         // writes that may be under way in this process
}

// listsTopic names writes of lists in the queue.
const listsTopic = "lists"

// listedBehind writes lists behind the answer (patterns 2C and 14).
type listedBehind struct {
	store members.ListStore
	kept  *KeptLists
	b     Behind
}

// WriteBehind has lists shown at once in this process as they were written, durable in the queue before the answer, and written many at a
// time behind it. It is the queue's handler of them. Whoever hears of what is committed invalidates the memory (see members.ListsChanged), which for
// what this process writes is before WriteLists of the store returns.
func WriteBehind(store members.ListStore, kept cache.Settings[[]members.ListWrite], b Behind) (members.Lists, *KeptLists, error) {
	keptLists, err := cache.NewWriteBehind(kept, cache.Behind[int64, []members.ListWrite, members.ListWrite]{
		Key: func(w members.ListWrite) int64 { return w.MemberID },
		Load: func(ctx context.Context, w members.ListWrite) ([]members.ListWrite, error) {
			return store.ListRows(ctx, w.MemberID)
		},
		Apply: members.ListsWith, Most: b.Most,
	})
	if err != nil {
		return nil, nil, err
	}
	w := &listedBehind{store, keptLists, b}
	b.Queue.Handle(listsTopic, w.land)
	return w, keptLists, nil
}

// ListRows reads all of a member.
func (l *listedBehind) ListRows(ctx context.Context, memberID int64) ([]members.ListWrite, error) {
	rows, err := l.kept.Get(ctx, members.ListWrite{MemberID: memberID})
	for _, r := range rows {
		_ = l.b.Clock.Observe(r.At) // what is written after this was seen is newer; one of a broken clock is not followed
	}
	return rows, err
}

// WriteList writes one.
func (l *listedBehind) WriteList(ctx context.Context, w members.ListWrite) (members.ListWrite, bool, error) {
	w.At = l.b.Clock.Now()
	if !l.b.Enabled() {
		return l.store.WriteList(ctx, w)
	}
	body, err := json.Marshal(w)
	if err != nil {
		return w, false, fmt.Errorf("write down a list: %w", err)
	}
	err = l.kept.Put(ctx, w.At, w, func(ctx context.Context) error {
		return l.b.Queue.Publish(ctx, queue.Record{Topic: listsTopic, Key: uint64(w.MemberID), Subject: w.MemberID, Body: body})
	})
	if queue.Fails(err) && l.b.Plainly() { // should the queue have it after all, it is written twice, as of the same moment
		return l.store.WriteList(ctx, w)
	}
	if errors.Is(err, cache.ErrBehind) {
		full := problem.New(problem.Unavailable, "queue_full", "More is waiting to be written than can wait. Nothing was changed; please try again in a moment.").Because(err)
		full.RetryAfter = 2 * time.Second
		err = full
	}
	return w, true, err
}

// land writes what comes out of the queue.
func (l *listedBehind) land(ctx context.Context, records []queue.Record) error {
	list := make([]members.ListWrite, len(records))
	for i, r := range records {
		if err := json.Unmarshal(r.Body, &list[i]); err != nil {
			return queue.Refuse("read a write of a list: %w", err)
		}
		_ = l.b.Clock.Observe(list[i].At)
	}
	if err := l.store.WriteLists(ctx, list); err != nil {
		return err
	}
	for _, w := range list {
		l.kept.Landed(w.At, w)
	}
	return nil
}
