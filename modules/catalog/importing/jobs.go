package importing

import (
	"context"
	"errors"
	"time"
)

// State is where a run is.
type State string

// The states of a run. Done and Failed are final.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// Job is a run as it is recorded, for whoever asks in whatever process.
type Job struct {
	ID         int64
	State      State
	FileName   string
	Spool      string // name of the uploaded file in the spool folder; empty for a run of the command line
	Place      string // the machine and folder where the spool is
	Options    Options
	Source     string
	BytesTotal int64
	BytesRead  int64
	Totals
	Failure    string
	Attempts   int32
	Deaths     int32 // how often its process died since it last got on: one that dies at the same place again is not tried for ever
	CreatedBy  int64 // member
	CreatedAt  time.Time
	StartedAt  *time.Time
	FinishedAt *time.Time
}

// Jobs keeps the record of runs and hands out those that wait.
type Jobs interface {
	// Begin records a run that begins at once, in this process, and gives its id and its store.
	Begin(ctx context.Context, job Job) (int64, Store, error)
	// Enqueue records a run that waits, unless most runs wait or work already: then it fails with ErrQueueFull.
	Enqueue(ctx context.Context, job Job, most int) (int64, error)
	// Claim takes up the next run of a place: one that waits, or one whose process gave no sign of life for silence. It
	// gives false when there is none, or when another run of any place works.
	Claim(ctx context.Context, place string, silence time.Duration) (Job, Store, bool, error)
	// Beat says that a run is alive, between batches.
	Beat(ctx context.Context, job Job) error
	// Finish ends a run: done when failure is empty.
	Finish(ctx context.Context, id int64, attempt int32, failure string) error
	// Job gives a run, ErrNoJob when there is none.
	Job(ctx context.Context, id int64) (Job, error)
	// Release gives a run back that this process cannot go on with, for whoever claims next.
	Release(ctx context.Context, job Job) error
	// Spools lists the files of runs of a place that are not at their end.
	Spools(ctx context.Context, place string) ([]string, error)
	// Findings lists up to limit findings of a run, refused rows or left-out facts, in the order of the file, behind the
	// position after; next is 0 at the end. The first FindingsKept of a run are kept.
	Findings(ctx context.Context, id int64, refused bool, after int64, limit int) (list []Finding, next int64, err error)
}

// FindingsKept is how many findings of a run are kept in its record, about. All are counted, and the command line can write all
// to a file.
const FindingsKept = 10_000

// Failures that callers tell apart.
var (
	ErrQueueFull = errors.New("as many imports as may wait are waiting already")
	ErrNoJob     = errors.New("there is no such import")
	// ErrNotOurs says that another process has taken a run up, or that it was ended: this one must not write any more.
	ErrNotOurs = errors.New("this run was taken up by another process, or was ended")
)
