package demonstration

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// Library is the house that the loader furnishes.
type Library struct {
	Catalogue   Catalogue
	Members     Membership
	Circulation Circulation
	Folder      string           // the data folder: demonstration.json is kept in it
	Now         func() time.Time // the clock; time.Now when nil
}

// Record is the path of the file that keeps the sign-ins.
func (l Library) Record() string { return filepath.Join(l.Folder, recordName) }

// Loaded says what Load brought in, zero when there was nothing to do; and how to sign in, when this is the demonstration library.
type Loaded struct {
	Titles, Copies, Members, Loans, Holds int
	SignIns                               []SignIn
}

// Load fills a catalogue that is empty with the demonstration library, and leaves any other alone. The passwords of the sign-ins
// are on disk before anybody has them. Every step may be repeated, so a start that was killed half way is completed by the next
// one: that it was not finished stands in demonstration.json. Should the folder meanwhile serve another database, one with
// titles that did not come from here, that one is left alone too.
func Load(ctx context.Context, l Library) (done Loaded, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("load the demonstration library: %w", err)
		}
	}()
	r, err := readRecord(l.Folder)
	if err != nil {
		return Loaded{}, err
	}
	titles, ours, err := l.Catalogue.Contents(ctx)
	if err != nil {
		return Loaded{}, err
	}
	unfinished := len(r.SignIns) > 0 && !r.Loaded && ours > 0
	if titles > 0 && !unfinished {
		if ours > 0 {
			done.SignIns = r.SignIns
		}
		return done, nil
	}
	if len(r.SignIns) == 0 {
		r.SignIns = newSignIns()
	}
	r.Loaded = false
	if err := writeRecord(l.Folder, r); err != nil {
		return Loaded{}, err
	}
	if done, err = l.load(ctx, r.SignIns); err != nil {
		return done, err
	}
	r.Loaded, done.SignIns = true, r.SignIns
	return done, writeRecord(l.Folder, r)
}

func (l Library) load(ctx context.Context, signIns []SignIn) (done Loaded, err error) {
	now := time.Now()
	if l.Now != nil {
		now = l.Now()
	}
	works, err := Works()
	if err != nil {
		return done, err
	}
	ids, err := l.Catalogue.AddWorks(ctx, works)
	if err != nil {
		return done, fmt.Errorf("bring in %d titles: %w", len(works), err)
	}
	if len(ids) != len(works) {
		return done, fmt.Errorf("the catalogue gave %d ids for %d titles", len(ids), len(works))
	}
	done.Titles = len(ids)

	for _, p := range slices.Concat(staff(signIns), members(now)) {
		if err := l.Members.Enrol(ctx, p); err != nil {
			return done, fmt.Errorf("enrol %s: %w", p.Card, err)
		}
		done.Members++
	}
	if err := l.Circulation.Furnish(ctx, branches, itemTypes, rules, totals); err != nil {
		return done, fmt.Errorf("set up branches and rules: %w", err)
	}
	copies := copiesOf(works, ids)
	if err := l.Circulation.Shelve(ctx, copies); err != nil {
		return done, fmt.Errorf("shelve %d copies: %w", len(copies), err)
	}
	done.Copies = len(copies)

	loans, holds := loansAndHolds(works, ids, copies, now)
	for _, loan := range loans {
		if err := l.Circulation.Lend(ctx, loan); err != nil {
			return done, fmt.Errorf("lend %s to %s: %w", loan.Barcode, loan.Card, err)
		}
		done.Loans++
	}
	for _, hold := range holds {
		if err := l.Circulation.Hold(ctx, hold); err != nil {
			return done, fmt.Errorf("hold title %d for %s: %w", hold.BookID, hold.Card, err)
		}
		done.Holds++
	}
	return done, nil
}
