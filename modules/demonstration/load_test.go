package demonstration

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"bookvault/platform/identity"
)

// house stands in for the three modules: it keeps what it is given, once, and can break down after a number of calls. That the
// real ones behave like it is tested where they are put together (modules).
type house struct {
	titles   map[string]int64
	others   int // titles that somebody else brought in
	people   map[string]Person
	copies   map[string]Copy
	loans    map[string]Loan
	holds    map[Hold]bool
	calls    int
	breaksAt int
}

func newHouse() *house {
	return &house{titles: map[string]int64{}, people: map[string]Person{}, copies: map[string]Copy{}, loans: map[string]Loan{}, holds: map[Hold]bool{}}
}

var errPower = errors.New("the power went out")

func (h *house) step() error {
	if h.calls++; h.calls == h.breaksAt {
		return errPower
	}
	return nil
}

func (h *house) Contents(context.Context) (titles, ours int, err error) {
	return len(h.titles) + h.others, len(h.titles), nil
}

func (h *house) AddWorks(_ context.Context, works []Work) ([]int64, error) {
	ids := make([]int64, len(works))
	for i, w := range works {
		if h.titles[w.Key()] == 0 {
			h.titles[w.Key()] = int64(len(h.titles) + 1)
		}
		ids[i] = h.titles[w.Key()]
	}
	return ids, h.step()
}

func (h *house) Enrol(_ context.Context, p Person) error { h.people[p.Card] = p; return h.step() }

func (h *house) Furnish(context.Context, []Branch, []ItemType, []Rule) error { return h.step() }

func (h *house) Shelve(_ context.Context, copies []Copy) error {
	for _, c := range copies {
		h.copies[c.Barcode] = c
	}
	return h.step()
}

func (h *house) Lend(_ context.Context, l Loan) error { h.loans[l.Barcode] = l; return h.step() }

func (h *house) Hold(_ context.Context, hold Hold) error { h.holds[hold] = true; return h.step() }

func TestLoad(t *testing.T) {
	folder, h := filepath.Join(t.TempDir(), "data"), newHouse()
	done, err := Load(t.Context(), Library{h, h, h, folder, nil})
	if err != nil {
		t.Fatal(err)
	}
	want := Loaded{len(h.titles), len(h.copies), len(h.people), len(h.loans), len(h.holds)}
	if done != want || done.Titles < 320 || done.Members < 44 || done.Holds == 0 {
		t.Errorf("loaded %+v; the house has %+v", done, want)
	}

	info, err := os.Stat(filepath.Join(folder, recordName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the passwords' file has mode %v", info.Mode())
	}
	signIns, err := SignIns(folder)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range signIns {
		p := h.people[s.Card]
		if role, err := identity.ParseRole(s.Role); err != nil || p.Role != role || p.Password != s.Password || len(s.Password) < 14 {
			t.Errorf("sign-in %s/%s does not open %+v (%v)", s.Role, s.Card, p, err)
		}
		if seen[s.Password] {
			t.Error("two sign-ins share a password")
		}
		seen[s.Password] = true
	}
	if len(signIns) != 4 {
		t.Errorf("%d sign-ins, want one a role", len(signIns))
	}

	calls := h.calls
	if done, err := Load(t.Context(), Library{h, h, h, folder, nil}); err != nil || done != (Loaded{}) || h.calls != calls {
		t.Errorf("the second start loaded %+v in %d calls (%v)", done, h.calls-calls, err)
	}
}

// A library with books of its own stays as it is, and no password is made for it.
func TestLoadLeavesOthersAlone(t *testing.T) {
	folder, h := t.TempDir(), newHouse()
	h.others = 1
	if done, err := Load(t.Context(), Library{h, h, h, folder, nil}); err != nil || done != (Loaded{}) {
		t.Fatalf("loaded %+v, %v", done, err)
	}
	if signIns, err := SignIns(folder); err != nil || len(signIns) != 0 || h.calls != 0 {
		t.Errorf("%d sign-ins, %d calls, %v", len(signIns), h.calls, err)
	}
}

// Wherever the first start is cut off, the next one completes the same library with the same passwords.
func TestLoadIsCompleted(t *testing.T) {
	whole := newHouse()
	if _, err := Load(t.Context(), Library{whole, whole, whole, t.TempDir(), nil}); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.calls; at += 7 {
		folder, h := t.TempDir(), newHouse()
		h.breaksAt = at
		if _, err := Load(t.Context(), Library{h, h, h, folder, nil}); !errors.Is(err, errPower) {
			t.Fatalf("call %d: %v", at, err)
		}
		before, err := SignIns(folder)
		if err != nil || len(before) != 4 {
			t.Fatalf("call %d: %d sign-ins kept, %v", at, len(before), err)
		}
		done, err := Load(t.Context(), Library{h, h, h, folder, nil})
		if err != nil {
			t.Fatalf("call %d: the next start: %v", at, err)
		}
		after, _ := SignIns(folder)
		if !reflect.DeepEqual(before, after) {
			t.Errorf("call %d: the passwords changed", at)
		}
		if want := (Loaded{len(whole.titles), len(whole.copies), len(whole.people), len(whole.loans), len(whole.holds)}); done != want || len(h.loans) != len(whole.loans) {
			t.Errorf("call %d: completed %+v, want %+v", at, done, want)
		}
	}
}

// A start was killed before any title was in, and the next one is pointed at the database of a real library.
func TestLoadIsNotCompletedElsewhere(t *testing.T) {
	folder, h := t.TempDir(), newHouse()
	if err := writeRecord(folder, record{SignIns: newSignIns()}); err != nil {
		t.Fatal(err)
	}
	h.others = 92_000
	if done, err := Load(t.Context(), Library{h, h, h, folder, nil}); err != nil || done != (Loaded{}) || h.calls != 0 {
		t.Errorf("loaded %+v in %d calls, %v", done, h.calls, err)
	}
}

func TestRecordThatCannotBeRead(t *testing.T) {
	folder, h := t.TempDir(), newHouse()
	if err := os.WriteFile(filepath.Join(folder, recordName), []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(t.Context(), Library{h, h, h, folder, nil})
	if err == nil || !strings.Contains(err.Error(), recordName) || h.calls != 0 {
		t.Errorf("%d calls, %v", h.calls, err)
	}
}
