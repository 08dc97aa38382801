package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

// Thirty-two desks make the same card at once: one member, thirty-one refusals, and nothing half-made.
func TestTheSameCardAtOnce(t *testing.T) {
	l := open(t)
	errs := make(chan error, 32)
	var begin sync.WaitGroup
	begin.Add(1)
	for range 32 {
		go func() {
			begin.Wait()
			_, err := l.Create(members.AsCommand(context.Background()), members.NewMember{Card: "SAME-1", Name: "Same"})
			errs <- err
		}()
	}
	begin.Done()
	made := 0
	for range 32 {
		switch err := <-errs; code(err) {
		case "":
			made++
		case "card_taken":
		default:
			t.Error(err)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.members WHERE name = 'Same'`); made != 1 || n != 1 {
		t.Errorf("%d made, %d stored", made, n)
	}
}

func TestLoadingMany(t *testing.T) {
	l := open(t)
	l.member(t, "L-7", identity.Patron)
	people := make([]members.NewMember, 5000)
	for i := range people {
		people[i] = members.NewMember{Card: fmt.Sprintf("L-%d", i), Name: fmt.Sprintf("Nguyễn Thị %d", i), Email: fmt.Sprintf("l%d@example.org", i), Category: "student"}
	}
	people[9].Blocks = []members.Block{{Code: "conduct", Note: "loud"}}
	for _, want := range []int{4999, 0} { // a second time there is nothing to do
		if loaded, err := l.Load(t.Context(), people); err != nil || loaded != want {
			t.Fatalf("loaded %d, %v; want %d", loaded, err, want)
		}
	}
	m, _, err := l.ByCard(t.Context(), "l9")
	if err != nil || m.Name != "Nguyễn Thị 9" || m.Category != "student" || m.Role != identity.Patron || len(m.Blocks) != 1 || m.ExpiresOn.Format(time.DateOnly) != "2027-03-04" {
		t.Errorf("%+v, %v", m, err)
	}
	if seven, _, _ := l.ByCard(t.Context(), "L7"); seven.Name != "Reader L-7" {
		t.Errorf("a member who was there was replaced: %+v", seven)
	}
	if next := l.member(t, "AFTER", identity.Patron); next.ID <= m.ID {
		t.Errorf("ids run into each other: %d after %d", next.ID, m.ID)
	}
	for what, bad := range map[string]members.NewMember{"no card": {Name: "A"}, "a password": {Card: "B", Name: "A", Password: password}, "no name": {Card: "B"}} {
		if _, err := l.Load(t.Context(), []members.NewMember{{Card: "FINE", Name: "Fine"}, bad}); code(err) != "invalid_request" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := l.ByCard(t.Context(), "FINE"); code(err) != "member_not_found" {
		t.Error("half a batch was stored")
	}
}

func TestWhoIsToldOfChanges(t *testing.T) {
	l := open(t)
	desk, reader := l.member(t, "DESK", identity.Desk), l.member(t, "R1", identity.Patron)
	var told []int64
	l.OnChange(func(_ context.Context, id int64) { told = append(told, id) })
	name, blocks, wrong := "Renamed", []members.Block{{Code: "conduct"}}, int32(99)
	for _, c := range []members.Change{{Name: &name}, {Blocks: &blocks, IfVersion: &wrong}, {Blocks: &blocks}} {
		_, _ = l.Edit(as(t.Context(), desk), "R1", c)
	}
	if len(told) != 1 || told[0] != reader.ID {
		t.Errorf("told %v, want once of %d", told, reader.ID)
	}
}

// A creation that is sent again, or twice at once, makes one member; the key of one creation is no other's.
func TestACreationSentAgain(t *testing.T) {
	l := open(t)
	desk, other := l.member(t, "DESK", identity.Desk), l.member(t, "DESK2", identity.Desk)
	again := members.NewMember{Name: "Once", Password: password, IdempotencyKey: "key-1"}
	var wait sync.WaitGroup
	answers := make(chan string, 16)
	for range 16 {
		wait.Go(func() {
			m, err := l.Create(as(context.Background(), desk), again)
			answers <- m.Card + code(err)
		})
	}
	wait.Wait()
	close(answers)
	first, err := l.Create(as(t.Context(), desk), again)
	if err != nil || first.Card == "" {
		t.Fatal(err)
	}
	for got := range answers {
		if got != first.Card && got != "idempotency_in_progress" {
			t.Errorf("answered %s, want %s", got, first.Card)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.members WHERE name = 'Once'`); n != 1 {
		t.Errorf("%d members were made", n)
	}
	changed := again
	changed.Name = "Twice"
	if _, err := l.Create(as(t.Context(), desk), changed); code(err) != "idempotency_key_reused" {
		t.Errorf("with another body: %v", err)
	}
	if m, err := l.Create(as(t.Context(), other), again); err != nil || m.ID == first.ID {
		t.Errorf("somebody else's key: %+v, %v", m, err)
	}
	l.clock.advance(31 * 24 * time.Hour)
	if m, err := l.Create(as(t.Context(), desk), again); err != nil || m.ID == first.ID {
		t.Errorf("after 31 days: %+v, %v", m, err)
	}
	if _, err := l.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.idempotency_keys`); n != 1 {
		t.Errorf("%d keys are kept", n)
	}
}
