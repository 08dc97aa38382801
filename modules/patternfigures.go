package modules

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// What each pattern does now, for operators who look: a few figures a pattern, made of its metrics by what changed since the last look.

// figureKind says how a figure comes from its series.
type figureKind int

const (
	perSecond  figureKind = iota // how much the sum grew, a second
	share                        // growth of the one in growth of the one and the other, 0 to 1
	saved                        // what the one lacks to the other, both as growth, 0 to 1
	ratio                        // growth of the one for each of the other
	difference                   // growth of the one less that of the other, a second
	now                          // the sum as it stands
	greatest                     // the greatest as it stands
	above                        // how many stand above zero
	age                          // seconds since the oldest of instants in Unix seconds
)

// pick names series: of a metric (a histogram counts by its sum, with "#" before its name by its observations), those whose labels have one
// of the values; a value with "!" before it must not be had.
type pick struct {
	metric string
	labels map[string]string // values apart by spaces
}

// figureSpec is one figure of a pattern. The name is the key of its words on the page.
type figureSpec struct {
	name     string
	kind     figureKind
	one, two pick
}

func all(metric string) pick { return pick{metric: metric} }
func with(metric string, labels ...string) pick {
	p := pick{metric, map[string]string{}}
	for i := 0; i+1 < len(labels); i += 2 {
		p.labels[labels[i]] = labels[i+1]
	}
	return p
}

// hitsOf are the figures of a cache of values in memory: the share that was found there, and how often it was asked.
func hitsOf(caches string) []figureSpec {
	const events = "bookvault_cache_events_total"
	return []figureSpec{
		{"hit_rate", share, with(events, "cache", caches, "event", "hit"), with(events, "cache", caches, "event", "miss")},
		{"asked", perSecond, with(events, "cache", caches, "event", "hit miss"), pick{}},
	}
}

// patternFigures are the figures of each pattern; the first is drawn as a chart.
var patternFigures = map[string][]figureSpec{
	"adaptive_limit": {{"in_use", now, all("bookvault_adaptive_limit_in_use"), pick{}}, {"limit", now, all("bookvault_adaptive_limit"), pick{}},
		{"rejected", perSecond, all("bookvault_adaptive_limit_shed_total"), pick{}}},
	"bulkhead": {{"in_use", now, all("bookvault_bulkhead_in_use"), pick{}}, {"waiting", now, all("bookvault_bulkhead_waiting"), pick{}},
		{"rejected", perSecond, all("bookvault_bulkhead_full_total"), pick{}}},
	"cache_aside": append(hitsOf("titles authors"), figureSpec{"bytes", now, with("bookvault_cache_bytes", "cache", "titles authors"), pick{}}),
	"cdn":         {{"answers", perSecond, all("bookvault_cdn_answers_total"), pick{}}, {"bytes_sent", perSecond, all("bookvault_cdn_sent_bytes_total"), pick{}}},
	"circuit_breaker": {{"open", above, all("bookvault_breaker_state"), pick{}}, {"rejected", perSecond, all("bookvault_breaker_refused_total"), pick{}},
		{"failures", perSecond, all("bookvault_breaker_failures_total"), pick{}}},
	"coalescing": {{"keys_per_load", ratio, all("bookvault_coalescing_keys_per_load"), all("#bookvault_coalescing_keys_per_load")},
		{"joined", perSecond, all("bookvault_coalescing_joined_total"), pick{}}},
	"compression": {{"saved", saved, all("bookvault_compression_sent_bytes_total"), all("bookvault_compression_plain_bytes_total")},
		{"answers", perSecond, all("bookvault_compression_answers_total"), pick{}}},
	"fallback": {{"stood_in", perSecond, with("bookvault_cache_events_total", "event", "stood_in"), pick{}},
		{"stale", perSecond, with("bookvault_gateway_cache_events_total", "event", "stale_on_error"), pick{}}, {"detours", perSecond, all("bookvault_database_detours_total"), pick{}}},
	"gateway_cache": {{"hit_rate", share, with("bookvault_gateway_cache_events_total", "event", "hit stale collapsed"), with("bookvault_gateway_cache_events_total", "event", "miss")},
		{"answers", perSecond, with("bookvault_gateway_cache_events_total", "event", "hit stale collapsed"), pick{}}, {"bytes", now, all("bookvault_gateway_cache_bytes"), pick{}}},
	"group_commit": {{"commands_together", ratio, all("bookvault_group_commit_commands"), all("#bookvault_group_commit_commands")},
		{"waiting", now, all("bookvault_group_commit_waiting"), pick{}}, {"rejected", perSecond, all("bookvault_group_commit_full_total"), pick{}}},
	"hedging": {{"hedged", perSecond, all("bookvault_hedges_total"), pick{}}, {"won", perSecond, all("bookvault_hedges_won_total"), pick{}}},
	"ledger":  {{"committed", perSecond, with("bookvault_database_transactions_total", "outcome", "committed"), pick{}}},
	"logging": {{"left_out", perSecond, all("bookvault_log_lines_left_out_total"), pick{}}},
	"metrics": {{"requests", perSecond, all("bookvault_http_requests_total"), pick{}}, {"in_flight", now, all("bookvault_http_requests_in_flight"), pick{}}},
	"materialized_views": {{"age", age, all("bookvault_figures_last_success_timestamp_seconds"), pick{}},
		{"failures", perSecond, all("bookvault_figures_failures_total"), pick{}}},
	"pool_tuning": {{"in_use", now, with("bookvault_database_pool_connections", "state", "in_use"), pick{}},
		{"limit", now, with("bookvault_database_pool_connections", "state", "limit"), pick{}}, {"waits", perSecond, all("bookvault_database_pool_waits_total"), pick{}}},
	"rate_limit": {{"rejected", perSecond, all("bookvault_rate_limit_refused_total"), pick{}}},
	"read_replicas": {{"by_replicas", share, with("bookvault_database_reads_total", "server", "!primary"), with("bookvault_database_reads_total", "server", "primary")},
		{"lag", greatest, all("bookvault_database_replica_lag_seconds"), pick{}}, {"usable", now, all("bookvault_database_replica_usable"), pick{}}},
	"read_through": hitsOf("searches suggestions"),
	"remote_cache": {{"hit_rate", share, with("bookvault_cache_remote_events_total", "event", "hit"), with("bookvault_cache_remote_events_total", "event", "miss")},
		{"failures", perSecond, with("bookvault_cache_remote_events_total", "event", "error timeout refused"), pick{}}},
	"retry":    {{"retries", perSecond, all("bookvault_retries_total"), pick{}}, {"denied", perSecond, all("bookvault_retries_denied_total"), pick{}}},
	"sharding": nil, // one server holds all shards
	"write_behind": {{"queued", now, all("bookvault_queue_messages"), pick{}}, {"oldest", greatest, all("bookvault_queue_oldest_seconds"), pick{}},
		{"rejected", perSecond, all("bookvault_queue_refused_total"), pick{}}},
	"write_through": append(hitsOf("counts order sessions tokens"), figureSpec{"writes", perSecond, with("bookvault_cache_events_total", "cache", "counts order sessions tokens", "event", "write"), pick{}}),
}

// wayFigures are those of the places that a request passes, in their order.
var wayFigures = []struct {
	place   string
	figures []figureSpec
}{
	{"gateway", []figureSpec{{"requests", perSecond, all("bookvault_http_requests_total"), pick{}}, {"in_flight", now, all("bookvault_http_requests_in_flight"), pick{}},
		{"rejected", perSecond, all("bookvault_rate_limit_refused_total"), pick{}}}},
	{"cache", []figureSpec{{"answers", perSecond, with("bookvault_gateway_cache_events_total", "event", "hit stale collapsed"), pick{}},
		{"hit_rate", share, with("bookvault_gateway_cache_events_total", "event", "hit stale collapsed"), with("bookvault_gateway_cache_events_total", "event", "miss")}}},
	{"api", []figureSpec{{"requests", difference, with("bookvault_http_requests_total", "area", "!web"), with("bookvault_gateway_cache_events_total", "event", "hit stale collapsed")}}},
	{"layers", hitsOf("titles authors searches suggestions counts order sessions tokens")},
	{"replicas", []figureSpec{{"reads", perSecond, with("bookvault_database_reads_total", "server", "!primary"), pick{}}, {"lag", greatest, all("bookvault_database_replica_lag_seconds"), pick{}}}},
	{"primary", []figureSpec{{"reads", perSecond, with("bookvault_database_reads_total", "server", "primary"), pick{}},
		{"committed", perSecond, with("bookvault_database_transactions_total", "outcome", "committed"), pick{}}}},
}

// liveFigure is one figure as it is told; a value that cannot be said (nothing happened to divide by, no earlier look) is null.
type liveFigure struct {
	Name  string   `json:"name"`
	Unit  string   `json:"unit"` // share, per_second, number, seconds, bytes
	Value *float64 `json:"value"`
}

func (s figureSpec) unit() string {
	switch {
	case strings.HasPrefix(s.name, "bytes") && s.kind == now:
		return "bytes"
	case s.name == "bytes_sent":
		return "bytes_per_second"
	case s.kind == share, s.kind == saved:
		return "share"
	case s.kind == perSecond, s.kind == difference:
		return "per_second"
	case s.kind == age, s.name == "lag", s.name == "oldest":
		return "seconds"
	}
	return "number"
}

// look is the state of all series at an instant.
type look struct {
	at       time.Time
	families map[string]*dto.MetricFamily
}

func lookAt(registry prometheus.Registerer, at time.Time) (look, bool) {
	gatherer, can := registry.(prometheus.Gatherer)
	if !can {
		return look{}, false
	}
	families, err := gatherer.Gather()
	if err != nil {
		return look{}, false // figures are for looking at
	}
	l := look{at, make(map[string]*dto.MetricFamily, len(families))}
	for _, f := range families {
		l.families[f.GetName()] = f
	}
	return l, true
}

// values are those of the series that a pick names.
func (l look) values(p pick) []float64 {
	name, observations := strings.CutPrefix(p.metric, "#")
	var list []float64
	for _, m := range l.families[name].GetMetric() {
		if !p.names(m.GetLabel()) {
			continue
		}
		switch {
		case m.GetHistogram() != nil && observations:
			list = append(list, float64(m.GetHistogram().GetSampleCount()))
		case m.GetHistogram() != nil:
			list = append(list, m.GetHistogram().GetSampleSum())
		case m.GetCounter() != nil:
			list = append(list, m.GetCounter().GetValue())
		case m.GetGauge() != nil:
			list = append(list, m.GetGauge().GetValue())
		}
	}
	return list
}

func (p pick) names(labels []*dto.LabelPair) bool {
	for _, l := range labels {
		wanted, asked := p.labels[l.GetName()]
		if !asked {
			continue
		}
		if other, not := strings.CutPrefix(wanted, "!"); not {
			if l.GetValue() == other {
				return false
			}
		} else if !strings.Contains(" "+wanted+" ", " "+l.GetValue()+" ") {
			return false
		}
	}
	return true
}

func (l look) sum(p pick) (sum float64) {
	for _, v := range l.values(p) {
		sum += v
	}
	return sum
}

// value makes a figure of this look and an earlier one; false where it cannot be said.
func (s figureSpec) value(earlier, l look) (float64, bool) {
	grown := func(p pick) float64 { return max(0, l.sum(p)-earlier.sum(p)) }
	seconds := l.at.Sub(earlier.at).Seconds()
	switch s.kind {
	case now:
		return l.sum(s.one), true
	case greatest:
		return top(l.values(s.one)), true
	case above:
		n := 0.0
		for _, v := range l.values(s.one) {
			if v > 0 {
				n++
			}
		}
		return n, true
	case age:
		oldest := 0.0
		for _, v := range l.values(s.one) {
			if v > 0 && (oldest == 0 || v < oldest) {
				oldest = v
			}
		}
		return max(0, float64(l.at.UnixMilli())/1000-oldest), oldest > 0
	}
	if earlier.families == nil || seconds <= 0 {
		return 0, false
	}
	one, two := grown(s.one), 0.0
	if s.two.metric != "" {
		two = grown(s.two)
	}
	switch s.kind {
	case share:
		return one / (one + two), one+two > 0
	case saved:
		return 1 - one/two, two > 0
	case ratio:
		return one / two, two > 0
	case difference:
		return max(0, one-two) / seconds, true
	default:
		return one / seconds, true
	}
}

func top(values []float64) (most float64) {
	for _, v := range values {
		most = max(most, v)
	}
	return most
}

// figuresOf makes the figures of a list of specifications.
func figuresOf(specs []figureSpec, earlier, l look) []liveFigure {
	list := make([]liveFigure, 0, len(specs))
	for _, s := range specs {
		f := liveFigure{Name: s.name, Unit: s.unit()}
		if v, known := s.value(earlier, l); known {
			f.Value = &v
		}
		list = append(list, f)
	}
	return list
}
