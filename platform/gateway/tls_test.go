package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a pair of files for 127.0.0.1, and gives a client that believes it.
func certificate(t *testing.T, folder, name string, from time.Time) (pem1, key1 string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"library.test"},
		NotBefore: from, NotAfter: from.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pem1, key1 = filepath.Join(folder, "tls.pem"), filepath.Join(folder, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(pem1, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key1, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pem1, key1, pool
}

func encryptedClient(pool *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{ForceAttemptHTTP2: true, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "library.test"}}}
}

func TestACertificateFollowsItsFiles(t *testing.T) {
	folder := t.TempDir()
	file, key, pool := certificate(t, folder, "first", time.Now().Add(-time.Minute))
	server := testServer(t, func(s *ServerSettings) { s.TLS = TLSSettings{Certificate: file, Key: key} })
	server.Serve(Chain(http.HandlerFunc(ok), chainSettings(func(s *Settings) { s.HSTS = time.Hour })), nil)
	ask := func(pool *x509.CertPool) (name string, answer *http.Response, err error) {
		answer, err = encryptedClient(pool).Get("https://" + server.Address() + "/")
		if err != nil {
			return "", nil, err
		}
		defer func() { _ = answer.Body.Close() }()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.TLS.PeerCertificates[0].Subject.CommonName, answer, nil
	}
	name, answer, err := ask(pool)
	if err != nil || name != "first" || answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") != "max-age=3600" {
		t.Fatalf("%s %+v %v", name, answer, err)
	}
	look := func() { // as after a second
		server.files.mu.Lock()
		server.files.looked = time.Time{}
		server.files.mu.Unlock()
	}
	later := time.Now().Add(time.Second)
	if err := os.WriteFile(file, []byte("half a certif"), 0o600); err != nil { // a renewal that was interrupted
		t.Fatal(err)
	}
	_ = os.Chtimes(file, later, later)
	look()
	if name, _, err := ask(pool); err != nil || name != "first" {
		t.Errorf("with broken files: %s %v", name, err)
	}
	_, _, renewed := certificate(t, folder, "second", time.Now().Add(-time.Minute))
	later = later.Add(time.Second)
	_ = os.Chtimes(file, later, later)
	_ = os.Chtimes(key, later, later)
	look()
	if name, _, err := ask(renewed); err != nil || name != "second" {
		t.Errorf("renewed: %s %v", name, err)
	}
	if _, err := tls.Dial("tcp", server.Address(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestATLSThatCannotWorkIsRefusedAtTheStart(t *testing.T) {
	folder := t.TempDir()
	file, key, _ := certificate(t, folder, "old", time.Now().Add(-48*time.Hour))
	for _, s := range []TLSSettings{{Certificate: file, Key: key}, {Certificate: file, Key: file}, {Certificate: filepath.Join(folder, "none"), Key: key}} {
		settings := ServerSettings{MaxConnections: 1, Logger: discard, TLS: s}
		if _, err := Listen("127.0.0.1:0", settings); err == nil || !strings.Contains(err.Error(), "TLS certificate") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestPlainTextIsNotToldToStayEncrypted(t *testing.T) {
	tests := []struct {
		peer, proto string
		want        string
	}{{"192.0.2.9:5000", "https", ""}, {"10.0.0.1:5000", "http", ""}, {"10.0.0.1:5000", "https", "max-age=3600"}}
	for _, test := range tests {
		r, _ := http.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-Proto", test.proto)
		w, _ := through(t, r, ok, func(s *Settings) { s.HSTS = time.Hour })
		if got := w.Header().Get("Strict-Transport-Security"); got != test.want {
			t.Errorf("%s by %s: %q", test.peer, test.proto, got)
		}
	}
}

func TestACMEAsksForNamesThatWereGivenOnly(t *testing.T) {
	c, _, err := TLSSettings{Hosts: []string{"library.test"}, Folder: t.TempDir(), Directory: "http://127.0.0.1:1/none"}.config(discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetCertificate(&tls.ClientHelloInfo{ServerName: "other.test"}); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("another name: %v", err)
	}
	if c.MinVersion != tls.VersionTLS12 || !strings.Contains(strings.Join(c.NextProtos, " "), "acme-tls/1") {
		t.Errorf("%d %v", c.MinVersion, c.NextProtos)
	}
}
