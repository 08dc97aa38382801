package importing

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// Store keeps what one run makes. Each call of Write is one transaction: titles, authors, keys, words, findings, counters
// and the line it got to, or nothing.
type Store interface {
	// Write puts a batch in and says what came of it. source is whose keys the batch has.
	Write(ctx context.Context, source string, batch Batch, opts Options) (Outcome, error)
}

// Outcome is what a batch changed.
type Outcome struct {
	Created, Changed, Unchanged int64
	Refused                     []Finding // by the store: a key met twice, a title that a librarian edited
}

// Totals are the sums of a run.
type Totals struct {
	Created   int64 `json:"created"`
	Changed   int64 `json:"changed"`
	Unchanged int64 `json:"unchanged"`
	Refused   int64 `json:"refused"`
	Rows      int64 `json:"rows"` // read from the file; more than the sum of the others where rows belong together
	Line      int64 `json:"line"` // the last line that is accounted for
}

// String is the last line that an import prints.
func (t Totals) String() string {
	return fmt.Sprintf("created %d, changed %d, unchanged %d, refused %d", t.Created, t.Changed, t.Unchanged, t.Refused)
}

// Progress is how far a run is.
type Progress struct {
	Totals
	BytesRead, BytesTotal int64 // of the file as it lies on the disk; total 0 when it is not known
	Elapsed               time.Duration
	Findings              []Finding // of the batch that was just written
	before                int64     // rows of an earlier try
}

// Percent of the file that is done, 0 to 100; 0 when its size is not known.
func (p Progress) Percent() int {
	if p.BytesTotal <= 0 {
		return 0
	}
	return int(min(100, 100*p.BytesRead/p.BytesTotal))
}

// Rate gives rows a second so far.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Rows-p.before) / p.Elapsed.Seconds()
}

// Left estimates the time that is left, from the share of the file that is done; 0 when that cannot be told.
func (p Progress) Left() time.Duration {
	if p.BytesRead <= 0 || p.BytesTotal <= 0 {
		return 0
	}
	done := min(1, float64(p.BytesRead)/float64(p.BytesTotal))
	return time.Duration(float64(p.Elapsed) * (1 - done) / done)
}

// StoppedError says where a run ended before the end of its file. What it had written stays.
type StoppedError struct {
	Line  int64 // the last line that is accounted for
	Cause error
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("stopped after line %d: %v", e.Line, e.Cause)
}

func (e *StoppedError) Unwrap() error { return e.Cause }

// Run imports a file, in as many transactions as it has batches. While one is written the next is read. start holds the
// totals of an earlier try that this one goes on from; the zero value begins at the start. size is the file's, in bytes, 0
// when it is not known. report is called after every batch, from one goroutine.
func Run(ctx context.Context, store Store, reader *Reader, opts Options, start Totals, size int64, report func(Progress)) (Totals, error) {
	begun := time.Now()
	totals := start
	batches := make(chan Batch) // unbuffered: at most one batch is written and one is being read
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		for {
			b, err := reader.Next(ctx)
			if err != nil {
				return err
			}
			select {
			case batches <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if b.Last {
				return nil
			}
		}
	})
	group.Go(func() error {
		for b := range batches {
			out, err := store.Write(ctx, reader.Source(), b, opts)
			if err != nil {
				return fmt.Errorf("write the titles of lines %d to %d: %w", totals.Line+1, b.Line, err)
			}
			totals.Created += out.Created
			totals.Changed += out.Changed
			totals.Unchanged += out.Unchanged
			totals.Refused += b.Refused + int64(len(out.Refused))
			totals.Rows += b.Rows
			totals.Line = b.Line
			if report != nil {
				report(Progress{Totals: totals, BytesRead: b.Bytes, BytesTotal: size, Elapsed: time.Since(begun), before: start.Rows,
					Findings: append(b.Findings, out.Refused...)})
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return totals, &StoppedError{Line: totals.Line, Cause: err}
	}
	return totals, nil
}
