package modules

import (
	"context"
	"errors"
	"fmt"

	"bookvault/modules/borrowing"
	"bookvault/platform/config"
	"bookvault/platform/doctor"
	"bookvault/platform/mail"
)

// postOffice answers borrowing's wish to send letters; nil when no mail server is configured.
func postOffice(c *config.Config) (borrowing.Mailer, error) {
	if c.Notices.SMTP.Host == "" {
		return nil, nil
	}
	sender, err := mail.New(mailSettings(c))
	if err != nil {
		return nil, err
	}
	return letterbox{sender}, nil
}

// letterbox carries borrowing's letters to the mail server, and what it says of them back.
type letterbox struct{ sender *mail.Sender }

// Send hands letters over.
func (l letterbox) Send(ctx context.Context, letters []borrowing.Letter) []borrowing.Answer {
	list := make([]mail.Letter, len(letters))
	for i, letter := range letters {
		list[i] = mail.Letter(letter)
	}
	answers := make([]borrowing.Answer, len(letters))
	for i, err := range l.sender.Send(ctx, list) {
		switch {
		case err == nil:
			continue
		case errors.Is(err, mail.ErrRefused):
			answers[i].Verdict = borrowing.Refused
		case errors.Is(err, mail.ErrUnreachable):
			answers[i].Verdict = borrowing.NoPost
		default:
			answers[i].Verdict = borrowing.PutOff
		}
		answers[i].Words = err.Error()
	}
	return answers
}

// notices tells the doctor whether members can be told what they are to hear.
func (l *Library) notices(ctx context.Context, c *config.Config) (doctor.Keeping, error) {
	count, err := l.Borrowing.CountNotices(ctx)
	if err != nil {
		return doctor.Keeping{}, err
	}
	open := fmt.Sprintf("%d notices wait, %d failed", count.Waiting, count.Failed)
	if c.Notices.SMTP.Host == "" {
		return doctor.Keeping{Subject: "notices", Says: "no letters are sent (notices.smtp.host is empty): " + open + ", for the desk to tell"}, nil
	}
	sender, err := mail.New(mailSettings(c))
	if err == nil {
		err = sender.Check(ctx)
	}
	k := doctor.Keeping{Subject: "notices", Says: fmt.Sprintf("letters go out by %s; %s", c.Notices.SMTP.Host, open)}
	switch {
	case err != nil:
		k.Says, k.Mend = fmt.Sprintf("no letters can be sent by %s: %v; %s", c.Notices.SMTP.Host, err, open), "correct notices.smtp, or start that server; letters go out by themselves then"
	case count.Failed > 0:
		k.Mend = "the desk tells those members: GET /api/borrowing/v1/notices says what, and why it failed"
	}
	return k, nil
}
