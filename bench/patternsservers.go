package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"bookvault/bench/harness"
)

// prepare makes what all servers share: a token that may switch, hot titles, a Redis.
func (l *lab) prepare() (err error) {
	token, err := exec.CommandContext(l.ctx, l.library.Program, "token", "--role", "administrator", "--data", l.library.Data).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	l.admin = strings.TrimSpace(string(token))
	patron, err := exec.CommandContext(l.ctx, l.library.Program, "token", "--role", "patron", "--card", l.cards[0], "--data", l.library.Data).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	l.patron = strings.TrimSpace(string(patron))
	for i := 0; i < len(l.library.IDs) && len(l.hot) < 2000; i += max(1, len(l.library.IDs)/2000) {
		l.hot = append(l.hot, l.library.IDs[i])
	}
	address, err := harness.FreeAddress()
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(address, ":")
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		return err
	}
	l.redis, err = harness.Start(l.ctx, l.dir, "redis", address, nil, redis, "--port", port, "--bind", "127.0.0.1", "--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru")
	return err
}

// labServer is a server whose patterns are switched, with the ways to what it depends on.
type labServer struct {
	*harness.Process
	far
}

// server gives one with settings, at the present distance; it is started when it is first asked for.
func (l *lab) server(name string, env []string) (_ *labServer, err error) {
	if s := l.servers[name]; s != nil {
		return s, nil
	}
	s := &labServer{far: far{distance: l.distance}}
	defer func() {
		if err != nil {
			s.far.close()
		}
	}()
	data := filepath.Join(l.dir, name+l.distance.name)
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	settings := append([]string{"BOOKVAULT_DATABASE_EMBEDDED_DATA=" + data}, env...)
	if l.distance.delay > 0 { // nearer, the library gives a server its addresses, unless env has others
		to, err := s.postgres(l.library.Primary)
		if err != nil {
			return nil, err
		}
		settings = append(settings, "BOOKVAULT_DATABASE_PRIMARY="+to)
		if len(l.library.Replica) > 0 {
			if to, err = s.postgres(l.library.Replica[0]); err != nil {
				return nil, err
			}
			settings = append(settings, "BOOKVAULT_DATABASE_REPLICAS="+to)
		}
	}
	for i, e := range settings {
		if e == "BOOKVAULT_CACHE_REMOTE=redis" {
			to, err := s.tcp(l.redis.Address)
			if err != nil {
				return nil, err
			}
			settings[i] = "BOOKVAULT_CACHE_REMOTE=redis://" + to
		}
	}
	if s.Process, err = l.library.Serve(l.ctx, strings.ReplaceAll(name+"-"+l.distance.name, " ", ""), settings...); err != nil {
		return nil, err
	}
	l.servers[name] = s
	return s, nil
}

func (l *lab) stopServers() {
	for _, s := range l.servers {
		s.Stop()
		s.far.close()
	}
	clear(l.servers)
}

// turn switches patterns of a running server.
func (l *lab) turn(s *labServer, on bool, patterns ...string) error {
	for _, p := range patterns {
		status, text, err := l.call(s.Process, "PUT", "/api/ops/v1/patterns/"+p, l.admin, fmt.Sprintf(`{"enabled": %v}`, on))
		if err != nil || status != 200 {
			return fmt.Errorf("switch %s: %d %s (%v)", p, status, text, err)
		}
	}
	return nil
}
