package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bookvault/platform/httpcache"
)

// conformanceGoal is how many of the required tests must pass: the best known proxy passes 132.
const conformanceGoal = 150

// unsafeToFail are the parts of names of tests whose failure would hand out what nobody may see.
var unsafeToFail = []string{"private", "no-store", "vary-", "method-", "authorization", "no-cache"}

// judge scores the results with the suite's own code.
const judge = `import tests from './tests/index.mjs'
import { runTests, getResults } from './test-engine/client/runner.mjs'
import { determineTestResult, resultTypes } from './test-engine/lib/results.mjs'
await runTests(tests, false, process.argv[2])
const results = getResults(), out = []
for (const suite of tests) for (const test of suite.tests) {
  if (test.browser_only) continue
  const type = determineTestResult(tests, test.id, results)
  out.push({ id: test.id, kind: test.kind || 'required', result: Object.keys(resultTypes).find(n => resultTypes[n] === type) })
}
console.log(JSON.stringify(out))
`

// benchConformance runs the public suite for HTTP caches (https://cache-tests.fyi) against the response cache in front of a reverse
// proxy. It needs node, and the suite: git clone https://github.com/http-tests/cache-tests && cd cache-tests && npm install.
func benchConformance(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	folder := flags.String("suite", "cache-tests", "folder of the suite, a clone of github.com/http-tests/cache-tests after npm install")
	flags.BoolVar(&out.json, "json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(*folder, "test-engine")); err != nil {
		return fmt.Errorf("the suite is not in %s: clone github.com/http-tests/cache-tests, run npm install there, and say -suite FOLDER", *folder)
	}
	begun := time.Now()
	results, err := runConformance(ctx, *folder)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, r := range results {
		counts[r.Kind]++
		if r.Result == "pass" {
			counts[r.Kind+" passed"]++
		} else if r.Kind == "required" {
			out.say("required, not passed: %s (%s)", r.ID, r.Result)
			if r.Result == "fail" && slices.ContainsFunc(unsafeToFail, func(part string) bool { return strings.Contains(r.ID, part) }) {
				out.say("that one is about safety: MISSED")
			}
		}
	}
	out.add("tests", int64(len(results)), time.Since(begun).Seconds())
	out.say("optional tests passed: %d of %d", counts["optimal passed"], counts["optimal"])
	out.say("required tests passed: %d of %d; the goal is %d: %s", counts["required passed"], counts["required"], conformanceGoal, verdict(counts["required passed"] >= conformanceGoal))
	return nil
}

type conformanceResult struct {
	ID, Kind, Result string
}

// runConformance starts the suite's server and the cache before it, and runs the suite's client against that.
func runConformance(ctx context.Context, folder string) ([]conformanceResult, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	server := exec.CommandContext(ctx, "node", "test-engine/server/server.mjs")
	server.Dir = folder
	server.Env = append(os.Environ(), "npm_config_protocol=http", "npm_config_port="+port, "npm_config_pidfile="+filepath.Join(folder, "server.pid"))
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the suite's server: %w", err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	origin := &url.URL{Scheme: "http", Host: "127.0.0.1:" + port}
	if err := awaitPort(ctx, origin.Host); err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(origin)
		r.Out.Host = r.In.Host
	}}
	cache := httpcache.New(proxy, httpcache.Settings{Heuristic: 24 * time.Hour, StaleOnError: time.Hour})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	front := &http.Server{Handler: cache, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = front.Serve(listener) }() // ends with Close
	defer func() { _ = front.Close() }()
	if err := os.WriteFile(filepath.Join(folder, "judge.mjs"), []byte(judge), 0o600); err != nil {
		return nil, err
	}
	client := exec.CommandContext(ctx, "node", "--no-warnings", "judge.mjs", "http://"+listener.Addr().String())
	client.Dir, client.Stderr = folder, os.Stderr
	printed, err := client.Output()
	if err != nil {
		return nil, fmt.Errorf("run the suite: %w", err)
	}
	var results []conformanceResult
	if err := json.Unmarshal(printed, &results); err != nil {
		return nil, fmt.Errorf("read the suite's results: %w", err)
	}
	return results, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func awaitPort(ctx context.Context, address string) error {
	for range 100 {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the suite's server does not answer")
}
