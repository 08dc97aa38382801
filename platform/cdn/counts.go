package cdn

import (
	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/coding"
)

// nameKind is by which of its names something was asked for.
type nameKind uint8

const (
	hashedName nameKind = iota
	plainName
	pageName
	nameKinds = iota
)

// counts are the metrics. Their labels are few and known beforehand, and each series is found once.
type counts struct {
	answers, fresh [nameKinds]prometheus.Counter
	missing        prometheus.Counter
	bytes          [coding.Count]prometheus.Counter
}

func newCounts(registry prometheus.Registerer) *counts {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bookvault_cdn_answers_total",
		Help: "Answers with files and pages, by the kind of name asked for (hashed, plain, page) and result (sent; fresh: 304; missing: 404).",
	}, []string{"name", "result"})
	bytes := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bookvault_cdn_sent_bytes_total",
		Help: "Bytes of bodies of files and pages that were sent, by coding.",
	}, []string{"coding"})
	if registry != nil {
		registry.MustRegister(answers, bytes)
	}
	c := &counts{missing: answers.WithLabelValues("hashed", "missing")}
	for i, name := range [nameKinds]string{"hashed", "plain", "page"} {
		c.answers[i], c.fresh[i] = answers.WithLabelValues(name, "sent"), answers.WithLabelValues(name, "fresh")
	}
	for i := range c.bytes {
		c.bytes[i] = bytes.WithLabelValues(coding.Coding(i).String())
	}
	return c
}
