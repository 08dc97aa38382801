package mail_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"

	"bookvault/platform/mail"
	"bookvault/platform/mail/mailtest"
)

func sender(t *testing.T, s mail.Settings) *mail.Sender {
	t.Helper()
	made, err := mail.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func letter(id, to string) mail.Letter {
	return mail.Letter{ID: id, To: to, Name: "Nguyễn, Thị \"Ánh\"", Language: "vi", Subject: "Thư viện: đã quá hạn trả", Body: "Kính gửi Ánh,\n\n.\n\nhạn trả: thứ Hai\n"}
}

func TestLettersGoOverStartTLSAndOneConnection(t *testing.T) {
	server := mailtest.New(t)
	for _, err := range sender(t, server.Settings()).Send(t.Context(), []mail.Letter{letter("a", "anh@example.org"), letter("b", "binh@example.org")}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := server.Accepted()
	if len(got) != 2 || got[0].To != "anh@example.org" || got[1].To != "binh@example.org" || got[0].From != "library@bookvault.test" {
		t.Fatalf("accepted %+v", got)
	}
	if got[0].Subject != letter("", "").Subject || got[0].Body != letter("", "").Body {
		t.Errorf("subject %q, body %q", got[0].Subject, got[0].Body)
	}
	for name, want := range map[string]string{"Message-Id": "<a@bookvault.test>", "Auto-Submitted": "auto-generated", "Content-Language": "vi"} {
		if got[0].Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got[0].Header.Get(name), want)
		}
	}
	if to, err := got[0].Header.AddressList("To"); err != nil || to[0].Name != letter("", "").Name {
		t.Errorf("to %q, %v", to[0].Name, err)
	}
	if from, err := got[0].Header.AddressList("From"); err != nil || from[0].Name != "Stadtbücherei" {
		t.Errorf("from %v, %v", from, err)
	}
	if opened, signedIn := server.Connections(); opened > 2 || signedIn != 1 { // STARTTLS begins a new session
		t.Errorf("%d sessions, %d signed in", opened, signedIn)
	}
}

func TestWhatTheServerSaysOfALetter(t *testing.T) {
	server := mailtest.New(t)
	s := sender(t, server.Settings())
	send := func() error { return s.Send(t.Context(), []mail.Letter{letter("a", "anh@example.org")})[0] }
	is := func(err error, refused, unreachable bool) {
		t.Helper()
		if err == nil || errors.Is(err, mail.ErrRefused) != refused || errors.Is(err, mail.ErrUnreachable) != unreachable {
			t.Errorf("%v", err)
		}
	}
	server.Refuse(450, "mailbox busy")
	err := send()
	is(err, false, false)
	if !strings.Contains(err.Error(), "mailbox busy") || strings.Contains(err.Error(), "affected") {
		t.Errorf("words %q", err)
	}
	server.Refuse(550, "no such user")
	is(send(), true, false)
	server.Refuse(0, "")
	server.HangUp(true)
	is(send(), false, false) // nobody knows whether it was taken
	server.HangUp(false)
	if err := send(); err != nil {
		t.Fatal(err)
	}
	got := server.Accepted()
	if len(got) != 2 || got[0].Header.Get("Message-Id") != got[1].Header.Get("Message-Id") {
		t.Errorf("the receiver cannot know that it is the same letter: %+v", got)
	}
	is(s.Send(t.Context(), []mail.Letter{letter("a", "not an address")})[0], true, false)
	is(s.Send(t.Context(), []mail.Letter{letter("a", "x@example.org>\r\nRCPT TO:<y@example.org")})[0], true, false)
}

func TestAServerThatCannotBeUsedBlamesNoLetter(t *testing.T) {
	server := mailtest.New(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closed.Close() }()
	deaf := closed.Addr().(*net.TCPAddr).Port // it is connected to, and never says a word
	for what, change := range map[string]func(*mail.Settings){
		"nobody listens":              func(s *mail.Settings) { s.Port = 1 },
		"it never greets":             func(s *mail.Settings) { s.Port, s.Timeout = deaf, 100e6 },
		"its certificate is unknown":  func(s *mail.Settings) { s.Roots = x509.NewCertPool() },
		"it does not know us":         func(s *mail.Settings) { s.Password = "wrong" },
		"it wants us to sign in":      func(s *mail.Settings) { s.Username = "" },
		"it does not begin with TLS":  func(s *mail.Settings) { s.TLS = mail.TLS },
		"we would tell all in public": func(s *mail.Settings) { s.TLS = mail.NoTLS },
	} {
		t.Run(what, func(t *testing.T) {
			settings := server.Settings()
			change(&settings)
			for _, err := range sender(t, settings).Send(t.Context(), []mail.Letter{letter("a", "anh@example.org"), letter("b", "anh@example.org")}) {
				if !errors.Is(err, mail.ErrUnreachable) || strings.Contains(err.Error(), mailtest.Password) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender(t, server.Settings()).Send(ended, []mail.Letter{letter("a", "anh@example.org")})[0]; !errors.Is(err, mail.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	if got := server.Accepted(); len(got) != 0 {
		t.Errorf("accepted %+v", got)
	}
}
