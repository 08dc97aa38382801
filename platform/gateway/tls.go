package gateway

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// TLSSettings say how connections are encrypted: with a certificate from files, or with one that is fetched by ACME. Neither: they are not.
type TLSSettings struct {
	Certificate, Key string        // PEM files; they are read again when they change
	Hosts            []string      // names to fetch certificates for by ACME
	Email            string        // that the authority writes to; may be empty
	Directory        string        // of the authority (a URL); empty: Let's Encrypt
	Folder           string        // where what was fetched is kept
	HSTS             time.Duration // for how long browsers shall come by TLS only; 0: they are not told
}

// On tells whether connections are encrypted here.
func (s TLSSettings) On() bool { return s.Certificate != "" || len(s.Hosts) > 0 }

// config makes what crypto/tls works with: TLS 1.2 or newer with the ciphers that Go holds to be good, and HTTP/2.
// It gives the files too, nil where there are none.
func (s TLSSettings) config(log *slog.Logger) (*tls.Config, *certificateFiles, error) {
	if s.Certificate != "" {
		files := &certificateFiles{certificate: s.Certificate, key: s.Key, log: log}
		if err := files.load(); err != nil {
			return nil, nil, err
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: files.get}, files, nil
	}
	manager := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(s.Folder), HostPolicy: autocert.HostWhitelist(s.Hosts...), Email: s.Email}
	if s.Directory != "" {
		manager.Client = &acme.Client{DirectoryURL: s.Directory}
	}
	c := manager.TLSConfig() // with acme-tls/1: the authority looks at this very address, which must be reachable at port 443
	c.MinVersion = tls.VersionTLS12
	return c, nil, nil
}

// lookAgain is how often the files are looked at for a change, at most; it happens when somebody connects.
const lookAgain = time.Second

// certificateFiles is a certificate that follows its files. A pair that cannot be used leaves the one before in place, and is said.
type certificateFiles struct {
	certificate, key string
	log              *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	changed [2]time.Time // of the files, as they were read
	tried   [2]time.Time // the same, also of files that could not be used
	looked  time.Time
}

// get gives the certificate for a connection.
func (c *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookAgain {
		c.looked = now
		if times, err := c.times(); err == nil && times != c.changed && times != c.tried {
			c.tried = times
			if err := c.read(times); err != nil {
				c.log.Error("the new TLS certificate cannot be used; the one before goes on", "certificate", c.certificate, "error", err)
			} else {
				c.log.Info("the TLS certificate was read again", "certificate", c.certificate, "until", c.pair.Leaf.NotAfter)
			}
		}
	}
	return c.pair, nil
}

func (c *certificateFiles) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	times, err := c.times()
	if err == nil {
		err = c.read(times)
	}
	return err
}

func (c *certificateFiles) times() (t [2]time.Time, err error) {
	for i, name := range []string{c.certificate, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return t, fmt.Errorf("look at the TLS certificate: %w", err)
		}
		t[i] = info.ModTime()
	}
	return t, nil
}

func (c *certificateFiles) read(times [2]time.Time) error {
	pair, err := tls.LoadX509KeyPair(c.certificate, c.key)
	if err != nil {
		return fmt.Errorf("read the TLS certificate: %w", err)
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return fmt.Errorf("the TLS certificate in %s has been invalid since %s", c.certificate, pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	c.pair, c.changed, c.tried = &pair, times, times
	return nil
}

// serve answers on the listener, by TLS where it is on.
func (s *Server) serve() error {
	if !s.encrypted {
		return s.server.Serve(s.listener)
	}
	return s.server.ServeTLS(s.listener, "", "")
}

// Encrypted tells whether connections are encrypted here.
func (s *Server) Encrypted() bool { return s.encrypted }
