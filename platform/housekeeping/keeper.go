package housekeeping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Lock is held by one process of all at a time, and lost when the process dies.
type Lock interface {
	Held(ctx context.Context) error
	Release()
}

// Locker takes the lock without waiting: nil and no error when another process has it.
type Locker func(ctx context.Context) (Lock, error)

// Settings of a keeper; zero values are replaced by the defaults named here.
type Settings struct {
	Name    string           // of the list, in metrics (bookvault_NAME_…) and the log; "housekeeping"
	Every   time.Duration    // between the beginnings of two rounds; 1 min
	Standby time.Duration    // how often a process without the lock looks whether it is free; 3 s
	Clock   func() time.Time // time.Now
	Logger  *slog.Logger     // slog.Default
}

// Keeper carries out one list of steps, in the order of the list, round after round. Stop is synchronous, idempotent, and safe
// before Start.
type Keeper struct {
	steps    []Step
	locker   Locker
	settings Settings
	metrics  descriptions

	turn sync.Mutex // a round, or letting go of the lock
	lock Lock       // nil: another process has it, as far as we know

	seen   sync.Mutex
	here   bool
	status []Status

	life sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

// New makes a keeper of a list.
func New(locker Locker, steps []Step, s Settings) *Keeper {
	if s.Name == "" {
		s.Name = "housekeeping"
	}
	if s.Every <= 0 {
		s.Every = time.Minute
	}
	if s.Standby <= 0 {
		s.Standby = 3 * time.Second
	}
	if s.Clock == nil {
		s.Clock = time.Now
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	k := &Keeper{steps: steps, locker: locker, settings: s, status: make([]Status, len(steps)), metrics: describe(s.Name)}
	for i, step := range steps {
		k.status[i].Step = step.Name
	}
	return k
}

// Start begins the rounds. It returns at once; starting twice is one start.
func (k *Keeper) Start(ctx context.Context) error {
	k.life.Lock()
	defer k.life.Unlock()
	if k.stop != nil {
		return nil
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	k.stop, k.done = stop, make(chan struct{})
	go k.keep(running, k.done)
	return nil
}

// Stop ends the round under way, whose last batch is rolled back, and gives the lock to whoever waits for it.
func (k *Keeper) Stop(ctx context.Context) error {
	k.life.Lock()
	defer k.life.Unlock()
	if k.stop == nil {
		return nil
	}
	k.stop()
	select {
	case <-k.done:
		k.stop = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", k.settings.Name, ctx.Err())
	}
}

func (k *Keeper) keep(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	defer k.letGo()
	for {
		begin := time.Now()
		wait := k.settings.Standby
		if k.Round(ctx) {
			wait = max(0, k.settings.Every-time.Since(begin))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// errLockLost says that the lock went in the middle of a round: another process goes on with it.
var errLockLost = errors.New("housekeeping goes on in another process")

// Round carries out the list once, if this process has the lock or can get it, and says whether. Before each batch it makes
// sure of the lock. What a step leaves undone, the next round finds.
func (k *Keeper) Round(ctx context.Context) bool {
	k.turn.Lock()
	defer k.turn.Unlock()
	if !k.mine(ctx) {
		return false
	}
	may := func(ctx context.Context) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := k.lock.Held(ctx); err != nil {
			return errors.Join(errLockLost, err)
		}
		return nil
	}
	for i, step := range k.steps {
		begin := k.settings.Clock()
		done, err := step.run(ctx, may)
		if ctx.Err() != nil || errors.Is(err, errLockLost) {
			k.note(i, begin, done, nil, false)
			return false
		}
		k.note(i, begin, done, err, true)
		if err != nil {
			k.settings.Logger.LogAttrs(ctx, slog.LevelWarn, "a step of "+k.settings.Name+" failed; it is tried again in a later round",
				slog.String("step", step.Name), slog.Any("error", err))
		}
	}
	return true
}

// mine makes sure of the lock, or tries to get it.
func (k *Keeper) mine(ctx context.Context) bool {
	if k.lock != nil {
		if k.lock.Held(ctx) == nil {
			return true
		}
		k.drop()
	}
	lock, err := k.locker(ctx)
	if err != nil && ctx.Err() == nil {
		k.settings.Logger.LogAttrs(ctx, slog.LevelWarn, k.settings.Name+" waits for its lock", slog.Any("error", err))
	}
	if err != nil || lock == nil {
		return false
	}
	k.lock = lock
	k.setHere(true)
	return true
}

func (k *Keeper) letGo() {
	k.turn.Lock()
	defer k.turn.Unlock()
	if k.lock != nil {
		k.drop()
	}
}

func (k *Keeper) drop() {
	k.lock.Release()
	k.lock = nil
	k.setHere(false)
}
