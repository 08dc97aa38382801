package borrowing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	noticesAtOnce = 1000             // rows that one transaction makes, cancels or deletes
	lettersAtOnce = 20               // letters that one step hands over, on one connection
	letterLease   = 10 * time.Minute // after which letters whose sender died are tried again; longer than any sending takes
	letterTries   = 10               // attempts of a letter that is put off: with the pauses between them about a day
	pauseLeast    = 2 * time.Minute
	pauseMost     = 6 * time.Hour
	failureLength = 500 // characters of a reason that are kept
)

// makeNotices makes the step that writes the due notices of a kind.
func (s *Service) makeNotices(kind NoticeKind) func(context.Context) (int, error) {
	n := s.settings.Notices
	due := DueNotices{Kind: kind, Every: max(1, n.OverdueEveryDays), Times: n.OverdueTimes}
	wanted := true
	switch kind {
	case NoticeDueSoon:
		due.Days, wanted = n.DueSoonDays, n.DueSoonDays > 0
	case NoticeOverdue:
		due.Days, wanted = max(1, n.OverdueFirstDays), n.OverdueTimes > 0
	case NoticeHoldExpiring:
		due.Days, wanted = n.HoldExpiringDays, n.HoldExpiringDays > 0
	}
	return func(ctx context.Context) (int, error) {
		if !wanted {
			return 0, nil
		}
		due := due
		due.Now = s.now()
		due.Today = s.Today(due.Now)
		due.Midnight = due.Now
		if end, ok := (due.Today - 1).EndOfDay(s.settings.Location); ok {
			due.Midnight = end.Add(time.Second)
		}
		return s.store.MakeNotices(ctx, due, noticesAtOnce)
	}
}

// cancelNotices settles what is no longer true, so that nobody is told of it: by letter now, or when a mailer is given later.
func (s *Service) cancelNotices(ctx context.Context) (int, error) {
	now := s.now()
	return s.store.CancelNotices(ctx, now, s.Today(now), noticesAtOnce)
}

// sendNotices hands over some letters and writes what became of them; it gives the number of notices that are settled by it. The
// lease keeps other processes off; a letter that was accepted before a crash goes out again after it, under the same id.
func (s *Service) sendNotices(ctx context.Context) (settled int, err error) {
	mailer := s.settings.Notices.Mailer
	if mailer == nil {
		return 0, nil
	}
	now := s.now()
	notices, err := s.store.ClaimNotices(ctx, now, now.Add(letterLease), s.Today(now), lettersAtOnce)
	if err != nil || len(notices) == 0 {
		return 0, err
	}
	sending, stop := context.WithTimeout(ctx, letterLease/2)
	defer stop()
	done, letters, groups, err := s.address(sending, notices)
	var answers []Answer
	if err == nil && len(letters) > 0 {
		answers = mailer.Send(sending, letters)
	}
	blameless := err != nil
	for i, group := range groups {
		switch {
		case blameless, answers[i].Verdict == NoPost: // the letter is not to blame: it goes with the next round
			done = append(done, Delivery{IDs: idsOf(group), Status: NoticeWaiting, Next: now.Add(time.Second), Failure: group[0].Failure})
			if err == nil {
				err = errors.New(answers[i].Words)
			}
		default:
			done = append(done, s.outcome(letters[i], group, answers[i]))
		}
	}
	// What was accepted is written also when the server is just stopping.
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if failed := s.store.SettleNotices(writing, done); failed != nil || err != nil {
		return 0, errors.Join(err, failed)
	}
	return len(notices), nil
}

// address writes the letters of notices, those of one letter together. Notices to members without an address are done: they failed,
// and the desk sees them. After an error groups still says what was claimed.
func (s *Service) address(ctx context.Context, notices []Notice) (done []Delivery, letters []Letter, groups [][]Notice, err error) {
	byLetter := map[string]int{}
	var members, books []int64
	for _, n := range notices {
		at, known := byLetter[n.Letter]
		if !known {
			at = len(groups)
			byLetter[n.Letter], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], n)
		members, books = append(members, n.MemberID), append(books, n.BookID)
	}
	people, err := s.members.MembersByID(ctx, compact(members))
	if err != nil {
		return nil, nil, groups, err
	}
	texts, err := s.titles.TitlesByID(ctx, compact(books))
	if err != nil {
		return nil, nil, groups, err
	}
	places, err := s.branchNames(ctx)
	if err != nil {
		return nil, nil, groups, err
	}
	var reachable [][]Notice
	for _, group := range groups {
		m := people[group[0].MemberID]
		if m.Email == "" {
			done = append(done, Delivery{IDs: idsOf(group), Status: NoticeFailed, At: s.now(), Failure: "The member has no e-mail address."})
			continue
		}
		letter, err := s.settings.Notices.compose(group, m, texts, places)
		if err != nil {
			return nil, nil, groups, err
		}
		letters, reachable = append(letters, letter), append(reachable, group)
	}
	return done, letters, reachable, nil
}

// outcome says what becomes of the notices of a letter: sent; given up, when it was refused for good or put off too often; else
// tried again after a pause that doubles, give or take a quarter, so that letters put off together do not come back together.
func (s *Service) outcome(letter Letter, group []Notice, answer Answer) Delivery {
	d := Delivery{IDs: idsOf(group), Status: NoticeSent, At: s.now()}
	if answer.Verdict == Accepted {
		return d
	}
	reason := []rune(strings.ToValidUTF8(strings.ReplaceAll(answer.Words, letter.To, "(the address)"), ""))
	d.Failure, d.Attempts = string(reason[:min(len(reason), failureLength)]), 1
	attempts := group[0].Attempts + 1
	if answer.Verdict == Refused || attempts >= letterTries {
		d.Status = NoticeFailed
		return d
	}
	pause := min(pauseMost, pauseLeast<<(attempts-1))
	d.Status, d.Next = NoticeWaiting, d.At.Add(pause*3/4+rand.N(pause/2))
	return d
}

// branchNames gives the names of the branches by their codes.
func (s *Service) branchNames(ctx context.Context) (map[string]string, error) {
	p, err := s.store.Policy(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the branches: %w", err)
	}
	names := make(map[string]string, len(p.Branches))
	for _, b := range p.Branches {
		names[b.Code] = b.Name
	}
	return names, nil
}

func idsOf(notices []Notice) []int64 {
	ids := make([]int64, len(notices))
	for i, n := range notices {
		ids[i] = n.ID
	}
	return ids
}

func compact(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}
