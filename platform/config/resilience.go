package config

import "time"

// Resilience bounds what one part that fails, or is asked for too much, may do to the others.
type Resilience struct {
	Breaker    Breaker     `key:"breaker"`
	Retry      Retry       `key:"retry"`
	Catalog    Compartment `key:"catalog"`
	Search     Compartment `key:"search"`
	Borrowing  Compartment `key:"borrowing"`
	Members    Compartment `key:"members"`
	Cards      Compartment `key:"cards"`
	Imports    Compartment `key:"imports"`
	Statistics Compartment `key:"statistics"`
	Neighbours Neighbours  `key:"neighbours"`
	Replicas   Replicas    `key:"replicas"`
	Detour     Detour      `key:"detour"`

	AdaptiveLimit AdaptiveLimit `key:"adaptive_limit"`
}

// AdaptiveLimit bounds the limit of requests at once that is found out by how long they take.
type AdaptiveLimit struct {
	Least int `key:"least" min:"1" max:"100000"`
	Most  int `key:"most" min:"1" max:"100000"`
}

// Breaker says when a dependency counts as ill, and for how long.
type Breaker struct {
	FailureRate float64       `key:"failure_rate" min:"0.01" max:"1"`
	MinCalls    int           `key:"min_calls" min:"1" max:"10000"`
	Window      time.Duration `key:"window" min:"100ms" max:"10m"`
	OpenFor     time.Duration `key:"open_for" min:"100ms" max:"10m"`
	Trials      int           `key:"trials" min:"1" max:"100"`
}

// Retry says how often a read is made anew.
type Retry struct {
	Attempts int           `key:"attempts" min:"1" max:"10"`
	Backoff  time.Duration `key:"backoff" min:"1ms" max:"10s"`
	Budget   float64       `key:"budget" min:"0.01" max:"1"`
}

// Compartment bounds the work on one part of the library.
type Compartment struct {
	Concurrent int           `key:"concurrent" min:"1" max:"10000"`
	Queue      int           `key:"queue" min:"0" max:"100000"`
	MaxWait    time.Duration `key:"max_wait" min:"1ms" max:"1m"`
	Timeout    time.Duration `key:"timeout" min:"10ms" max:"10m"`
	SlowAfter  time.Duration `key:"slow_after" min:"10ms" max:"10m"`
}

// Detour bounds what reads of a module may take of the way that all share, while the module's own way to the database fails.
type Detour struct {
	Concurrent int           `key:"concurrent" min:"1" max:"10000"`
	Queue      int           `key:"queue" min:"0" max:"100000"`
	MaxWait    time.Duration `key:"max_wait" min:"1ms" max:"1m"`
	Silence    time.Duration `key:"silence" min:"20ms" max:"1m"`
}

// Neighbours bounds what the desk waits for the other modules.
type Neighbours struct {
	Timeout time.Duration `key:"timeout" min:"10ms" max:"1m"`
	Titles  time.Duration `key:"titles" min:"10ms" max:"1m"`
}

// Replicas says when a replica counts as ill, and when another server is asked in its place.
type Replicas struct {
	SlowAfter   time.Duration `key:"slow_after" min:"10ms" max:"1m"`
	HedgeAfter  float64       `key:"hedge_after" min:"0.5" max:"0.999"`
	HedgeBudget float64       `key:"hedge_budget" min:"0.001" max:"1"`
}
