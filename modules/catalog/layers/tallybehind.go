package layers

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/lifecycle"
	"bookvault/platform/queue"
)

const (
	// talliesTopic names tallies in the queue.
	talliesTopic = "tallies"
	// talliedAtMost bounds the titles and terms that are counted in memory at a time; more are not counted.
	talliedAtMost = 1000
	// tallyEvery is how long counts stay in memory, which a process that is killed loses.
	tallyEvery = time.Second
)

// Tallying counts views and searches in memory and hands each second's counts to the queue as one tally, which is added once whatever
// happens to it (patterns 2C and 14). Start and Stop it.
type Tallying struct {
	now  catalog.Counts // the plain way
	rows catalog.CountRows
	b    Behind
	log  *slog.Logger

	lock  sync.Mutex
	views map[int64]int64
	terms map[string]catalog.TermCount

	handing lifecycle.Loop
}

// TallyBehind puts the counting in memory before the plain way. It is the queue's handler of tallies.
func TallyBehind(now catalog.Counts, rows catalog.CountRows, b Behind, log *slog.Logger) *Tallying {
	t := &Tallying{now: now, rows: rows, b: b, log: log}
	t.empty()
	b.Queue.Handle(talliesTopic, t.land)
	return t
}

func (t *Tallying) empty() { t.views, t.terms = map[int64]int64{}, map[string]catalog.TermCount{} }

// Viewed counts a view of a title.
func (t *Tallying) Viewed(ctx context.Context, bookID int64) error {
	if !t.b.Enabled() {
		return t.now.Viewed(ctx, bookID)
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	if _, known := t.views[bookID]; known || len(t.views) < talliedAtMost {
		t.views[bookID]++
	}
	return nil
}

// Searched counts a search.
func (t *Tallying) Searched(ctx context.Context, key, text string) error {
	if !t.b.Enabled() {
		return t.now.Searched(ctx, key, text)
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	if c, known := t.terms[key]; known || len(t.terms) < talliedAtMost/4 {
		t.terms[key] = catalog.TermCount{Text: text, Seen: c.Seen + 1}
	}
	return nil
}

// Start begins to hand counts on.
func (t *Tallying) Start(ctx context.Context) error {
	t.handing.Start(ctx, t.keepHanding)
	return nil
}

// Stop hands on what is left. It is safe before Start and twice.
func (t *Tallying) Stop(ctx context.Context) error {
	if !t.handing.Stop() {
		return nil
	}
	return t.HandOn(ctx)
}

func (t *Tallying) keepHanding(ctx context.Context) {
	every := time.NewTicker(tallyEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := t.HandOn(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("views and searches are not counted: the queue does not take them", "error", err)
		}
	}
}

// HandOn hands what was counted to the queue. What it does not take is counted again with what comes.
func (t *Tallying) HandOn(ctx context.Context) error {
	t.lock.Lock()
	tally := catalog.Tally{At: t.b.Clock.Now(), Views: t.views, Terms: t.terms}
	t.empty()
	t.lock.Unlock()
	if len(tally.Views)+len(tally.Terms) == 0 {
		return nil
	}
	body, err := json.Marshal(tally)
	if err != nil {
		return fmt.Errorf("write down a tally: %w", err)
	}
	err = t.b.Queue.Publish(ctx, queue.Record{Topic: talliesTopic, Body: body})
	if err != nil && ctx.Err() == nil {
		t.countAgain(tally)
	}
	return err
}

func (t *Tallying) countAgain(tally catalog.Tally) {
	t.lock.Lock()
	defer t.lock.Unlock()
	for id, n := range tally.Views {
		if _, known := t.views[id]; known || len(t.views) < talliedAtMost {
			t.views[id] += n
		}
	}
	for key, c := range tally.Terms {
		if have, known := t.terms[key]; known || len(t.terms) < talliedAtMost/4 {
			t.terms[key] = catalog.TermCount{Text: c.Text, Seen: have.Seen + c.Seen}
		}
	}
}

// land adds what comes out of the queue.
func (t *Tallying) land(ctx context.Context, records []queue.Record) error {
	list := make([]catalog.Tally, len(records))
	for i, r := range records {
		if err := json.Unmarshal(r.Body, &list[i]); err != nil {
			return queue.Refuse("read a tally: %w", err)
		}
	}
	return t.rows.AddTallies(ctx, list)
}
