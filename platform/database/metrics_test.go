package database_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsAreWellFormed(t *testing.T) {
	db := replicated(t)
	exec(t, db, t.Context(), "CREATE TABLE notes ()")
	registry := prometheus.NewPedanticRegistry() // refuses what was not described, and what is there twice
	if err := registry.Register(db); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, family := range families {
		series[family.GetName()] = len(family.GetMetric())
	}
	for name, want := range map[string]int{
		"bookvault_database_reads_total": 2, "bookvault_database_replica_usable": 1, "bookvault_database_replica_lag_seconds": 1,
		"bookvault_database_transactions_total": 3, "bookvault_database_pool_connections": 15,
	} {
		if series[name] != want {
			t.Errorf("%s has %d series, want %d", name, series[name], want)
		}
	}
}
