package modules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bookvault/platform/database/dbtest"
)

// series gives every series that a process serves: its name and labels.
func (p process) series(t *testing.T) map[string]bool {
	t.Helper()
	families, err := p.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += fmt.Sprintf(" %s=%q", l.GetName(), l.GetValue())
			}
			found[name] = true
		}
	}
	return found
}

// What is watched of the patterns and of each resource, by the names that the rules and the dashboard use.
var watched = []string{
	"bookvault_http_requests_total", "bookvault_http_request_seconds", "bookvault_http_requests_in_flight", // rate, errors, duration
	"bookvault_cache_events_total", "bookvault_cache_bytes", "bookvault_gateway_cache_events_total", // hit rates
	"bookvault_breaker_state", "bookvault_retries_total", "bookvault_timeouts_total", "bookvault_fallbacks_total",
	"bookvault_bulkhead_in_use", "bookvault_bulkhead_waiting", "bookvault_bulkhead_full_total", // occupancy, and who was refused
	"bookvault_rate_limit_refused_total", "bookvault_adaptive_limit", "bookvault_adaptive_limit_in_use", "bookvault_adaptive_limit_shed_total",
	"bookvault_database_pool_connections", "bookvault_database_pool_waits_total", "bookvault_database_pool_wait_seconds_total", "bookvault_database_pool_leaks_total",
	"bookvault_database_replica_lag_seconds", "bookvault_database_replica_usable", "bookvault_database_primary_usable", "bookvault_database_reads_total",
	"bookvault_queue_messages", "bookvault_queue_bytes", "bookvault_queue_oldest_seconds", "bookvault_queue_open", "bookvault_queue_refused_total", // depth and age
	"bookvault_group_commit_waiting", "bookvault_group_commit_full_total", "bookvault_outbox_behind_seconds", "bookvault_outbox_relayed_total",
	"bookvault_housekeeping_last_success_timestamp_seconds", "bookvault_figures_here", "bookvault_live_listeners", "bookvault_compression_answers_total",
}

// Whatever clients ask for, by whatever address, term, card, token and header, a process serves the same series as before: each is one of a
// number that the program's text bounds. None holds what somebody asked for.
func TestWhoeverAsksForWhateverMakesNoSeries(t *testing.T) {
	db := dbtest.New(t, dbtest.Replicated())
	p := serving(t, db, "")
	p.metrics.MustRegister(db)
	round := func(n int) {
		strange := fmt.Sprintf("zq7%d", n)
		headers := []string{"Authorization", "Bearer bv_" + strange, "User-Agent", strange, "Accept-Encoding", strange, "Accept-Language", strange, "X-Request-Id", strange + strange, "Origin", "https://" + strange}
		for _, route := range p.library.Routes {
			path := parameter.ReplaceAllString(route.Path, strange)
			if strings.HasSuffix(path, "/events") {
				continue // it has no end
			}
			p.do(route.Method, path+"?q="+strange+"&genre="+strange+"&limit=3", `{"not":"sensible"}`, headers...)
			p.do(route.Method, path+"?q="+strange, "", headers[2:]...)
		}
		for _, path := range []string{"/" + strange, "/api/" + strange, "/api/catalog/v1/" + strange, "/books/" + strange, "/assets/" + strange} {
			p.do("GET", path, "", headers...)
			p.do(strings.ToUpper(strange), path, "", headers...)
		}
	}
	round(0)
	round(1)
	within(t, "the replica is watched", generous, func() bool { return p.series(t)[`bookvault_database_replica_lag_seconds server="replica-1"`] })
	before := p.series(t)
	round(2)
	for series := range p.series(t) {
		byTime := strings.HasPrefix(series, "bookvault_housekeeping_") || strings.HasPrefix(series, "bookvault_figures_") // of steps that were done meanwhile
		if !before[series] && !byTime {
			t.Errorf("a new series: %s", series)
		}
		if strings.Contains(series, "zq7") {
			t.Errorf("a series says what was asked for: %s", series)
		}
	}
	if len(before) > 3000 { // Prometheus counts each bucket of a histogram too
		t.Errorf("%d series", len(before))
	}
	t.Logf("%d series", len(before))
	served := map[string]bool{}
	within(t, "there was a round of housekeeping", generous, func() bool {
		return p.series(t)[`bookvault_housekeeping_last_success_timestamp_seconds step="ledger_chain"`]
	})
	for series := range p.series(t) {
		name, _, _ := strings.Cut(series, " ")
		served[name] = true
	}
	slices.Sort(watched)
	for _, name := range watched {
		if !served[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
