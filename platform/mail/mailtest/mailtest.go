// Package mailtest gives tests a real mail server in their own process: it speaks SMTP with STARTTLS and sign-in, keeps what it
// accepts, and answers as a test tells it to.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	bookvaultmail "bookvault/platform/mail"
)

// The account of the server.
const (
	Username = "library"
	Password = "a password that is in no log"
)

// Mail is what the server accepted.
type Mail struct {
	From, To string // of the envelope
	Header   mail.Header
	Subject  string
	Body     string
}

// Server is a mail server on 127.0.0.1.
type Server struct {
	Host  string
	Port  int
	Roots *x509.CertPool // by which its certificate is believed

	lock     sync.Mutex
	accepted []Mail
	refuse   func(to string) error
	hangUp   bool
	signedIn int
	opened   int
}

// New starts a server, which ends with the test. It wants STARTTLS and the account before it takes mail.
func New(t testing.TB) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Roots: x509.NewCertPool()}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.opened++
		return &session{server: s, conn: c}, nil
	}))
	server.Domain, server.ErrorLog = "mail.test", silent{}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t, s.Roots)}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with the listener
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return s
}

// Settings are those of a sender to this server.
func (s *Server) Settings() bookvaultmail.Settings {
	return bookvaultmail.Settings{Host: s.Host, Port: s.Port, Username: Username, Password: Password, TLS: bookvaultmail.StartTLS,
		From: "library@bookvault.test", FromName: "Stadtbücherei", Timeout: 5 * time.Second, Roots: s.Roots}
}

// Accepted gives what was accepted, in order.
func (s *Server) Accepted() []Mail {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]Mail(nil), s.accepted...)
}

// Connections tells how often a client connected, and how often one signed in.
func (s *Server) Connections() (opened, signedIn int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.opened, s.signedIn
}

// Refuse has the server answer the recipients of mail with a code of three digits and words, as long as code is not 0.
func (s *Server) Refuse(code int, words string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.refuse = nil
	if code != 0 {
		s.refuse = func(to string) error {
			return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "<" + to + ">: " + words}
		}
	}
}

// HangUp has the server take mail and end the connection before it says so.
func (s *Server) HangUp(on bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.hangUp = on
}

type session struct {
	server   *Server
	conn     *smtp.Conn
	from, to string
	signedIn bool
}

// AuthMechanisms are offered over TLS only.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth signs in.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != Username || password != Password {
			return smtp.ErrAuthFailed
		}
		s.server.lock.Lock()
		defer s.server.lock.Unlock()
		s.signedIn = true
		s.server.signedIn++
		return nil
	}), nil
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt takes a recipient, or refuses it.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.lock.Lock()
	defer s.server.lock.Unlock()
	if s.server.refuse != nil {
		return s.server.refuse(to)
	}
	s.to = to
	return nil
}

// Data takes the mail.
func (s *session) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body := m.Body
	if strings.EqualFold(m.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(m.Body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	s.server.lock.Lock()
	defer s.server.lock.Unlock()
	s.server.accepted = append(s.server.accepted, Mail{From: s.from, To: s.to, Header: m.Header, Subject: subject, Body: strings.ReplaceAll(string(text), "\r\n", "\n")})
	if s.server.hangUp {
		return errors.Join(errors.New("hung up"), s.conn.Conn().Close())
	}
	return nil
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout ends the session.
func (s *session) Logout() error { return nil }

// silent is a log that nobody reads.
type silent struct{}

// Printf says nothing.
func (silent) Printf(string, ...any) {}

// Println says nothing.
func (silent) Println(...any) {}

// certificate makes one for 127.0.0.1, and has roots believe it.
func certificate(t testing.TB, roots *x509.CertPool) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wanted := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	raw, err := x509.CreateCertificate(rand.Reader, wanted, wanted, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(made)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}
