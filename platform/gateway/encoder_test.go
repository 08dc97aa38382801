package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Encoders are shared by all requests, one after the other: no answer may hold a byte of another's.
func TestAnswersDoNotMix(t *testing.T) {
	server := behind(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		line := r.Header.Get("X-Line") + "\n"
		for range 400 {
			_, _ = io.WriteString(w, line)
		}
		if r.Header.Get("X-Panic") != "" {
			panic(http.ErrAbortHandler)
		}
	})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for turn := range 40 {
				line := fmt.Sprintf("reader %d, turn %d", worker, turn)
				r, _ := http.NewRequest("GET", server.URL, nil)
				r.Header.Set("Accept-Encoding", []string{"gzip", "zstd", ""}[(worker+turn)%3])
				r.Header.Set("X-Line", line)
				if turn%7 == 3 {
					r.Header.Set("X-Panic", "yes")
				}
				answer, err := server.Client().Do(r)
				if err != nil {
					if turn%7 != 3 {
						t.Error(err)
					}
					continue
				}
				body, err := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				if turn%7 == 3 {
					continue // cut, as was asked for
				}
				if text := unpacked(t, answer.Header.Get("Content-Encoding"), string(body)); err != nil || text != strings.Repeat(line+"\n", 400) {
					t.Errorf("%s: got %.60q (%v)", line, text, err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkCompress(b *testing.B) {
	body := []byte(`{"items":[` + strings.TrimSuffix(strings.Repeat(`{"id":123456,"title":"Truyện Kiều","subtitle":null,"authors":[{"id":7,"name":"Nguyễn Du"}],"year":1820,"language":"vi"},`, 100), ",") + `],"next_cursor":null}`)
	for _, test := range []struct {
		name, accept string
		size         int
	}{{"off", "", 0}, {"plain", "", len(body)}, {"small", "zstd", 500}, {"gzip", "gzip", len(body)}, {"zstd", "zstd", len(body)}} {
		b.Run(test.name, func(b *testing.B) {
			on := &atomic.Bool{}
			on.Store(test.name != "off")
			size := test.size
			if size == 0 {
				size = len(body)
			}
			handler := compress(Compression{Enabled: on, MinSize: 1024}, prometheus.NewRegistry())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{"application/json"}
				_, _ = w.Write(body[:size])
			}))
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept-Encoding", test.accept)
			w := &sink{header: http.Header{}}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				w.Reset()
				handler.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(w.Len()), "sent-bytes")
		})
	}
}

// sink is a ResponseWriter that costs nothing.
type sink struct {
	bytes.Buffer
	header http.Header
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
