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

func (h *house) Furnish(context.Context, []Branch, []ItemType, []Rule, []Totals) error {
	return h.step()
}

func (h *house) Shelve(_ context.Context, copies []Copy) error {
	for _, c := range copies {
		h.copies[c.Barcode] = c
	}
	return h.step()
}

func (h *house) Lend(_ context.Context, l Loan) error { h.loans[l.Barcode] = l; return h.step() }

func (h *house) Hold(_ context.Context, hold Hold) error { h.holds[hold] = true; return h.step() }

// only gives the counts without the sign-ins, to compare.
func only(l Loaded) [5]int { return [5]int{l.Titles, l.Copies, l.Members, l.Loans, l.Holds} }

// kept gives the sign-ins of a folder's record.
func kept(t *testing.T, folder string) []SignIn {
	t.Helper()
	r, err := readRecord(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r.SignIns
}

func TestLoad(t *testing.T) {
	folder, h := filepath.Join(t.TempDir(), "data"), newHouse()
	done, err := Load(t.Context(), Library{h, h, h, folder, nil})
	if err != nil {
		t.Fatal(err)
	}
	want := [5]int{len(h.titles), len(h.copies), len(h.people), len(h.loans), len(h.holds)}
	if only(done) != want || done.Titles < 320 || done.Members < 44 || done.Holds == 0 {
		t.Errorf("loaded %v; the house has %v", only(done), want)
	}

	info, err := os.Stat(filepath.Join(folder, recordName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the passwords' file has mode %v", info.Mode())
	}
	signIns := kept(t, folder)
	if !reflect.DeepEqual(signIns, done.SignIns) {
		t.Error("other sign-ins are told than kept")
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
	done, err = Load(t.Context(), Library{h, h, h, folder, nil})
	if err != nil || only(done) != [5]int{} || h.calls != calls {
		t.Errorf("the second start loaded %v in %d calls (%v)", only(done), h.calls-calls, err)
	}
	if !reflect.DeepEqual(signIns, done.SignIns) {
		t.Error("the second start does not tell the sign-ins")
	}
}

// A library with books of its own stays as it is, and no password is made for it.
func TestLoadLeavesOthersAlone(t *testing.T) {
	folder, h := t.TempDir(), newHouse()
	h.others = 1
	done, err := Load(t.Context(), Library{h, h, h, folder, nil})
	if err != nil || only(done) != [5]int{} || len(done.SignIns) != 0 {
		t.Fatalf("loaded %+v, %v", done, err)
	}
	if signIns := kept(t, folder); len(signIns) != 0 || h.calls != 0 {
		t.Errorf("%d sign-ins, %d calls", len(signIns), h.calls)
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
		before := kept(t, folder)
		if len(before) != 4 {
			t.Fatalf("call %d: %d sign-ins kept", at, len(before))
		}
		done, err := Load(t.Context(), Library{h, h, h, folder, nil})
		if err != nil {
			t.Fatalf("call %d: the next start: %v", at, err)
		}
		if !reflect.DeepEqual(before, kept(t, folder)) || !reflect.DeepEqual(before, done.SignIns) {
			t.Errorf("call %d: the passwords changed", at)
		}
		want := [5]int{len(whole.titles), len(whole.copies), len(whole.people), len(whole.loans), len(whole.holds)}
		if only(done) != want || len(h.loans) != len(whole.loans) {
			t.Errorf("call %d: completed %v, want %v", at, only(done), want)
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
	done, err := Load(t.Context(), Library{h, h, h, folder, nil})
	if err != nil || only(done) != [5]int{} || len(done.SignIns) != 0 || h.calls != 0 {
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
