package lifecycle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary records what happened, in order.
type diary struct {
	lock  sync.Mutex
	lines []string
}

func (d *diary) write(line string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) expect(t *testing.T, want ...string) {
	t.Helper()
	d.lock.Lock()
	defer d.lock.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("happened %q, want %q", d.lines, want)
	}
}

func (d *diary) step(name string) Step {
	return Step{
		Name:  name,
		Start: func(context.Context) (string, error) { d.write("start " + name); return "note of " + name, nil },
		Stop:  func(context.Context) error { d.write("stop " + name); return nil },
	}
}

func TestStartsInOrderAndStopsInReverseOnce(t *testing.T) {
	var d diary
	var notes []string
	stack := New(func(s Started) { notes = append(notes, s.Note) })
	stack.Add(d.step("a"))
	stack.Add(Step{Name: "nothing to do"})
	stack.Add(d.step("b"))
	for range 2 {
		if err := stack.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := stack.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d.expect(t, "start a", "start b", "stop b", "stop a")
	if !slices.Equal(notes, []string{"note of a", "", "note of b"}) {
		t.Errorf("observed %q", notes)
	}
}

func TestAFailureStopsWhatIsUp(t *testing.T) {
	var d diary
	broken := errors.New("no space left")
	stack := New(nil)
	stack.Add(d.step("a"))
	stack.Add(Step{
		Name:  "b",
		Start: func(context.Context) (string, error) { return "", broken },
		Stop:  func(context.Context) error { d.write("stop b"); return nil },
	})
	stack.Add(d.step("c"))
	err := stack.Start(t.Context())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "start b") {
		t.Errorf("got %v", err)
	}
	d.expect(t, "start a", "stop a")
}

func TestStopBeforeStart(t *testing.T) {
	var d diary
	stack := New(nil)
	stack.Add(d.step("a"))
	if err := stack.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := stack.Start(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v", err)
	}
	d.expect(t)
}

func TestStopEndsAStartUnderWay(t *testing.T) {
	var d diary
	begun := make(chan struct{})
	stack := New(nil)
	stack.Add(d.step("a"))
	stack.Add(Step{Name: "endless", Start: func(ctx context.Context) (string, error) {
		close(begun)
		<-ctx.Done()
		return "", ctx.Err()
	}})
	starting := make(chan error, 1)
	go func() { starting <- stack.Start(context.Background()) }()
	<-begun
	if err := stack.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-starting; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	d.expect(t, "start a", "stop a")
}

func TestEachStepHasItsOwnDeadlineAndAllAreStopped(t *testing.T) {
	var d diary
	stack := New(nil)
	stack.Add(d.step("a"))
	stack.Add(Step{Name: "stuck", StopWithin: time.Millisecond, Stop: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	stack.Add(Step{Name: "bounded", StartWithin: time.Hour, Start: func(ctx context.Context) (string, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the start has no deadline")
		}
		return "", nil
	}})
	if err := stack.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := stack.Stop(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stop stuck") {
		t.Errorf("got %v", err)
	}
	d.expect(t, "start a", "stop a")
}

func TestManyStopsAtOnce(t *testing.T) {
	var d diary
	stack := New(nil)
	stack.Add(d.step("a"))
	if err := stack.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := stack.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.expect(t, "start a", "stop a")
}

func TestSignals(t *testing.T) {
	forced := make(chan struct{})
	ctx, release := Signals(t.Context(), sync.OnceFunc(func() { close(forced) }))
	defer release()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	select {
	case <-forced:
		t.Fatal("one signal forced the end")
	default:
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-forced
	release()
	release()
}
