package modules

import (
	"context"

	"bookvault/platform/identity"
	"bookvault/platform/resilience"
	"bookvault/platform/rest"
)

// How the policies stand: GET /api/ops/v1/resilience, and a line each in /readyz.

type dependencyBody struct {
	Name        string           `json:"name" doc:"Of the dependency, as in metrics and in the log."`
	State       string           `json:"state" enum:"closed,open,half-open" doc:"Of its circuit breaker: closed lets calls through, open none, half-open a few to find out. Without one (a detour) it is closed."`
	RetryAfter  int64            `json:"retry_after_ms" doc:"Milliseconds until calls may try it again; 0 when it is not open."`
	Compartment *compartmentBody `json:"compartment,omitempty" doc:"Of the calls to it, where they have one."`
}

type compartmentBody struct {
	InUse      int `json:"in_use" doc:"Calls at work now."`
	Concurrent int `json:"concurrent" doc:"Calls that may be at work."`
	Waiting    int `json:"waiting" doc:"Calls that wait now."`
	Queue      int `json:"queue" doc:"Calls that may wait; more are refused at once."`
}

type dependenciesOut struct{ Body rest.Page[dependencyBody] }

// registerResilience adds the route that tells how the policies stand.
func registerResilience(api *rest.API, p *policies) {
	rest.Register(api, rest.Route{Method: "GET", Path: "/api/ops/v1/resilience", ID: "list-dependencies", Tag: "operations", Who: identity.Administrator,
		Summary: "What the library depends on, and how each dependency stands", Detail: "Of this process. GET /readyz says the same in short."},
		func(context.Context, *struct{}) (*dependenciesOut, error) {
			out := &dependenciesOut{}
			for _, s := range p.stacks {
				out.Body.Items = append(out.Body.Items, dependencyOf(s))
			}
			return out, nil
		})
}

func dependencyOf(s *resilience.Stack) dependencyBody {
	d := dependencyBody{Name: s.Name(), State: resilience.Closed.String()}
	if b := s.Breaker(); b != nil {
		d.State, d.RetryAfter = b.State().String(), b.RetryAfter().Milliseconds()
	}
	if b := s.Bulkhead(); b != nil {
		concurrent, queue := b.Limits()
		d.Compartment = &compartmentBody{InUse: b.InUse(), Concurrent: concurrent, Waiting: b.Waiting(), Queue: queue}
	}
	return d
}

// breakerHealth tells /readyz how a breaker stands. The library works as well as it can without the dependency, so it is optional.
func breakerHealth(s *resilience.Stack) func(context.Context) (map[string]any, error) {
	return func(context.Context) (map[string]any, error) {
		state := s.Breaker().State()
		detail := map[string]any{"breaker": state.String()}
		if state == resilience.Open {
			return detail, errBreakerOpen
		}
		return detail, nil
	}
}
