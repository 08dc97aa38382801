package borrowing_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/modules/borrowing"
)

// post stands for the mail server: it keeps what it accepts, and answers as told to.
type post struct {
	sync.Mutex
	letters []borrowing.Letter
	answer  func(borrowing.Letter) borrowing.Answer // nil: it accepts
}

// Send takes letters.
func (p *post) Send(_ context.Context, letters []borrowing.Letter) []borrowing.Answer {
	p.Lock()
	defer p.Unlock()
	answers := make([]borrowing.Answer, len(letters))
	for i, letter := range letters {
		if p.answer != nil {
			answers[i] = p.answer(letter)
		}
		if answers[i].Verdict == borrowing.Accepted {
			p.letters = append(p.letters, letter)
		}
	}
	return answers
}

func (p *post) take() []borrowing.Letter {
	p.Lock()
	defer p.Unlock()
	taken := p.letters
	p.letters = nil
	return taken
}

// withPost gives a library whose members 1 to n have addresses, and whose letters go to a post; nil leaves them waiting.
func withPost(t *testing.T, n int, p *post) *library {
	l := opened(t, n, func(s *borrowing.Settings) { // two days before; the 3rd day after, every week, twice; two days before
		s.Notices = borrowing.NoticeSettings{DueSoonDays: 2, OverdueFirstDays: 3, OverdueEveryDays: 7, OverdueTimes: 2, HoldExpiringDays: 2, Library: "Stadtbücherei", Language: "en"}
		if p != nil {
			s.Notices.Mailer = p
		}
	})
	for i := int64(1); i <= int64(n); i++ {
		l.people.change(i, func(m *borrowing.Member) { m.Email = fmt.Sprintf("m%d@example.org", i) })
	}
	return l
}

// on moves the clock to ten in the morning of a day in Berlin.
func (l *library) on(month time.Month, day int) {
	now := l.clock.read()
	l.clock.move(time.Date(2026, month, day, 10, 0, 0, 0, now.Location()).Sub(now))
}

func (l *library) noticesOf(member int64) (list []string) {
	l.t.Helper()
	views, _, err := l.Notices(desk(), fmt.Sprintf("C%d", member), borrowing.NoticeFilter{Limit: 100})
	must(l.t, err)
	for _, v := range views {
		list = append(list, fmt.Sprintf("%s %s %s", v.Kind, v.On, v.Status))
	}
	return list
}

func expectNotices(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("notices %q, want %q", got, want)
	}
}

func TestALoanThatIsDueSoonIsTold(t *testing.T) {
	p := &post{}
	l := withPost(t, 2, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1") // due on Monday, 23 March
	for day := 3; day <= 20; day++ {
		l.on(3, day)
		l.keepHouse()
	}
	if got := p.take(); len(got) != 0 {
		t.Fatalf("told too soon: %v", got)
	}
	l.on(3, 21)
	for range 3 {
		l.keepHouse()
	}
	got := p.take()
	if len(got) != 1 || got[0].To != "m1@example.org" || got[0].Language != "en" || got[0].Subject != "Stadtbücherei: due back soon" ||
		!strings.Contains(got[0].Body, "Title 1\n  due on Monday, 23 March 2026\n") || !strings.Contains(got[0].Body, "Dear Member 1,") {
		t.Fatalf("letters %+v", got)
	}
	expectNotices(t, l.noticesOf(1), "due_soon 2026-03-23 sent")
}

func TestANoticeThatIsNoLongerTrueIsNotSent(t *testing.T) {
	for what, change := range map[string]func(*library, borrowing.Lent){
		"returned": func(l *library, _ borrowing.Lent) { l.checkIn("B1", "main") },
		"renewed": func(l *library, lent borrowing.Lent) {
			_, err := l.Renew(desk(), lent.ID, borrowing.Override{}, borrowing.Order{})
			must(l.t, err)
		},
		"past": func(l *library, _ borrowing.Lent) { l.on(3, 24) },
	} {
		t.Run(what, func(t *testing.T) {
			l := withPost(t, 1, nil)
			l.add("B1", 1)
			lent := l.mustLend("C1", "B1")
			l.on(3, 22)
			l.keepHouse()
			expectNotices(t, l.noticesOf(1), "due_soon 2026-03-23 waiting")
			change(l, lent)
			if views, _, err := l.Notices(desk(), "", borrowing.NoticeFilter{Limit: 10}); err != nil || len(views) != 0 {
				t.Errorf("the desk still sees %v, %v", views, err)
			}
			// A mail server is given only now.
			p := &post{}
			later := l.with(func(s *borrowing.Settings) { s.Notices.Mailer = p })
			later.keepHouse()
			if got := p.take(); len(got) != 0 {
				t.Errorf("sent %+v", got)
			}
			expectNotices(t, l.noticesOf(1), "due_soon 2026-03-23 cancelled")
		})
	}
}

func TestAnOverdueLoanIsToldAgainUntilItComesBack(t *testing.T) {
	p := &post{}
	l := withPost(t, 1, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1") // due on 23 March
	told := map[string]int{}
	for day := 23; day <= 60; day++ {
		l.on(3, day)
		for range 2 {
			l.keepHouse()
		}
		for _, letter := range p.take() {
			if letter.Subject == "Stadtbücherei: overdue" {
				told[l.Today(l.clock.read()).String()]++
			}
		}
	}
	if fmt.Sprint(told) != "map[2026-03-26:1 2026-04-02:1]" {
		t.Errorf("told on %v", told)
	}
}

func TestAfterAPauseOneReminderGoesOutAndNotAllThatWereMissed(t *testing.T) {
	p := &post{}
	l := withPost(t, 1, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.on(5, 20)
	l.keepHouse()
	if got := p.take(); len(got) != 1 {
		t.Errorf("%d letters", len(got))
	}
	expectNotices(t, l.noticesOf(1), "overdue 2026-03-23 sent")
	l.on(6, 20)
	l.keepHouse()
	if got := p.take(); len(got) != 0 {
		t.Errorf("%d letters after the last one", len(got))
	}
}

func TestThingsOfOneKindGoInOneLetter(t *testing.T) {
	p := &post{}
	l := withPost(t, 2, p)
	for n := 1; n <= 3; n++ {
		l.add(fmt.Sprintf("B%d", n), n)
	}
	l.mustLend("C1", "B1")
	l.mustLend("C1", "B2")
	l.mustLend("C2", "B3")
	l.on(3, 21)
	l.keepHouse()
	got := p.take()
	if len(got) != 2 {
		t.Fatalf("%d letters", len(got))
	}
	for _, letter := range got {
		both := strings.Contains(letter.Body, "Title 1") && strings.Contains(letter.Body, "Title 2") && strings.Contains(letter.Body, "these loans")
		if (letter.To == "m1@example.org") != both || (letter.To == "m2@example.org") != strings.Contains(letter.Body, "Title 3") {
			t.Errorf("letter %+v", letter)
		}
	}
}

func TestAHoldThatIsReadyIsToldWithItsChange(t *testing.T) {
	p := &post{}
	l := withPost(t, 3, p)
	l.people.change(2, func(m *borrowing.Member) { m.Language = "vi-VN" })
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.hold(2, 1, "east")
	l.checkIn("B1", "main") // on its way
	l.keepHouse()
	if got := p.take(); len(got) != 0 {
		t.Fatalf("told on the way: %+v", got)
	}
	l.checkIn("B1", "east") // until Monday, 9 March
	expectNotices(t, l.noticesOf(2), "hold_ready 2026-03-09 waiting")
	l.checkIn("B1", "east")
	for range 2 {
		l.keepHouse()
	}
	got := p.take()
	if len(got) != 1 || got[0].To != "m2@example.org" || got[0].Language != "vi" || !strings.Contains(got[0].Body, "nhận tại East, đến hết thứ Hai, ngày 9 tháng 3 năm 2026") {
		t.Fatalf("letters %+v", got)
	}
	if text := got[0].Subject + got[0].Body; strings.Contains(text, "Member 1") || strings.Contains(got[0].Subject, "Title") {
		t.Errorf("the letter says too much: %s", text)
	}
	l.on(3, 7)
	for range 2 {
		l.keepHouse()
	}
	if got := p.take(); len(got) != 1 || !strings.Contains(got[0].Subject, "sắp hết hạn giữ") {
		t.Fatalf("letters %+v", got)
	}
	expectNotices(t, l.noticesOf(2), "hold_expiring 2026-03-09 sent", "hold_ready 2026-03-09 sent")
}

func TestACopyThatIsFetchedBeforeTheLetterGoesNeedsNoLetter(t *testing.T) {
	p := &post{}
	l := withPost(t, 2, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.hold(2, 1, "main")
	l.checkIn("B1", "main")
	l.mustLend("C2", "B1")
	l.keepHouse()
	if got := p.take(); len(got) != 0 {
		t.Errorf("letters %+v", got)
	}
	expectNotices(t, l.noticesOf(2), "hold_ready 2026-03-09 cancelled")
}

func TestALetterThatIsPutOffIsTriedAgainWithTheSameName(t *testing.T) {
	var names []string
	p := &post{}
	p.answer = func(letter borrowing.Letter) borrowing.Answer {
		names = append(names, letter.ID)
		return borrowing.Answer{Verdict: borrowing.PutOff, Words: "451 4.3.0 <m1@example.org> come back later"}
	}
	l := withPost(t, 1, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.on(3, 21)
	l.keepHouse()
	l.keepHouse()
	if len(names) != 1 {
		t.Fatalf("tried %d times at once", len(names))
	}
	view := l.openNotices()[0]
	if view.Attempts != 1 || view.Failure != "451 4.3.0 <(the address)> come back later" {
		t.Errorf("notice %+v", view.Notice)
	}
	var pauses []time.Duration
	last := l.clock.read()
	for range 6 * 24 * 2 {
		l.clock.move(10 * time.Minute)
		before := len(names)
		l.keepHouse()
		if now := l.clock.read(); len(names) > before {
			pauses, last = append(pauses, now.Sub(last)), now
		}
		if len(l.openNotices()) > 0 && l.openNotices()[0].Status == borrowing.NoticeFailed {
			break
		}
	}
	if len(names) != 10 || names[0] == "" || names[0] != names[9] {
		t.Errorf("tried %d times as %v", len(names), names)
	}
	for i := 3; i < 7; i++ { // the first are shorter than the steps of this test
		if pauses[i] < pauses[i-1] {
			t.Errorf("pauses %v do not grow", pauses)
		}
	}
	p.answer = nil
	l.clock.move(time.Hour)
	l.keepHouse()
	if got := p.take(); len(got) != 0 {
		t.Error("a letter that was given up went out")
	}
}

func (l *library) openNotices() []borrowing.NoticeView {
	l.t.Helper()
	views, _, err := l.Notices(desk(), "", borrowing.NoticeFilter{Limit: 100})
	must(l.t, err)
	return views
}

func TestARefusedLetterFailsAndTheDeskTells(t *testing.T) {
	p := &post{answer: func(borrowing.Letter) borrowing.Answer {
		return borrowing.Answer{Verdict: borrowing.Refused, Words: "550 no such user"}
	}}
	l := withPost(t, 2, p)
	l.people.change(2, func(m *borrowing.Member) { m.Email = "" })
	l.add("B1", 1)
	l.add("B2", 2)
	l.mustLend("C1", "B1")
	l.mustLend("C2", "B2")
	l.on(3, 21)
	l.keepHouse()
	views := l.openNotices()
	if len(views) != 2 || views[0].Failure != "The member has no e-mail address." || views[1].Failure != "550 no such user" || views[1].Status != borrowing.NoticeFailed {
		t.Fatalf("open %+v", views)
	}
	for range 2 {
		told, err := l.NoticeTold(desk(), views[1].ID, borrowing.Order{})
		if must(t, err); told.Status != borrowing.NoticeTold || told.SettledAt == nil {
			t.Errorf("told %+v", told)
		}
	}
	if left := l.openNotices(); len(left) != 1 || left[0].ID != views[0].ID {
		t.Errorf("left %+v", left)
	}
	if _, err := l.NoticeTold(patron(1), views[0].ID, borrowing.Order{}); code(err) != "role_needed" {
		t.Error(err)
	}
	if _, err := l.NoticeTold(desk(), 999999, borrowing.Order{}); code(err) != "notice_not_found" {
		t.Error(err)
	}
}

func TestAnUnreachableMailServerCostsNoAttempt(t *testing.T) {
	p := &post{answer: func(borrowing.Letter) borrowing.Answer {
		return borrowing.Answer{Verdict: borrowing.NoPost, Words: "connection refused"}
	}}
	l := withPost(t, 1, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.on(3, 21)
	for range 20 {
		if err := l.tryKeepHouse(); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Fatalf("housekeeping hides that no letter can be sent: %v", err)
		}
		l.clock.move(time.Minute)
	}
	if open := l.openNotices(); len(open) != 1 || open[0].Attempts != 0 || open[0].Status != borrowing.NoticeWaiting {
		t.Errorf("open %+v", open)
	}
	p.answer = nil
	l.keepHouse()
	if got := p.take(); len(got) != 1 {
		t.Errorf("%d letters", len(got))
	}
}

func TestALetterAcceptedBeforeACrashIsKnownAgainByItsName(t *testing.T) {
	p := &post{}
	l := withPost(t, 1, p)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.on(3, 21)
	crash := true
	p.answer = func(borrowing.Letter) borrowing.Answer {
		if crash {
			panic("the process dies after the server took the letter")
		}
		return borrowing.Answer{}
	}
	var first string
	if err := l.tryKeepHouse(); err == nil {
		t.Fatal("no crash")
	}
	first = l.openNotices()[0].Letter
	crash = false
	l.keepHouse()
	if got := p.take(); len(got) != 0 {
		t.Fatal("sent again while the lease held")
	}
	l.clock.move(11 * time.Minute)
	l.keepHouse()
	if got := p.take(); len(got) != 1 || first == "" || got[0].ID != first {
		t.Errorf("letters %+v, before %s", got, first)
	}
}

func TestTwoProcessesSendALetterOnce(t *testing.T) {
	p := &post{}
	l := withPost(t, 8, p)
	for n := 1; n <= 16; n++ {
		l.add(fmt.Sprintf("B%d", n), n)
		l.mustLend(fmt.Sprintf("C%d", (n+1)/2), fmt.Sprintf("B%d", n))
	}
	l.on(3, 21)
	atOnce(6, func(int) error { return l.tryKeepHouse() })
	l.keepHouse()
	if got := p.take(); len(got) != 8 {
		t.Errorf("%d letters to 8 members", len(got))
	}
	if n := l.count("borrowing.notices"); n != 16 {
		t.Errorf("%d notices of 16 loans", n)
	}
}

func TestANoticeIsForgottenWithItsBorrower(t *testing.T) {
	l := withPost(t, 1, nil)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.on(3, 21)
	l.keepHouse()
	l.checkIn("B1", "main")
	_, err := l.db.Pool().Exec(t.Context(), "DELETE FROM borrowing.borrower_refs")
	must(t, err)
	l.keepHouse()
	if n := l.count("borrowing.notices"); n != 0 {
		t.Errorf("%d notices are left", n)
	}
}
