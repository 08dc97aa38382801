package coding

import (
	"slices"
	"strings"
	"testing"
)

func TestTheCodingThatAClientLikesBest(t *testing.T) {
	for _, test := range []struct {
		header []string
		best   Coding
		ok     bool
	}{
		{nil, Identity, true},
		{[]string{""}, Identity, true},
		{[]string{"gzip, deflate, br, zstd"}, Zstd, true}, // Chromium over TLS
		{[]string{"gzip, deflate"}, Gzip, true},           // and without
		{[]string{"gzip", "zstd"}, Zstd, true},            // two fields are one list
		{[]string{"br"}, Identity, true},
		{[]string{"GZIP"}, Gzip, true},
		{[]string{"x-gzip"}, Gzip, true},
		{[]string{"gzip;q=1.0, zstd;q=0.9"}, Gzip, true},
		{[]string{"gzip;q=0.001"}, Gzip, true},
		{[]string{"gzip; Q=0.5 , zstd ;q=0.5"}, Zstd, true},
		{[]string{"gzip;q=0"}, Identity, true},
		{[]string{"gzip;q=0.000, zstd;q=0"}, Identity, true},
		{[]string{"*"}, Zstd, true},
		{[]string{"*, zstd;q=0"}, Gzip, true},
		{[]string{"*;q=0"}, Identity, false},
		{[]string{"*;q=0, identity"}, Identity, true},
		{[]string{"*;q=0, gzip"}, Gzip, true},
		{[]string{"identity"}, Identity, true},
		{[]string{"identity;q=0"}, Identity, false},
		{[]string{"identity;q=0, br"}, Identity, false},
		{[]string{"identity;q=0, gzip;q=0.2"}, Gzip, true},
		{[]string{"identity, gzip;q=0.5"}, Identity, true},
		{[]string{"identity;q=0.5, gzip;q=0.5"}, Gzip, true},
		{[]string{"gzip;q=2, zstd;q=1.001"}, Identity, true}, // no weights: passed over
		{[]string{"gzip;q=, zstd;q=0.1234, gzip;level=9"}, Identity, true},
		{[]string{"gzip;q=0.x"}, Identity, true},
		{[]string{",,;,gzip,"}, Gzip, true},
	} {
		if best, ok := Parse(test.header).Best(); best != test.best || ok != test.ok {
			t.Errorf("%q: %v %v, want %v %v", test.header, best, ok, test.best, test.ok)
		}
	}
}

// Whatever a client writes, it never gets a coding that it did not name, nor one that it gave no weight.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"gzip, deflate, br, zstd", "*;q=0, identity;q=0.3", "gzip;q=0", "identity;q=0,zstd;q=0.001", ";;,q=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		accepted := Parse([]string{header})
		best, ok := accepted.Best()
		if best != Identity && !strings.Contains(strings.ToLower(header), best.String()) && !strings.Contains(header, "*") {
			t.Errorf("%q: %v, which it does not name", header, best)
		}
		if best != Identity && accepted.weight(best) <= 0 {
			t.Errorf("%q: %v, which it refuses", header, best)
		}
		if !ok && (accepted.TakesIdentity() || best != Identity) {
			t.Errorf("%q: refuses everything, and yet takes %v", header, best)
		}
		for _, weight := range accepted.weights {
			if weight < unsaid || weight > 1000 {
				t.Errorf("%q: a weight of %d", header, weight)
			}
		}
	})
}

func TestWhatGainsByBeingCoded(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/json": true, "application/problem+json": true, "text/html; charset=utf-8": true, "TEXT/CSS": true,
		"image/svg+xml": true, "application/marcxml+xml": true, "text/csv; charset=utf-8": true, "application/x-ndjson": true,
		"text/event-stream": false, "text/event-stream; charset=utf-8": false, "image/jpeg": false, "application/octet-stream": false,
		"application/zip": false, "font/woff2": false, "": false,
	} {
		if Pays(contentType) != want {
			t.Errorf("Pays(%q) is %v", contentType, !want)
		}
	}
}

func TestVaryNamesAcceptEncodingOnce(t *testing.T) {
	for _, test := range []struct{ vary, want []string }{
		{nil, []string{"Accept-Encoding"}},
		{[]string{"Accept"}, []string{"Accept", "Accept-Encoding"}},
		{[]string{"Accept, accept-encoding"}, []string{"Accept, accept-encoding"}},
		{[]string{"*"}, []string{"*"}},
		{[]string{"Accept", "Origin, *"}, []string{"Accept", "Origin, *"}},
	} {
		before := slices.Clone(test.vary)
		if got := AddVary(test.vary); !slices.Equal(got, test.want) {
			t.Errorf("%q became %q, want %q", test.vary, got, test.want)
		}
		if !slices.Equal(before, test.vary) {
			t.Errorf("%q was written to", before)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	header := []string{"gzip, deflate, br, zstd"}
	b.ReportAllocs()
	for b.Loop() {
		if best, _ := Parse(header).Best(); best != Zstd {
			b.Fatal(best)
		}
	}
}
