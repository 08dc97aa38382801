// Package mail hands letters to a mail server by SMTP (RFC 5321), over TLS unless it is told otherwise. It keeps nothing: what a
// letter says, when it is tried again and when it is given up belongs to whoever writes it. Errors tell three things apart, since
// they call for different patience: Refused, Unreachable, and all others, by which a server puts a letter off.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// ErrRefused says that the server, or the letter's address, rules the letter out for good (5xx).
var ErrRefused = errors.New("the mail server refuses the letter for good")

// ErrUnreachable says that no letter could be handed over: the server does not answer, or does not let us in. It is not the
// letter's fault.
var ErrUnreachable = errors.New("the mail server cannot be used")

// The ways of encryption.
const (
	StartTLS = "starttls" // asked for after the greeting, and insisted on; usually port 587
	TLS      = "tls"      // from the first byte; usually port 465
	NoTLS    = "none"     // plain, for a server on the same machine
)

// Settings say where letters go.
type Settings struct {
	Host     string
	Port     int
	Username string // "": the server wants none
	Password string
	TLS      string         // StartTLS, TLS or NoTLS
	From     string         // sender's address, with or without a name
	FromName string         // stands in where From has no name
	Timeout  time.Duration  // for connecting, and for each letter; 15 s
	Roots    *x509.CertPool // whom we believe that the server is itself; nil: the system's
}

// Letter is one e-mail to one person, in plain text.
type Letter struct {
	ID       string // the same whenever it is sent again: it becomes the Message-ID, by which a receiver can know it again
	To       string
	Name     string
	Language string // a BCP 47 tag
	Subject  string
	Body     string
}

// Sender hands letters to one mail server. It may be used from several goroutines.
type Sender struct {
	client *gomail.Client
	from   mail.Address
	domain string
}

// New makes a sender. It does not connect.
func New(s Settings) (*Sender, error) {
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return nil, fmt.Errorf("read the sender's address %q: %w", s.From, err)
	}
	if from.Name == "" {
		from.Name = s.FromName
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	if s.Timeout <= 0 {
		s.Timeout = 15 * time.Second
	}
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(s.Timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12})}
	switch s.TLS {
	case TLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up sending mail by %s: %w", s.Host, err)
	}
	return &Sender{client: client, from: *from, domain: domain}, nil
}

// Send hands letters over, one after the other on one connection, and gives for each nil once the server has taken the
// responsibility for it, or an error: ErrRefused, ErrUnreachable, or another when it may be accepted later. The errors hold what the
// server said, and so perhaps the address.
func (s *Sender) Send(ctx context.Context, letters []Letter) []error {
	each := make([]error, len(letters))
	conn, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		for i := range each {
			each[i] = fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return each
	}
	defer func() { _ = s.client.CloseWithSMTPClient(conn) }() // every letter has its answer already
	for i, letter := range letters {
		if err := ctx.Err(); err != nil {
			each[i] = fmt.Errorf("%w: %w", ErrUnreachable, err)
			continue
		}
		each[i] = s.send(conn, letter)
	}
	return each
}

// Check connects and signs in as Send does, and sends nothing: ErrUnreachable, or nil.
func (s *Sender) Check(ctx context.Context) error {
	conn, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	_ = s.client.CloseWithSMTPClient(conn)
	return nil
}

func (s *Sender) send(conn *smtp.Client, letter Letter) error {
	m, err := s.message(letter)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	err = s.client.SendWithSMTPClient(conn, m)
	if err == nil || m.IsDelivered() { // what goes wrong after the server took it is of no account
		return nil
	}
	return sorted(err)
}

// message makes the mail of a letter. An error says that its address cannot be one.
func (s *Sender) message(letter Letter) (*gomail.Msg, error) {
	to, err := mail.ParseAddress("<" + letter.To + ">")
	if err != nil {
		return nil, err
	}
	to.Name = letter.Name
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(&s.from) // as parsed addresses: the library would put names between quotes as they are
	m.ToMailAddress(to)
	m.Subject(letter.Subject)
	m.SetDate()
	m.SetMessageIDWithValue(letter.ID + "@" + s.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday answers, please
	m.SetGenHeader("Content-Language", letter.Language)
	m.SetBodyString(gomail.TypeTextPlain, letter.Body)
	return m, nil
}

// sorted tells what an error of one letter means. A sender who is turned away is turned away with every letter.
func sorted(err error) error {
	said, isReply := errors.AsType[*gomail.SendError](err)
	switch {
	case !isReply:
		return err
	case said.Reason == gomail.ErrConnCheck:
		err = fmt.Errorf("%w: %s", ErrUnreachable, said)
	case said.ErrorCode() >= 500 && said.Reason == gomail.ErrSMTPMailFrom:
		err = fmt.Errorf("%w: %s", ErrUnreachable, words(said))
	case said.ErrorCode() >= 500:
		err = fmt.Errorf("%w: %s", ErrRefused, words(said))
	default:
		err = errors.New(words(said))
	}
	return err
}

// words are the server's own, without the recipient and the id that the library adds.
func words(e *gomail.SendError) string {
	text, _, _ := strings.Cut(e.Error(), ", affected recipient(s)")
	text, _, _ = strings.Cut(text, ", affected message ID")
	return text
}
