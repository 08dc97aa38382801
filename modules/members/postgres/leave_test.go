package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// desk stands for borrowing: it writes down what it is asked, and answers with fail.
type desk struct {
	asked []string
	fail  error
	then  func() // after its own transaction
}

func (d *desk) CategoryInRules(_ context.Context, code string) (bool, error) {
	return code == "child", nil
}
func (d *desk) CloseAccount(_ context.Context, id int64) error { return d.hear("close %d", id) }
func (d *desk) MergeAccounts(_ context.Context, from, into int64) error {
	return d.hear("merge %d into %d", from, into)
}
func (d *desk) hear(format string, args ...any) error {
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
	if d.then != nil {
		d.then()
	}
	return d.fail
}

func TestAMergedMemberIsFoundByEveryCardOfBoth(t *testing.T) {
	l := open(t)
	librarian := l.member(t, "LIB", identity.Librarian)
	d := &desk{}
	l.SetDesk(d)
	var told []int64
	l.OnChange(func(_ context.Context, id int64) { told = append(told, id) })
	vi := "vi"
	from, into := l.member(t, "FROM", identity.Patron), l.member(t, "INTO", identity.Patron)
	none := ""
	boss := members.AsCommand(t.Context())
	for card, c := range map[string]members.Change{
		"FROM": {Language: &vi, Blocks: &[]members.Block{{Code: "conduct", Note: "loud"}, {Code: "lost_card"}}},
		"INTO": {Email: &none},
	} {
		if _, err := l.Edit(boss, card, c); err != nil {
			t.Fatal(err)
		}
	}
	l.clock.advance(time.Hour)
	if _, err := l.Edit(boss, "INTO", members.Change{Blocks: &[]members.Block{{Code: "conduct", Note: "very loud"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.ReplaceCard(boss, "FROM", members.CardReplacement{NewCard: "FROM-2", Reason: "damaged"}, ""); err != nil {
		t.Fatal(err)
	}
	started, err := l.signIn(t, "FROM-2", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := l.CreateToken(as(t.Context(), from), members.NewToken{Name: "program"})
	if err != nil {
		t.Fatal(err)
	}
	told = nil
	request := members.MergeRequest{Into: "INTO", Reason: "the same person"}
	ctx := as(t.Context(), librarian)
	var m members.Member
	for _, key := range []string{"key", "key", ""} { // repeated, and sent anew
		if m, err = l.Merge(ctx, "FROM-2", request, key); err != nil {
			t.Fatal(err)
		}
	}
	if m.ID != into.ID || m.Card != "INTO" || m.Email != "from@example.org" || m.Language != "vi" || len(m.Blocks) != 2 ||
		m.Blocks[0].Code != "conduct" || m.Blocks[0].Note != "very loud; loud" || m.Blocks[0].Since.After(m.Blocks[1].Since) {
		t.Errorf("the survivor: %+v", m)
	}
	if want := []string{fmt.Sprintf("merge %d into %d", from.ID, into.ID)}; !slices.Equal(d.asked, want) || told[0] != into.ID {
		t.Errorf("the desk was asked %v and told %v", d.asked, told)
	}
	for _, card := range []string{"FROM", "FROM-2"} {
		if found, replaced, err := l.ByCard(t.Context(), card); err != nil || found.ID != into.ID || !replaced {
			t.Errorf("%s finds %+v, replaced %v, %v", card, found, replaced, err)
		}
	}
	if p, err := l.BySession(t.Context(), started.Token); err != nil || p.SignedIn() {
		t.Errorf("the duplicate's session: %+v, %v", p, err)
	}
	if _, err := l.ByToken(t.Context(), token); code(err) != "token_invalid" {
		t.Errorf("the duplicate's token: %v", err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.tombstones WHERE member_id = $1 AND merged_into = $2`, from.ID, into.ID); n != 1 {
		t.Error("no tombstone")
	}
	// The survivor becomes part of a third: the first tombstone points there.
	third := l.member(t, "THIRD", identity.Patron)
	if _, err := l.Merge(ctx, "INTO", members.MergeRequest{Into: "THIRD", Reason: "again"}, ""); err != nil {
		t.Fatal(err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.tombstones WHERE merged_into = $1`, third.ID); n != 2 {
		t.Errorf("%d tombstones point to the last survivor", n)
	}
	if _, err := l.Merge(ctx, "FROM-2", request, "key"); code(err) != "answer_forgotten" {
		t.Errorf("an answer about somebody who is no more: %v", err)
	}
	for what, c := range map[string]struct {
		card string
		r    members.MergeRequest
	}{
		"member_not_found": {"NOBODY", members.MergeRequest{Into: "THIRD", Reason: "x"}},
		"same_member":      {"THIRD", members.MergeRequest{Into: "FROM", Reason: "x"}},
		"invalid_request":  {"THIRD", members.MergeRequest{Into: "LIB", Reason: " "}},
		"own_account":      {"THIRD", members.MergeRequest{Into: "LIB", Reason: "x"}},
	} {
		if _, err := l.Merge(ctx, c.card, c.r, ""); code(err) != what {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, kind := range []members.Kind{members.KindService, members.KindDemonstration} {
		card := "KIND-" + string(kind)
		if _, err := l.Create(boss, members.NewMember{Card: card, Name: "Not a person", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]string{{card, "THIRD"}, {"THIRD", card}} {
			if _, err := l.Merge(ctx, pair[0], members.MergeRequest{Into: pair[1], Reason: "x"}, ""); code(err) != "not_a_person" {
				t.Errorf("%v: %v", pair, err)
			}
		}
	}
	if len(d.asked) != 2 {
		t.Errorf("the desk moved something for a refused merge: %v", d.asked)
	}
}

// Whatever happens between the desk's transaction and this module's, sending the command again completes it.
func TestWhatWasCutOffIsCompletedBySendingItAgain(t *testing.T) {
	l := open(t)
	librarian := l.member(t, "LIB", identity.Librarian)
	from, into := l.member(t, "FROM", identity.Patron), l.member(t, "INTO", identity.Patron)
	d := &desk{}
	l.SetDesk(d)
	for _, step := range []func(ctx context.Context, key string) error{
		func(ctx context.Context, key string) error {
			_, err := l.Merge(ctx, "FROM", members.MergeRequest{Into: "INTO", Reason: "twice"}, key)
			return err
		},
		func(ctx context.Context, key string) error { return l.Delete(ctx, "INTO", key) },
	} {
		for _, key := range []string{"", "key"} {
			ctx, cut := context.WithCancel(as(context.Background(), librarian))
			d.then = cut
			if err := step(ctx, key); err == nil {
				t.Fatal("it was not cut off: this test could not fail")
			}
		}
		d.then = nil
		for range 2 {
			if err := step(as(t.Context(), librarian), "key"); err != nil {
				t.Fatal(err)
			}
		}
	}
	merge, closed := fmt.Sprintf("merge %d into %d", from.ID, into.ID), fmt.Sprintf("close %d", into.ID)
	if want := []string{merge, merge, merge, closed, closed, closed}; !slices.Equal(d.asked, want) {
		t.Errorf("the desk was asked %v", d.asked)
	}
	if n := l.count(t, `SELECT count(*) FROM members.members WHERE id IN ($1, $2)`, from.ID, into.ID); n != 0 {
		t.Errorf("%d of them are left", n)
	}
}

// After a deletion nothing in the module says who it was: only the id is left, in the audit and on a tombstone.
func TestADeletedMemberLeavesTheIdAlone(t *testing.T) {
	l := open(t)
	librarian := l.member(t, "LIB", identity.Librarian)
	d := &desk{}
	l.SetDesk(d)
	ctx := as(t.Context(), librarian)
	m, err := l.Create(ctx, members.NewMember{Card: "GONE-1", Name: "Persephone Quux", Email: "persephone@example.org", Password: password, IdempotencyKey: "made",
		Blocks: []members.Block{{Code: "conduct", Note: "Persephone shouts"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Create(ctx, members.NewMember{Card: "GONE-0", Name: "Persephone Quux"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Merge(ctx, "GONE-0", members.MergeRequest{Into: "GONE-1", Reason: "Persephone came twice"}, "merged"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.signIn(t, "GONE-1", password, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.CreateToken(as(t.Context(), m), members.NewToken{Name: "Persephone's program"}); err != nil {
		t.Fatal(err)
	}
	said := func() (tables []string) {
		for _, table := range []string{"members", "cards", "blocks", "credentials", "sessions", "api_tokens", "idempotency_keys", "audit", "tombstones"} {
			n := l.count(t, `SELECT count(*) FROM members.`+table+` t WHERE t::text ~* 'persephone|GONE' OR to_jsonb(t) ->> 'answer' LIKE '%' || encode('Persephone', 'hex') || '%'
				OR $1 <> 0 AND '`+table+`' IN ('credentials', 'sessions') AND to_jsonb(t) ->> 'member_id' = $1::text`, m.ID)
			if n > 0 {
				tables = append(tables, table)
			}
		}
		return tables
	}
	if got := said(); len(got) < 6 {
		t.Fatalf("before only %v speak of the member: this test could not fail", got)
	}
	d.fail = problem.Refused(problem.Reason{Code: "member_has_loans"}, problem.Reason{Code: "member_has_balance"})
	if err := l.Delete(ctx, "GONE-1", ""); code(err) != "member_has_loans" || len(problem.Of(err).Reasons) != 2 {
		t.Fatalf("with loans: %v", err)
	}
	if _, err := l.Get(ctx, "GONE-1"); err != nil {
		t.Fatalf("a refused deletion: %v", err)
	}
	d.fail = nil
	for range 2 {
		if err := l.Delete(ctx, "GONE-1", "delete"); err != nil {
			t.Fatal(err)
		}
	}
	if got := said(); len(got) > 0 {
		t.Errorf("%v still speak of the member", got)
	}
	for _, err := range []error{l.Delete(ctx, "GONE-1", ""), second(l.Get(ctx, "GONE-0"))} {
		if code(err) != "member_not_found" {
			t.Error(err)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.audit WHERE subject_id = $1 AND action IN ('account_created', 'account_deleted')`, m.ID); n != 2 {
		t.Errorf("the audit has %d entries", n)
	}
	if _, err := l.Create(ctx, members.NewMember{Card: "GONE-1", Name: "Persephone Quux", Email: "persephone@example.org", Password: password, IdempotencyKey: "made",
		Blocks: []members.Block{{Code: "conduct", Note: "Persephone shouts"}}}); code(err) != "answer_forgotten" {
		t.Errorf("the creation sent again: %v", err)
	}
	if again, err := l.Create(ctx, members.NewMember{Card: "GONE-1", Name: "Somebody Else"}); err != nil || again.ID <= m.ID {
		t.Errorf("the number for somebody else: %+v, %v", again, err)
	}
	if err := l.RemoveCategory(ctx, "child", ""); code(err) != "category_in_rules" {
		t.Errorf("a category that rules name: %v", err)
	}
	_, err = l.Create(members.AsCommand(ctx), members.NewMember{Card: "SERVICE-X", Name: "Service", Kind: members.KindService})
	if err = errors.Join(err, l.Delete(ctx, "SERVICE-X", "")); code(err) != "service_account" {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }
