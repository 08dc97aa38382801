package main

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bookvault/bench/harness"
)

// recorded is one answer of BookVault, to be given again by a handler that does nothing else.
type recorded struct {
	Header http.Header
	Body   []byte
}

// hotTitles: the whole chain with its cache against a bare net/http handler that writes the same bytes with the same headers.
func (b *readBench) hotTitles() error {
	home := b.library.Home
	file := filepath.Join(b.dir, "answers.gob")
	size, err := b.record(home, file)
	if err != nil {
		return err
	}
	bare, err := b.baseline("bare", file)
	if err != nil {
		return err
	}
	defer bare.Stop()
	ours, theirs, err := b.inTurns(b.clients, b.rounds, b.hotSide(home), b.hotSide(bare))
	if err != nil {
		return err
	}
	const what, yardstick = "hot titles, Zipf", "bare net/http, same bytes and headers"
	b.compare(what, yardstick, "requests/s", each(ours, perSecond), each(theirs, perSecond), ">= 0.95", func(r float64) bool { return r >= 0.95 })
	b.compare(what, yardstick, "us CPU a request", each(ours, measured.cpuEach), each(theirs, measured.cpuEach), "<= 1.15", func(r float64) bool { return r <= 1.15 })
	b.out.Add(harness.Row{Figure: what + ", p99", Value: harness.Median(each(ours, func(m measured) float64 { return m.Percentile(99) })), Unit: "ms",
		Ratio: harness.Median(harness.Ratios(each(ours, p99), each(theirs, p99))), Baseline: yardstick})
	b.out.Note("An answer to a hot title has %d bytes of JSON on average.", size)
	return nil
}

func p99(m measured) float64 { return m.Percentile(99) }

// record writes what a server answers to the hot titles into a file, as hits are answered.
func (b *readBench) record(p *harness.Process, file string) (size int, err error) {
	answers := map[string]recorded{}
	var lock sync.Mutex
	all, ctx := errgroup.WithContext(b.ctx)
	all.SetLimit(8)
	for _, id := range b.hot {
		all.Go(func() error {
			path := fmt.Sprintf("/api/catalog/v1/books/%d", id)
			if _, err := fetch(ctx, p.Address, path); err != nil {
				return err
			}
			hit, err := fetch(ctx, p.Address, path)
			lock.Lock()
			defer lock.Unlock()
			answers[path] = hit
			size += len(hit.Body)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return 0, err
	}
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return size / len(b.hot), gob.NewEncoder(f).Encode(answers)
}

// fetch asks for a path once.
func fetch(ctx context.Context, address, path string) (recorded, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return recorded{}, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return recorded{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("record %s: %d %.200s", path, answer.StatusCode, body)
	}
	return recorded{answer.Header, body}, err
}

// proxies: the same against proxies in front of a BookVault whose caches are off.
func (b *readBench) proxies() error {
	behind, err := b.library.Serve(b.ctx, "caches-off", append(cachesOff(), primaryOnly)...)
	if err != nil {
		return err
	}
	defer behind.Stop()
	home := b.library.Home
	best := ""
	var fastest, whenFastest []measured
	for _, proxy := range []struct {
		name  string
		start func(*harness.Process) (*harness.Process, error)
	}{{"nginx proxy_cache", b.nginx}, {"Varnish", b.varnish}} {
		p, err := proxy.start(behind)
		if err != nil {
			return err
		}
		ours, theirs, err := b.inTurns(b.clients, max(3, b.rounds/2), b.hotSide(home), b.hotSide(p))
		p.Stop()
		if err != nil {
			return err
		}
		b.compare("hot titles", proxy.name, "requests/s", each(ours, perSecond), each(theirs, perSecond), "", func(float64) bool { return true })
		b.compare("hot titles", proxy.name, "us CPU a request", each(ours, measured.cpuEach), each(theirs, measured.cpuEach), "", func(float64) bool { return true })
		if fastest == nil || harness.Median(each(theirs, perSecond)) > harness.Median(each(fastest, perSecond)) {
			best, fastest, whenFastest = proxy.name, theirs, ours
		}
	}
	b.compare("hot titles", "the faster proxy: "+best, "requests/s", each(whenFastest, perSecond), each(fastest, perSecond), ">= 1.1", func(r float64) bool { return r >= 1.1 })
	return nil
}

// nginx runs one worker a core, with its cache in the temporary folder and connections to the server behind kept.
func (b *readBench) nginx(behind *harness.Process) (*harness.Process, error) {
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "nginx")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil { // its workers run as another user
		return nil, err
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return nil, err
	}
	configuration := fmt.Sprintf(`worker_processes auto; daemon off; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on; open_file_cache max=20000;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  proxy_cache_path %[1]s/cache levels=1:2 keys_zone=titles:64m max_size=1g inactive=1h use_temp_path=off;
  upstream behind { server %[2]s; keepalive 64; }
  server {
    listen %[3]s backlog=1024;
    location / {
      proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache titles; proxy_cache_valid 200 1h; proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
    }
  }
}
`, dir, behind.Address, address)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(configuration), 0o644); err != nil {
		return nil, err
	}
	return b.program("nginx", "nginx", address, "-c", file)
}

// varnish keeps everything in memory, for an hour whatever the server behind says.
func (b *readBench) varnish(behind *harness.Process) (*harness.Process, error) {
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	host, port, _ := cutAddress(behind.Address)
	dir := filepath.Join(b.dir, "varnish")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(b.dir, "default.vcl")
	vcl := fmt.Sprintf("vcl 4.1;\nbackend default { .host = %q; .port = %q; }\nsub vcl_backend_response { set beresp.ttl = 1h; unset beresp.http.Vary; return (deliver); }\n", host, port)
	if err := os.WriteFile(file, []byte(vcl), 0o644); err != nil {
		return nil, err
	}
	return b.program("varnish", "varnishd", address, "-F", "-a", address, "-f", file, "-n", dir, "-s", "malloc,256m", "-p", "thread_pool_min=50")
}

// program starts a Debian program.
func (b *readBench) program(name, program, address string, args ...string) (*harness.Process, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		path = "/usr/sbin/" + program
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s is not installed; Debian has it as nginx-light, varnish", program)
	}
	p, err := harness.Start(b.ctx, b.dir, name, address, nil, path, args...)
	if err != nil {
		return nil, err
	}
	if err := p.Ready(b.ctx, "/healthz", 20*time.Second); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}
