package layers_test

import (
	"context"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/modules/members/layers"
	"bookvault/platform/cache"
	"bookvault/platform/wal"
)

// register is a store of members that counts the questions.
type register struct {
	members.Store
	byKey map[string]members.Held
	asked int
}

func (r *register) ByCards(_ context.Context, keys []string) (map[string]members.Held, error) {
	r.asked++
	found := map[string]members.Held{}
	for _, key := range keys {
		if held, known := r.byKey[key]; known {
			found[key] = held
		}
	}
	return found, nil
}

func (r *register) ByIDs(_ context.Context, ids []int64) ([]members.Member, error) {
	r.asked++
	var found []members.Member
	for _, id := range ids {
		for _, held := range r.byKey {
			if held.Member.ID == id && !held.Replaced {
				found = append(found, held.Member)
			}
		}
	}
	return found, nil
}

func keeping(t *testing.T, r *register) *layers.Proofs {
	t.Helper()
	proofs, err := layers.WriteThrough(r, layers.Memories{Cards: cache.Settings[layers.Card]{Negative: time.Nanosecond}, People: cache.Settings[members.Member]{Negative: time.Nanosecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proofs.Close)
	return proofs
}

// holder asks until the answer comes from memory, which ristretto fills a moment later.
func holder(t *testing.T, p *layers.Proofs, r *register, key string) members.Held {
	t.Helper()
	for {
		before := r.asked
		found, err := p.ByCards(t.Context(), []string{key})
		if err != nil {
			t.Fatal(err)
		}
		if r.asked == before {
			return found[key]
		}
	}
}

func TestWhoACardStandsForIsKeptUntilTheMemberChanges(t *testing.T) {
	r := &register{byKey: map[string]members.Held{"1": {Member: members.Member{ID: 7, Name: "An"}}, "2": {Member: members.Member{ID: 8, Name: "Binh"}}}}
	p := keeping(t, r)
	if got := holder(t, p, r, "1"); got.Member.Name != "An" {
		t.Fatalf("found %+v", got)
	}
	holder(t, p, r, "2")
	r.byKey["1"], r.byKey["3"] = members.Held{Member: members.Member{ID: 7, Name: "An"}, Replaced: true}, members.Held{Member: members.Member{ID: 7, Name: "An"}}
	p.Forget(wal.Position{}, []int64{7})
	if found, _ := p.ByCards(t.Context(), []string{"1", "2"}); !found["1"].Replaced || found["2"].Member.ID != 8 {
		t.Errorf("after the card was replaced: %+v", found)
	}
	delete(r.byKey, "2") // as when the member is deleted
	p.Forget(wal.Position{}, []int64{8})
	if found, _ := p.ByCards(t.Context(), []string{"2"}); len(found) != 0 {
		t.Errorf("of a member who is no more: %+v", found)
	}
	before := r.asked
	if holder(t, p, r, "3"); r.asked == before {
		t.Error("another member's change gave this card to memory unasked")
	}
}

func TestACardThatNobodyHasIsAskedForEachTime(t *testing.T) {
	r := &register{byKey: map[string]members.Held{}}
	p := keeping(t, r)
	for range 3 {
		if found, err := p.ByCards(t.Context(), []string{"9"}); err != nil || len(found) != 0 {
			t.Fatalf("%v, %v", found, err)
		}
	}
	r.byKey["9"] = members.Held{Member: members.Member{ID: 9}}
	if found, err := p.ByCards(t.Context(), []string{"9"}); err != nil || found["9"].Member.ID != 9 {
		t.Errorf("just issued: %v, %v", found, err)
	}
}

func TestMembersAreKeptByTheirIds(t *testing.T) {
	r := &register{byKey: map[string]members.Held{"1": {Member: members.Member{ID: 7, Name: "An"}}, "2": {Member: members.Member{ID: 8, Name: "Binh"}}}}
	p := keeping(t, r)
	ask := func() []members.Member {
		found, err := p.ByIDs(t.Context(), []int64{8, 7, 99})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := ask(); len(found) != 2 || found[0].ID != 7 || found[1].ID != 8 {
		t.Fatalf("found %+v", found)
	}
	r.byKey["1"] = members.Held{Member: members.Member{ID: 7, Name: "An Nguyen"}}
	p.Forget(wal.Position{}, []int64{7})
	if found := ask(); found[0].Name != "An Nguyen" {
		t.Errorf("after a change: %+v", found)
	}
	r.byKey["2"] = members.Held{Member: members.Member{ID: 8, Name: "Binh Tran"}}
	p.Forget(wal.Position{}, nil) // all of them: changes may have been missed
	if found := ask(); found[1].Name != "Binh Tran" {
		t.Errorf("after changes that were missed: %+v", found)
	}
}
