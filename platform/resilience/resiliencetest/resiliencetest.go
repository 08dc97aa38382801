// Package resiliencetest holds a module's decorators to passing each call through the policies.
package resiliencetest

import (
	"context"
	"errors"
	"log/slog"
	"reflect"

	"bookvault/platform/resilience"
)

// Shut gives policies whose breaker is open.
func Shut() *resilience.Stack {
	breaker := resilience.NewBreaker(resilience.BreakerSettings{MinCalls: 1, Logger: slog.New(slog.DiscardHandler)})
	_ = breaker.Allow()
	breaker.Record(errors.New("gone"), 0)
	return resilience.NewStack(resilience.StackSettings{Breaker: breaker})
}

// Passing calls every method of a store that stands behind shut policies, with nothing behind them: ctx first, and else zero values. It gives the
// methods, by name, that were not refused: they panicked on nothing, or asked nobody.
func Passing(ctx context.Context, store any) (names []string) {
	v := reflect.ValueOf(store)
	for i := range v.NumMethod() {
		if passes(ctx, v.Method(i)) {
			names = append(names, v.Type().Method(i).Name)
		}
	}
	return names
}

func passes(ctx context.Context, m reflect.Value) (passed bool) {
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for j := 1; j < m.Type().NumIn() && !(m.Type().IsVariadic() && j == m.Type().NumIn()-1); j++ {
		args = append(args, reflect.Zero(m.Type().In(j)))
	}
	defer func() {
		if recover() != nil {
			passed = true
		}
	}()
	out := m.Call(args)
	err, _ := out[len(out)-1].Interface().(error)
	return !errors.Is(err, resilience.ErrOpen)
}
