package modules

import (
	"context"
	"errors"
	"fmt"
)

// primaryHealth asks the primary for nothing but an answer.
func (s *server) primaryHealth(ctx context.Context) (map[string]any, error) {
	if err := s.db.Pool().Ping(ctx); err != nil {
		return nil, fmt.Errorf("ping the primary: %w", err)
	}
	return nil, nil
}

// errReplicaUnusable says that a replica gets no reads now. The server works without it, so it never fails readiness.
var errReplicaUnusable = errors.New("the replica does not answer, or is further behind than database.replica_max_lag")

// replicaHealth looks at what the database's own watcher saw of a replica last; n counts from 1.
func (s *server) replicaHealth(n int) func(context.Context) (map[string]any, error) {
	return func(context.Context) (map[string]any, error) {
		seen := s.db.Stats()[n]
		detail := map[string]any{"usable": seen.Usable, "reads": seen.Reads}
		if seen.Lag >= 0 {
			detail["lag_ms"] = seen.Lag.Milliseconds()
		}
		if !seen.Usable {
			return detail, errReplicaUnusable
		}
		return detail, nil
	}
}
