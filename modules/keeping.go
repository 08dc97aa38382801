package modules

import (
	"context"
	"fmt"
	"time"

	"bookvault/platform/config"
	"bookvault/platform/doctor"
)

// kept tells in a few lines what the library holds that says who borrowed, or who looked at whose account.
func (l *Library) kept(ctx context.Context, settings *config.Config) ([]doctor.Keeping, error) {
	loans, err := l.Borrowing.Kept(ctx)
	if err != nil {
		return nil, err
	}
	people, err := l.Members.Kept(ctx)
	if err != nil {
		return nil, err
	}
	oldest := "none of a loan that is over"
	if loans.Oldest != nil {
		oldest = "the oldest of a loan returned on " + loans.Oldest.String()
	}
	mend := ""
	if loans.Late {
		mend = "some should be gone: let the server run, and look at the step borrowers of housekeeping in /readyz and the log"
	}
	notices, err := l.notices(ctx, settings)
	if err != nil {
		return nil, err
	}
	return []doctor.Keeping{
		{Subject: "privacy", Says: fmt.Sprintf("%d links from loans and holds to members, %d of them over, %s; cut %s after the return (borrowing.privacy.retention); %d members keep a history",
			loans.Links, loans.Closed, oldest, days(settings.Borrowing.Privacy.Retention), people.Historians), Mend: mend},
		{Subject: "privacy", Says: fmt.Sprintf("%d answers to repeated commands, kept 30 days at most; %d messages in the outbox; %d entries of the audit, kept %s",
			loans.Answers, loans.Messages, people.Audit, days(people.AuditFor))},
		notices,
	}, nil
}

// days writes whole days as such.
func days(d time.Duration) string {
	if d > 0 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}
