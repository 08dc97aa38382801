package program_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
)

// A certificate is fetched from an authority by ACME, here Let's Encrypt's own test server (Pebble), when the first client asks for the
// name; it is kept in the data folder, and the next process serves it without asking.
func TestACertificateIsFetchedByACME(t *testing.T) {
	const name = "library.example.org"
	h := housed(t)
	at := freePort(t)
	directory, trusted := authority(t, at)
	environ := append(h.environ, "SSL_CERT_FILE="+trusted)
	settings := []string{"--address", at, "--set", "server.tls.acme_hosts=" + name, "--set", "server.tls.acme_directory=" + directory}
	s := serve(t, h.home, environ, settings...)
	first := greeted(t, at, name)
	if err := first.VerifyHostname(name); err != nil || !strings.HasPrefix(first.Issuer.CommonName, "Pebble Intermediate CA") {
		t.Fatalf("issued by %s: %v", first.Issuer, err)
	}
	if c, err := tls.Dial("tcp", at, &tls.Config{ServerName: "elsewhere.example.org", InsecureSkipVerify: true}); err == nil {
		_ = c.Close()
		t.Error("a name that was not given has a certificate too")
	}
	s.interrupt(t)
	serve(t, h.home, environ, settings...)
	if again := greeted(t, at, name); !again.Equal(first) {
		t.Error("the next process has another certificate")
	}
}

// greeted gives the certificate by which a name is served, over HTTP/2.
func greeted(t *testing.T, address, name string) *x509.Certificate {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{ServerName: name, InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("answered %d over %s with %v", answer.StatusCode, answer.Proto, answer.Header)
	}
	return answer.TLS.PeerCertificates[0]
}

// authority starts Pebble, which looks for every name at an address, and gives its directory and the file of a certificate that vouches for
// its own.
func authority(t *testing.T, at string) (directory, trusted string) {
	t.Helper()
	folder, names, listens := t.TempDir(), freePort(t), freePort(t)
	dns, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{names}, Log: log.New(io.Discard, "", 0)})
	if err != nil {
		t.Fatal(err)
	}
	dns.SetDefaultDNSIPv4("127.0.0.1")
	dns.SetDefaultDNSIPv6("")
	go dns.Run()
	t.Cleanup(dns.Shutdown)
	pebble := filepath.Join(folder, "pebble")
	if said, err := exec.Command("go", "build", "-o", pebble, "github.com/letsencrypt/pebble/v2/cmd/pebble").CombinedOutput(); err != nil {
		t.Fatalf("build Pebble: %v: %s", err, said)
	}
	certificate, key := ownCertificate(t, folder)
	_, text, _ := net.SplitHostPort(at)
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{"listenAddress": listens, "managementListenAddress": freePort(t), "certificate": certificate, "privateKey": key,
		"httpPort": 1, "tlsPort": port, "profiles": map[string]any{"default": map[string]any{"description": "-", "validityPeriod": 7776000}}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "pebble.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	beside(t, []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"}, pebble, "-config", file, "-dnsserver", names)
	eventually(t, "Pebble answers", func() bool {
		c, err := net.DialTimeout("tcp", listens, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return "https://" + listens + "/dir", certificate
}

// ownCertificate makes one for this machine, and its key, as files.
func ownCertificate(t *testing.T, folder string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "authority.pem"), filepath.Join(folder, "authority-key.pem")
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}
