package resilience

import "errors"

// errPanicked stands for the outcome of a call that never returned. Whoever panics cannot say that the dependency is well.
var errPanicked = errors.New("the call panicked")

// guarded runs fn and tells after how it ended, also when it panics: a permit that is not given back is lost for good, and a breaker
// that is not told stays half-open. The panic goes on, with its stack, to whoever answers for it.
func guarded[T any](fn func() (T, error), after func(error)) (value T, err error) {
	err = errPanicked
	defer func() { after(err) }()
	return fn()
}
