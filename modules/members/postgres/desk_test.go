package postgres_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

func TestACardThatWasReplacedStillFindsItsMember(t *testing.T) {
	l := open(t)
	desk, reader := l.member(t, "DESK", identity.Desk), l.member(t, "R1", identity.Patron)
	var told []int64
	l.OnChange(func(_ context.Context, id int64) { told = append(told, id) })
	for _, c := range []struct {
		reason string
		ends   bool
	}{{"damaged", false}, {"other", false}, {"lost", true}, {"stolen", true}} {
		before, _, err := l.ByCard(t.Context(), "R1")
		if err != nil {
			t.Fatal(err)
		}
		started, err := l.signIn(t, before.Card, password, "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		m, err := l.ReplaceCard(as(t.Context(), desk), before.Card, members.CardReplacement{Reason: c.reason}, "")
		if err != nil || m.ID != reader.ID || m.Card == before.Card || len(m.Card) != 14 {
			t.Fatalf("%s: %+v, %v", c.reason, m, err)
		}
		if again, replaced, err := l.ByCard(t.Context(), before.Card); err != nil || !replaced || again.Card != m.Card {
			t.Errorf("%s: the old card finds %+v, replaced %v, %v", c.reason, again, replaced, err)
		}
		if p, err := l.BySession(t.Context(), started.Token); err != nil || p.SignedIn() == c.ends {
			t.Errorf("%s: signed in afterwards: %v, %v", c.reason, p.SignedIn(), err)
		}
		if _, err := l.ReplaceCard(as(t.Context(), desk), before.Card, members.CardReplacement{Reason: c.reason}, ""); code(err) != "card_replaced" {
			t.Errorf("%s: the old card again: %v", c.reason, err)
		}
	}
	m, _, _ := l.ByCard(t.Context(), "R1")
	for what, r := range map[string]members.CardReplacement{
		"card_unchanged": {NewCard: m.Card, Reason: "other"}, "card_taken": {NewCard: "desk", Reason: "other"}, "invalid_request": {Reason: "mislaid"},
	} {
		if _, err := l.ReplaceCard(as(t.Context(), desk), m.Card, r, ""); code(err) != what {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(told) != 4 {
		t.Errorf("borrowing was told %d times", len(told))
	}
	if n := l.count(t, `SELECT count(*) FROM members.audit WHERE action = 'card_replaced' AND subject_id = $1 AND detail = 'stolen'`, reader.ID); n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

// A command that is sent again, with whatever came between, has one effect, and its answer is that of the first time.
func TestARepeatedCommandAnswersAsItDid(t *testing.T) {
	l := open(t)
	desk := l.member(t, "DESK", identity.Desk)
	l.member(t, "R1", identity.Patron)
	ctx := as(t.Context(), desk)
	var wait sync.WaitGroup
	answers := make(chan string, 8)
	for range 8 {
		wait.Go(func() {
			m, err := l.ReplaceCard(ctx, "R1", members.CardReplacement{Reason: "lost"}, "key")
			answers <- m.Card + code(err)
		})
	}
	wait.Wait()
	first, err := l.ReplaceCard(ctx, "R1", members.CardReplacement{Reason: "lost"}, "key")
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if got := <-answers; got != first.Card && got != "idempotency_in_progress" {
			t.Errorf("answered %s, want %s", got, first.Card)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.cards`); n != 3 {
		t.Errorf("%d cards, want the desk's and two of the reader's", n)
	}
	l.clock.advance(time.Hour)
	name := "Renamed"
	if _, err := l.Edit(ctx, "R1", members.Change{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if again, err := l.ReplaceCard(ctx, "R1", members.CardReplacement{Reason: "lost"}, "key"); err != nil || again.Name != first.Name || again.Version != first.Version {
		t.Errorf("later: %+v, %v", again, err)
	}
	if _, err := l.ReplaceCard(ctx, "R1", members.CardReplacement{Reason: "stolen"}, "key"); code(err) != "idempotency_key_reused" {
		t.Errorf("with another body: %v", err)
	}
	if _, err := l.Renew(ctx, "R1", "key"); err != nil {
		t.Errorf("the key on another route: %v", err)
	}
	// A refusal is an answer too, and its half-made effect is not kept.
	if _, err := l.AddBlock(ctx, "R9", members.Block{Code: "conduct"}, "refused"); code(err) != "member_not_found" {
		t.Fatal(err)
	}
	l.member(t, "R9", identity.Patron)
	if _, err := l.AddBlock(ctx, "R9", members.Block{Code: "conduct"}, "refused"); code(err) != "member_not_found" {
		t.Errorf("the refusal was not given again: %v", err)
	}
	for range 2 {
		if _, err := l.Create(ctx, members.NewMember{Name: "Twice", Card: "R9", IdempotencyKey: "taken"}); code(err) != "card_taken" {
			t.Error(err)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.members WHERE name = 'Twice'`); n != 0 {
		t.Errorf("%d members of a refused creation", n)
	}
}

func TestRenewingAMembership(t *testing.T) {
	l := open(t) // it is 4 March 2026
	desk := l.member(t, "DESK", identity.Desk)
	ctx := as(t.Context(), desk)
	day := func(text string) *time.Time {
		d := time.Time{}
		if text != "" {
			d, _ = time.Parse(time.DateOnly, text)
		}
		return &d
	}
	one := 1
	for code, months := range map[string]*int{"month": &one, "year": nil} {
		c := members.Category{Code: code, Name: code, MonthsValid: 12}
		if months != nil {
			c.MonthsValid = *months
		}
		if _, err := l.AddCategory(members.AsCommand(ctx), c, ""); err != nil {
			t.Fatal(err)
		}
	}
	for card, c := range map[string]struct{ category, expires, want string }{
		"PAST":        {"year", "2025-01-01", "2027-03-04"},
		"TODAY":       {"year", "2026-03-04", "2027-03-04"},
		"AHEAD":       {"year", "2026-12-31", "2027-12-31"},
		"LEAP":        {"year", "2028-02-29", "2029-02-28"},
		"INTO-LEAP":   {"month", "2028-01-31", "2028-02-29"},
		"MONTH-END":   {"month", "2027-01-31", "2027-02-28"},
		"THIRTY":      {"month", "2027-03-31", "2027-04-30"},
		"NEW-YEAR":    {"month", "2026-12-31", "2027-01-31"},
		"NO-MORE-END": {"staff", "2026-12-31", ""},
	} {
		if _, err := l.Create(members.AsCommand(ctx), members.NewMember{Card: card, Name: "Reader", Category: c.category, ExpiresOn: day(c.expires)}); err != nil {
			t.Fatal(err)
		}
		m, err := l.Renew(ctx, card, "")
		if err != nil || !m.ExpiresOn.Equal(*day(c.want)) {
			t.Errorf("%s: from %s to %s, want %s (%v)", card, c.expires, m.ExpiresOn.Format(time.DateOnly), c.want, err)
		}
	}
	if _, err := l.Renew(ctx, "NO-MORE-END", ""); code(err) != "membership_does_not_expire" {
		t.Error(err)
	}
	// A new membership ends on the last day of a shorter month as well.
	l.clock.advance(time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC).Sub(l.clock.now()))
	if m, err := l.Create(ctx, members.NewMember{Name: "January", Category: "month"}); err != nil || m.ExpiresOn.Format(time.DateOnly) != "2027-02-28" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestBlocksAreSetAndTakenAwayOneByOne(t *testing.T) {
	l := open(t)
	desk, colleague := l.member(t, "DESK", identity.Desk), l.member(t, "DESK2", identity.Desk)
	reader := l.member(t, "R1", identity.Patron)
	told := 0
	l.OnChange(func(context.Context, int64) { told++ })
	if _, err := l.AddBlock(as(t.Context(), desk), "R1", members.Block{Code: "conduct", Note: " loud "}, ""); err != nil {
		t.Fatal(err)
	}
	l.clock.advance(time.Hour)
	m, err := l.AddBlock(as(t.Context(), colleague), "R1", members.Block{Code: "lost_card"}, "")
	if err != nil || len(m.Blocks) != 2 || m.Blocks[0].Code != "conduct" || m.Blocks[0].Note != "loud" || m.Blocks[0].SetBy != desk.ID ||
		m.Blocks[1].SetBy != colleague.ID || m.Blocks[1].Since.Sub(m.Blocks[0].Since) != time.Hour {
		t.Fatalf("%+v, %v", m.Blocks, err)
	}
	if _, err := l.AddBlock(as(t.Context(), desk), "R1", members.Block{Code: "conduct"}, ""); code(err) != "block_exists" {
		t.Error(err)
	}
	if m, err = l.RemoveBlock(as(t.Context(), colleague), "R1", "conduct", ""); err != nil || len(m.Blocks) != 1 {
		t.Errorf("%+v, %v", m.Blocks, err)
	}
	if _, err = l.RemoveBlock(as(t.Context(), colleague), "R1", "conduct", ""); code(err) != "block_not_found" {
		t.Error(err)
	}
	if told != 3 {
		t.Errorf("borrowing was told %d times", told)
	}
	entries, err := l.AuditOf(members.AsCommand(t.Context()), "R1", 0, 10)
	var got []string
	for _, e := range entries {
		got = append(got, e.Action+" "+e.Detail)
	}
	if want := []string{"block_removed conduct", "block_added lost_card", "block_added conduct", "account_created patron"}; err != nil || !slices.Equal(got, want) ||
		entries[2].ActorID != desk.ID || entries[2].SubjectID != reader.ID {
		t.Errorf("%v, %v", got, err)
	}
}

func TestCategories(t *testing.T) {
	l := open(t)
	librarian, desk := l.member(t, "LIB", identity.Librarian), l.member(t, "DESK", identity.Desk)
	ctx := as(t.Context(), librarian)
	teacher := members.Category{Code: "teacher", Name: "Teacher", MonthsValid: 6, Default: true}
	if _, err := l.AddCategory(as(t.Context(), desk), teacher, ""); code(err) != "role_needed" {
		t.Error(err)
	}
	for range 2 {
		if c, err := l.AddCategory(ctx, teacher, "key"); err != nil || c != teacher {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if _, err := l.AddCategory(ctx, teacher, ""); code(err) != "category_exists" {
		t.Error(err)
	}
	m, err := l.Create(as(t.Context(), desk), members.NewMember{Name: "By default"})
	if err != nil || m.Category != "teacher" || m.ExpiresOn.Format(time.DateOnly) != "2026-09-04" {
		t.Fatalf("%+v, %v", m, err)
	}
	no, yes, never, name := false, true, 0, "Lehrer"
	if _, err := l.EditCategory(ctx, "teacher", members.CategoryChange{Default: &no}, ""); code(err) != "category_is_default" {
		t.Error(err)
	}
	if c, err := l.EditCategory(ctx, "teacher", members.CategoryChange{Name: &name, MonthsValid: &never}, ""); err != nil || c.Name != name || c.MonthsValid != 0 || !c.Default {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := l.EditCategory(ctx, "wizard", members.CategoryChange{Name: &name}, ""); code(err) != "category_not_found" {
		t.Error(err)
	}
	if err := l.RemoveCategory(ctx, "teacher", ""); code(err) != "category_is_default" {
		t.Error(err)
	}
	if _, err := l.EditCategory(ctx, "adult", members.CategoryChange{Default: &yes}, ""); err != nil {
		t.Fatal(err)
	}
	if err := l.RemoveCategory(ctx, "teacher", ""); code(err) != "category_in_use" {
		t.Error(err)
	}
	adult := "adult"
	if _, err := l.Edit(as(t.Context(), desk), m.Card, members.Change{Category: &adult}); err != nil {
		t.Fatal(err)
	}
	if err := l.RemoveCategory(ctx, "teacher", ""); err != nil {
		t.Error(err)
	}
	if err := l.RemoveCategory(ctx, "teacher", ""); code(err) != "category_not_found" {
		t.Error(err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.categories WHERE is_default`); n != 1 {
		t.Errorf("%d default categories", n)
	}
}
