package ledger_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/ledger"
)

// kept is a ledger of three streams that was anchored, with two events that came later.
type kept struct {
	*testing.T
	db       *database.DB
	anchors  *ledger.Anchors
	settings ledger.AnchorSettings
	now      time.Time
	tx       pgx.Tx // of a test that tampers: it is rolled back in the end
}

func keep(t *testing.T) *kept {
	k := &kept{T: t, db: dbtest.New(t), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	folder := t.TempDir()
	k.settings = ledger.AnchorSettings{Schema: schema, KeyFile: filepath.Join(folder, "key", "ledger.pem"), Folder: filepath.Join(folder, "anchors"), Clock: func() time.Time { return k.now }}
	k.anchors = ledger.NewAnchors(k.db.Pool(), k.settings)
	k.must(appended(t, k.db, event("loan/1", 1), event("item/1", 1), event("item/1", 2), event("loan/2", 1)))
	k.must(appended(t, k.db, event("loan/1", 2), event("loan/2", 2), event("loan/1", 3)))
	k.anchor(1)
	k.must(appended(t, k.db, event("item/1", 3), event("loan/3", 1)))
	return k
}

func (k *kept) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *kept) anchor(want int) {
	k.Helper()
	if n, err := k.anchors.Due(k.Context()); n != want || err != nil {
		k.Fatalf("%d anchors made, not %d (%v)", n, want, err)
	}
}

func (k *kept) check() *ledger.Report {
	k.Helper()
	key, err := ledger.PublicKey(k.settings.KeyFile)
	k.must(err)
	return k.checkWith(key)
}

func (k *kept) checkWith(keys ...ed25519.PublicKey) *ledger.Report {
	k.Helper()
	r := &ledger.Report{}
	look := func(tx pgx.Tx) error {
		if err := ledger.New(schema).Verify(k.Context(), tx, r, nil); err != nil {
			return err
		}
		return k.anchors.Verify(k.Context(), tx, keys, r, nil)
	}
	if k.tx != nil {
		k.must(look(k.tx))
	} else {
		k.must(ledger.InSnapshot(k.Context(), k.db.Pool(), look))
	}
	return r
}

// undone runs a test whose tampering, with tables and files, is as if it had not been.
func (k *kept) undone(what string, test func(*kept)) {
	k.Run(what, func(t *testing.T) {
		tx, err := k.db.Pool().Begin(t.Context())
		k.must(err)
		defer func() { _ = tx.Rollback(context.Background()) }()
		folder := t.TempDir()
		k.must(os.CopyFS(folder, os.DirFS(k.settings.Folder)))
		again := *k
		again.T, again.tx, again.settings.Folder = t, tx, folder
		again.anchors = ledger.NewAnchors(k.db.Pool(), again.settings)
		test(&again)
	})
}

// tamper does what the database refuses: as its owner, with its triggers off.
func (k *kept) tamper(statements ...string) {
	k.Helper()
	for _, s := range append([]string{`ALTER TABLE borrowing.events DISABLE TRIGGER USER; ALTER TABLE borrowing.anchors DISABLE TRIGGER USER`}, statements...) {
		if _, err := k.tx.Exec(k.Context(), s); err != nil {
			k.Fatalf("%s: %v", s, err)
		}
	}
}

// rewrite changes an event and gives its stream hashes that fit, as somebody would who knows how they are made.
func (k *kept) rewrite(stream, change string) {
	k.Helper()
	k.tamper(`UPDATE borrowing.events SET `+change+` WHERE stream = '`+stream+`' AND version = 2`, `UPDATE borrowing.events SET hash = NULL WHERE stream = '`+stream+`'`)
	_, err := ledger.New(schema).Chain(k.Context(), k.tx, 100, func(context.Context, pgx.Tx, []string) error { return nil })
	k.must(err)
}

func TestALedgerThatNobodyTouchedIsIntact(t *testing.T) {
	k := keep(t)
	r := k.check()
	if !r.Intact() || r.Events != 9 || r.Streams != 4 || r.Anchors != 1 || r.Anchored != 7 || r.Behind != 2 || r.Unchained != 0 {
		t.Errorf("%+v", r)
	}
	k.anchor(0) // not a day later
	k.now = k.now.Add(24 * time.Hour)
	k.anchor(1)
	k.now = k.now.Add(48 * time.Hour)
	k.anchor(0) // nothing happened since
	if r := k.check(); !r.Intact() || r.Anchors != 2 || r.Anchored != 9 || r.Behind != 0 {
		t.Errorf("%+v", r)
	}
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	k := keep(t)
	for what, c := range map[string]struct {
		tamper func(*kept)
		want   []string // each is in a finding
	}{
		"one byte changed": {func(k *kept) {
			k.tamper(`UPDATE borrowing.events SET data = '{"n": 3}' WHERE stream = 'loan/1' AND version = 2`)
		}, []string{"loan/1, version 2 (position 5): the event, or its hash, was changed"}},
		"who did it": {func(k *kept) {
			k.tamper(`UPDATE borrowing.events SET actor = 'staff/1' WHERE stream = 'item/1' AND version = 3`)
		}, []string{"item/1, version 3 (position 8): the event, or its hash"}},
		"when, by a millionth of a second": {func(k *kept) {
			k.tamper(`UPDATE borrowing.events SET at = at + interval '1 microsecond' WHERE stream = 'loan/3'`)
		}, []string{"loan/3, version 1"}},
		"a hash": {func(k *kept) {
			k.tamper(`UPDATE borrowing.events SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE stream = 'loan/1' AND version = 2`)
		}, []string{"loan/1, version 2", "loan/1, version 3"}},
		"an event removed": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE stream = 'loan/1' AND version = 2`)
		}, []string{"loan/1, version 2: this event is missing", "loan/1, version 2 (position 5): this event was anchored and is missing"}},
		"a first event removed": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE stream = 'item/1' AND version = 1`)
		}, []string{"item/1, version 1: this event is missing"}},
		"a stream written anew, with hashes that fit": {func(k *kept) {
			k.rewrite("loan/1", `data = '{"n": 3}'`)
		}, []string{"loan/1, version 2 (position 5): it has another hash than when it was anchored", "loan/1, version 3 (position 7): it has another hash"}},
		"a stream removed as a whole": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE stream = 'loan/2'`)
		}, []string{"loan/2, version 1 (position 4): this event was anchored and is missing", "loan/2, version 2 (position 6)"}},
		"the newest events of a stream cut off": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE stream = 'loan/1' AND version >= 2`)
		}, []string{"loan/1, version 2 (position 5): this event was anchored and is missing", "loan/1, version 3 (position 7)"}},
		"the newest of all cut off": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE position >= 6`)
		}, []string{"loan/2, version 2 (position 6)", "loan/1, version 3 (position 7)"}},
		"the newest cut off, and their anchor": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE position >= 6`, `DELETE FROM borrowing.anchors`)
		}, []string{"the newest anchors were cut off", "loan/1, version 3 (position 7): this event was anchored and is missing"}},
		"an event in the place of another": {func(k *kept) {
			k.tamper(`DELETE FROM borrowing.events WHERE position = 7`, `ALTER TABLE borrowing.events ENABLE TRIGGER chain`,
				`INSERT INTO borrowing.events (position, stream, version, type, data, actor, at) OVERRIDING SYSTEM VALUE VALUES (7, 'loan/9', 1, 'X', '{}', 'x', now())`)
		}, []string{"loan/9, version 1 (position 7): it has another hash"}},
		"a statement in the table": {func(k *kept) {
			k.tamper(`UPDATE borrowing.anchors SET statement = replace(statement, 'events 7', 'events 6')`)
		}, []string{"anchor 1 is another one in the table than in its file"}},
		"a statement in table and file": {func(k *kept) {
			k.tamper(`UPDATE borrowing.anchors SET statement = replace(statement, 'events 7', 'events 6')`)
			k.edit("00000001.anchor", "events 7", "events 6")
		}, []string{"anchor 1 is not signed with a key that is trusted here", "the events at positions 1 to 7 are not those of anchor 1"}},
		"a stream written anew, where no list is left": {func(k *kept) {
			k.must(os.Remove(filepath.Join(k.settings.Folder, "00000001.events.gz")))
			k.rewrite("loan/1", `actor = 'x'`)
		}, []string{"the events at positions 1 to 7 are not those of anchor 1"}},
	} {
		k.undone(what, func(k *kept) {
			c.tamper(k)
			r := k.check()
			var all strings.Builder
			for _, f := range r.Findings {
				fmt.Fprintln(&all, f)
			}
			for _, want := range c.want {
				if !strings.Contains(all.String(), want) {
					k.Errorf("no %q in\n%s", want, &all)
				}
			}
		})
	}
}

func (k *kept) edit(name, from, to string) {
	k.Helper()
	name = filepath.Join(k.settings.Folder, name)
	text, err := os.ReadFile(name)
	k.must(err)
	k.must(os.WriteFile(name, []byte(strings.Replace(string(text), from, to, 1)), 0o644))
}

// Who has the database and makes a key of their own can sign whatever they like, but not with ours.
func TestAnchorsOfAnotherKeyAreFound(t *testing.T) {
	k := keep(t)
	ours, err := ledger.PublicKey(k.settings.KeyFile)
	k.must(err)
	k.must(os.Remove(k.settings.KeyFile))
	k.now = k.now.Add(24 * time.Hour)
	k.anchor(1)
	if r := k.checkWith(ours); r.Found != 1 || !strings.Contains(r.Findings[0].String(), "anchor 2 is not signed with a key that is trusted here") {
		t.Errorf("%+v", r.Findings)
	}
	theirs, err := ledger.PublicKey(k.settings.KeyFile)
	k.must(err)
	if r := k.checkWith(ours, theirs); !r.Intact() {
		t.Errorf("with both keys: %v", r.Findings)
	}
}

func TestFilesOfAnchorsAreWrittenAgain(t *testing.T) {
	k := keep(t)
	k.must(os.RemoveAll(k.settings.Folder))
	k.anchor(0)
	if r := k.check(); !r.Intact() || r.Anchors != 1 {
		t.Errorf("%+v", r)
	}
	if text, err := os.ReadFile(filepath.Join(k.settings.Folder, "00000001.anchor")); err != nil || !strings.Contains(string(text), "\nevents 7\n") {
		t.Errorf("%s %v", text, err)
	}
}

func TestTheKeyIsForItsOwnerAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "key.pem")
	first, err := ledger.OpenKey(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if again, err := ledger.OpenKey(file); err != nil || !again.Equal(first) {
		t.Errorf("another key the second time, %v", err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenKey(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
}

// An anchor has no event come in behind it: while a transaction has events that are not committed, it waits.
func TestAnAnchorWaitsForWhatIsBeingWritten(t *testing.T) {
	k := keep(t)
	k.now = k.now.Add(24 * time.Hour)
	open, err := k.db.Pool().Begin(t.Context())
	k.must(err)
	k.must(ledger.New(schema).Append(t.Context(), open, []ledger.Event{event("late/1", 1)}))
	k.must(appended(t, k.db, event("soon/1", 1)))
	if n, err := k.anchors.Due(t.Context()); n != 0 || err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("%d %v", n, err)
	}
	k.must(open.Commit(t.Context()))
	k.anchor(1)
	if r := k.check(); !r.Intact() || r.Anchored != 11 || r.Behind != 0 {
		t.Errorf("%+v", r)
	}
}

// A library that is older than the hashes gets them in batches, and goes on writing meanwhile.
func TestEventsThatAreOlderThanHashesGetThem(t *testing.T) {
	keep(t).undone("", func(k *kept) {
		k.tamper(`UPDATE borrowing.events SET hash = NULL`, `DELETE FROM borrowing.anchors`, `ALTER TABLE borrowing.events ENABLE TRIGGER USER`)
		k.must(os.RemoveAll(k.settings.Folder))
		ledgerOf, write := ledger.New(schema), func(events ...ledger.Event) { k.must(ledger.New(schema).Append(k.Context(), k.tx, events)) }
		write(event("loan/1", 4), event("loan/4", 1)) // one stream waits for its hashes, one does not
		if r := k.check(); !r.Intact() || r.Unchained != 10 {
			k.Errorf("before: %+v", r)
		}
		var begun []string
		for n := 1; n > 0; {
			var err error
			n, err = ledgerOf.Chain(k.Context(), k.tx, 3, func(_ context.Context, _ pgx.Tx, streams []string) error {
				begun = append(begun, streams...)
				return nil
			})
			k.must(err)
			if n > 0 {
				write(event(fmt.Sprintf("new/%d", len(begun)), 1))
			}
		}
		if got := strings.Join(begun, " "); got != "item/1 loan/1 loan/2 loan/3" {
			k.Errorf("begun: %s", got)
		}
		if r := k.check(); !r.Intact() || r.Unchained != 0 {
			k.Errorf("after: %+v", r)
		}
	})
}

func TestAVersionThatLeavesOneOutIsRefused(t *testing.T) {
	k := keep(t)
	if err := appended(t, k.db, event("loan/1", 5)); err == nil || !strings.Contains(err.Error(), ledger.ErrConflict.Error()) {
		t.Errorf("%v", err)
	}
	if err := appended(t, k.db, event("loan/7", 2)); err == nil || !strings.Contains(err.Error(), ledger.ErrConflict.Error()) {
		t.Errorf("%v", err)
	}
}
