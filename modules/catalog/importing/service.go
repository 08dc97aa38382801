package importing

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Settings of the service.
type Settings struct {
	Folder    string // where uploaded files wait; made when it is not there, for us alone
	MaxUpload int64  // bytes of an uploaded file at most
	MaxQueued int    // imports that wait or work at most
	Uploads   Places // of files that are received at once; nil: as many as come
	Limits    Limits
	Silence   time.Duration // without a sign of life for so long, a run's process is taken for dead; 15 s
	Logger    *slog.Logger
}

// Places is a compartment for some work. Leave is called by whoever has entered.
type Places interface {
	Enter(ctx context.Context) (entered bool, err error)
	Leave()
}

// Service imports uploaded files, one at a time, behind the requests. What it knows is in Jobs, so that any process can tell
// how an import stands, and one that died with its process goes on in the next from the line it had got to.
type Service struct {
	jobs     Jobs
	settings Settings
	place    string
	wake     chan struct{}
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// Failures of an upload that callers tell apart, besides ErrUnreadable and ErrQueueFull.
var (
	ErrTooLarge = errors.New("the file is larger than an import may be")
	ErrNoPlace  = errors.New("as many files as may be are being received already")
)

const (
	maxDeaths  = 3               // a run whose process dies so often at one place is given up
	lookAround = 5 * time.Second // between looks for runs that were left by a process that died
	goneAfter  = time.Hour       // a spooled file that belongs to no run is removed after that
)

// NewService makes the service. Nothing runs before Start.
func NewService(jobs Jobs, s Settings) *Service {
	if s.Silence <= 0 {
		s.Silence = 15 * time.Second
	}
	if s.MaxQueued <= 0 {
		s.MaxQueued = 10
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	host, _ := os.Hostname()
	folder, err := filepath.Abs(s.Folder)
	if err == nil {
		s.Folder = folder
	}
	return &Service{jobs: jobs, settings: s, place: host + ":" + s.Folder, wake: make(chan struct{}, 1)}
}

// Upload is a file that was received whole and waits to be enqueued or dropped.
type Upload struct {
	path string
	size int64
}

// Receive writes an upload to the spool folder, as it arrives. It fails with ErrTooLarge past the bound, and with ErrNoPlace when too many
// arrive at once.
func (s *Service) Receive(ctx context.Context, file io.Reader) (_ *Upload, err error) {
	if s.settings.Uploads != nil {
		entered, err := s.settings.Uploads.Enter(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoPlace, err)
		}
		if entered {
			defer s.settings.Uploads.Leave()
		}
	}
	if err := os.MkdirAll(s.settings.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("make room for the upload: %w", err)
	}
	path := filepath.Join(s.settings.Folder, rand.Text())
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make room for the upload: %w", err)
	}
	up := &Upload{path: path}
	defer func() {
		if err != nil {
			_ = out.Close()
			up.Drop()
		}
	}()
	if up.size, err = io.Copy(out, io.LimitReader(file, s.settings.MaxUpload+1)); err != nil {
		return nil, fmt.Errorf("receive the file: %w", err)
	}
	if up.size > s.settings.MaxUpload {
		return nil, fmt.Errorf("%w (%d bytes)", ErrTooLarge, s.settings.MaxUpload)
	}
	if err = errors.Join(out.Sync(), out.Close()); err != nil {
		return nil, fmt.Errorf("keep the upload: %w", err)
	}
	return up, nil
}

// Drop removes an upload that will not be imported.
func (u *Upload) Drop() { _ = os.Remove(u.path) }

// Enqueue looks whether the file can be imported at all (ErrUnreadable says why not) and lines it up (ErrQueueFull). When it
// fails the upload is dropped.
func (s *Service) Enqueue(ctx context.Context, up *Upload, name string, opts Options, member int64) (job Job, err error) {
	defer func() {
		if err != nil {
			up.Drop()
		}
	}()
	file, err := os.Open(up.path)
	if err != nil {
		return job, fmt.Errorf("open the upload: %w", err)
	}
	reader, err := NewReader(file, opts, s.settings.Limits, 0)
	_ = file.Close()
	if err != nil {
		return job, err
	}
	job = Job{FileName: name, Spool: filepath.Base(up.path), Place: s.place, Options: opts, Source: reader.Source(), BytesTotal: up.size, CreatedBy: member}
	if job.ID, err = s.jobs.Enqueue(ctx, job, s.settings.MaxQueued); err != nil {
		return job, err
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return s.jobs.Job(ctx, job.ID)
}

// Job tells how an import stands: ErrNoJob when there is none.
func (s *Service) Job(ctx context.Context, id int64) (Job, error) { return s.jobs.Job(ctx, id) }

// Findings lists what an import refused, or left out; see Jobs.
func (s *Service) Findings(ctx context.Context, id int64, refused bool, after int64, limit int) ([]Finding, int64, error) {
	return s.jobs.Findings(ctx, id, refused, after, limit)
}

// Start begins to work through the queue.
func (s *Service) Start(context.Context) error {
	if s.cancel != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done.Go(func() { s.work(ctx) })
	return nil
}

// Stop ends the work. A run in the middle is given back after its batch, and goes on from there at the next start.
func (s *Service) Stop(context.Context) error {
	if s.cancel != nil {
		s.cancel()
		s.done.Wait()
		s.cancel = nil
	}
	return nil
}

func (s *Service) work(ctx context.Context) {
	s.sweep(ctx)
	look := time.NewTicker(lookAround)
	defer look.Stop()
	for ctx.Err() == nil {
		job, store, ok, err := s.jobs.Claim(ctx, s.place, s.settings.Silence)
		switch {
		case ok:
			s.run(ctx, job, store)
			continue
		case err != nil && ctx.Err() == nil:
			s.settings.Logger.WarnContext(ctx, "imports wait", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-look.C:
		}
	}
}

// run imports one file and records how that ended.
func (s *Service) run(ctx context.Context, job Job, store Store) {
	path := filepath.Join(s.settings.Folder, filepath.Base(job.Spool))
	err := s.read(ctx, job, store, path)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settings.Silence)
	defer cancel()
	if ctx.Err() != nil { // we are stopping: the run goes on at the next start
		if err := s.jobs.Release(after, job); err != nil {
			s.settings.Logger.WarnContext(ctx, "an import could not be given back", "import", job.ID, "error", err)
		}
		return
	}
	failure := ""
	if err != nil {
		failure = err.Error()
		s.settings.Logger.WarnContext(ctx, "an import failed", "import", job.ID, "error", err)
	}
	if err := s.jobs.Finish(after, job.ID, job.Attempts, failure); err != nil {
		// The file stays: whoever takes the run up next finds its end.
		s.settings.Logger.WarnContext(ctx, "an import could not be recorded", "import", job.ID, "error", err)
		return
	}
	_ = os.Remove(path)
}

func (s *Service) read(ctx context.Context, job Job, store Store, path string) error {
	if job.Deaths >= maxDeaths {
		return &StoppedError{Line: job.Line, Cause: fmt.Errorf("the process that worked on it died there %d times", job.Deaths)}
	}
	file, err := os.Open(path)
	if err != nil {
		return &StoppedError{Line: job.Line, Cause: fmt.Errorf("its uploaded file is gone: %w", err)}
	}
	defer func() { _ = file.Close() }()
	reader, err := NewReader(file, job.Options, s.settings.Limits, job.Line)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go s.beat(ctx, job, stop)
	_, err = Run(ctx, store, reader, job.Options, job.Totals, job.BytesTotal, nil)
	return err
}

// beat says that the run is alive, also while a batch waits for a lock, and stops it when it was taken from us.
func (s *Service) beat(ctx context.Context, job Job, stop context.CancelCauseFunc) {
	tick := time.NewTicker(s.settings.Silence / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.jobs.Beat(ctx, job); errors.Is(err, ErrNotOurs) {
				stop(err)
				return
			}
		}
	}
}

// sweep removes uploads that belong to no run: their process died between receiving and enqueueing.
func (s *Service) sweep(ctx context.Context) {
	needed, err := s.jobs.Spools(ctx, s.place)
	if err != nil {
		return // the next start sweeps
	}
	keep := make(map[string]bool, len(needed))
	for _, name := range needed {
		keep[name] = true
	}
	entries, _ := os.ReadDir(s.settings.Folder)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && !keep[e.Name()] && time.Since(info.ModTime()) > goneAfter {
			_ = os.Remove(filepath.Join(s.settings.Folder, e.Name()))
		}
	}
}
