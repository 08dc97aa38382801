package gateway

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/coding"
)

// Compression says which answers are sent compressed.
type Compression struct {
	Enabled *atomic.Bool // read for each request, so that it can be switched while running; nil is off
	MinSize int          // bytes of an answer below which it is sent as it is
}

// compress sends text (coding.Pays) in the coding that the client likes best, from MinSize on. What is coded already passes,
// as do pictures, event streams and parts of something (206). A client that refuses plain answers gets small ones coded too.
//
// Each coding is a variant with a strong ETag of its own: "7" goes out as "7-zstd", and comes back in If-None-Match as "7".
// If-Match may name any variant of the row that was edited: platform/rest reads the suffix.
//
// Length tells what is inside: whoever can have a victim's browser ask for an answer that holds a secret beside words of the
// attacker's choice can guess the secret by the length of the coded answer (BREACH). So an answer that carries a secret says
// Cache-Control: no-transform and stays plain, and so does what another site's page asks for with the reader's cookies.
func compress(s Compression, registry prometheus.Registerer) func(http.Handler) http.Handler {
	counts := countCompression(registry)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.Enabled == nil || !s.Enabled.Load() {
				next.ServeHTTP(w, r)
				return
			}
			accepted := coding.Parse(r.Header["Accept-Encoding"])
			best, _ := accepted.Best() // to whom nothing is acceptable, plain is sent: the work may be done and cannot be refused now
			if best != coding.Identity && fromAnotherSite(r) {
				best = coding.Identity
			}
			writer := &codedWriter{ResponseWriter: w, counts: counts, coding: best, least: s.MinSize, head: r.Method == http.MethodHead}
			if !accepted.TakesIdentity() {
				writer.least = 1
			}
			next.ServeHTTP(writer, writer.inner(r))
			writer.close() // not deferred: after a panic nothing more is written, and recover answers
		})
	}
}

// fromAnotherSite tells whether a page of another site has the reader's browser ask, with what the reader is known by.
func fromAnotherSite(r *http.Request) bool {
	site := r.Header["Sec-Fetch-Site"]
	return len(site) > 0 && site[0] != "same-origin" && site[0] != "none" && r.Header["Cookie"] != nil
}

// compressionCounts are the metrics, resolved once a coding.
type compressionCounts struct {
	answers, plain, sent [coding.Count]prometheus.Counter
}

func countCompression(registry prometheus.Registerer) *compressionCounts {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bookvault_compression_answers_total", Help: "Answers of text, by the coding they were sent in.",
	}, []string{"coding"})
	plain := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bookvault_compression_plain_bytes_total", Help: "Bytes of those answers before coding.",
	}, []string{"coding"})
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bookvault_compression_sent_bytes_total", Help: "Bytes of those answers as they were sent.",
	}, []string{"coding"})
	registry.MustRegister(answers, plain, sent)
	var c compressionCounts
	for i := range c.answers {
		name := coding.Coding(i).String()
		c.answers[i], c.plain[i], c.sent[i] = answers.WithLabelValues(name), plain.WithLabelValues(name), sent.WithLabelValues(name)
	}
	return &c
}

func (c *compressionCounts) add(as coding.Coding, plain, sent int64) {
	c.answers[as].Inc()
	c.plain[as].Add(float64(plain))
	c.sent[as].Add(float64(sent))
}
