package layers

import (
	"context"

	"bookvault/modules/catalog/importing"
	"bookvault/platform/resilience"
)

// ResilientImports puts policies before the record of imports as requests see it. The work behind them waits its own way.
func ResilientImports(jobs importing.Jobs, stack *resilience.Stack) importing.Jobs {
	return &resilientImports{jobs, stack}
}

type resilientImports struct {
	importing.Jobs
	stack *resilience.Stack
}

// Enqueue lines a run up.
func (r *resilientImports) Enqueue(ctx context.Context, job importing.Job, most int) (int64, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (int64, error) { return r.Jobs.Enqueue(ctx, job, most) })
}

// Job tells how a run stands.
func (r *resilientImports) Job(ctx context.Context, id int64) (importing.Job, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (importing.Job, error) { return r.Jobs.Job(ctx, id) })
}

// Findings lists what a run refused or left out.
func (r *resilientImports) Findings(ctx context.Context, id int64, refused bool, after int64, limit int) (list []importing.Finding, next int64, err error) {
	list, err = resilience.Read(ctx, r.stack, func(ctx context.Context) (found []importing.Finding, err error) {
		found, next, err = r.Jobs.Findings(ctx, id, refused, after, limit)
		return found, err
	})
	return list, next, err
}
