package borrowing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
)

// state is what a walk compares of the row that it looks at.
type state struct {
	status  string
	version int
}

// walk does what every column of some tables says in the situation of every row, each time in a scene of its own, and compares what
// becomes of what it looks at. A refusal changes nothing at all. It tells moved of each cell, and gives the rows.
func (l *library) walk(tables []string, own map[string]doing, arrange func(int, string) *scene, look func(*scene) state, moved func(s *scene, column string, before, after state)) (rows []string) {
	l.t.Helper()
	title, at := 0, ""
	defer func() {
		if l.t.Failed() {
			l.t.Logf("the walk came as far as %s", at)
		}
	}()
	for _, table := range tables {
		lines := strings.Split(strings.Trim(table, "\n"), "\n")
		columns := cells(lines[0])
		for _, line := range lines[1:] {
			row := cells(line)
			rows = append(rows, row[0])
			if len(row) != len(columns) {
				l.t.Fatalf("%s has %d cells under %d columns", row[0], len(row), len(columns))
			}
			for i, want := range row {
				if i == 0 || want == "." {
					continue
				}
				title++
				at = row[0] + ", " + columns[i]
				s := arrange(title, row[0])
				before, events := look(s), l.count("borrowing.events")
				err := doingOf(l.t, columns[i], own).do(s)
				after := look(s)
				got := after.status
				if err != nil {
					got = "!" + code(err)
					if before != after || events != l.count("borrowing.events") {
						l.t.Errorf("%s: refused, and yet it became %+v after %+v", at, after, before)
					}
				}
				if got != want {
					l.t.Errorf("%s: %s, want %s (%v)", at, got, want, err)
				}
				moved(s, columns[i], before, after)
			}
			l.consistent() // each cell has a title of its own: what one broke, the next does not mend
		}
	}
	return rows
}

// doingOf finds what a column does: a walk has commands of its own beside those of all.
func doingOf(t testing.TB, column string, own map[string]doing) doing {
	t.Helper()
	do, known := commands[column]
	if !known {
		do, known = own[column]
	}
	if !known {
		t.Fatalf("there is no command %q", column)
	}
	return do
}

// everyStep compares the steps that a walk saw with those of the state machine, but for those that it cannot see.
func everyStep(t *testing.T, seen map[borrowing.Step]bool, allowed []borrowing.Step, unseen func(borrowing.Step) bool) {
	t.Helper()
	for step := range seen {
		if !slices.Contains(allowed, step) {
			t.Errorf("the state machine does not know that %+v", step)
		}
	}
	for _, step := range allowed {
		if !seen[step] && !unseen(step) {
			t.Errorf("nothing does what the state machine allows: %+v", step)
		}
	}
}

// cause is the event that made a version of a loan or a hold: it is what their state machines call a move by.
func (l *library) cause(stream string, id int64, version int) (event string) {
	l.t.Helper()
	must(l.t, l.db.Pool().QueryRow(context.Background(), "SELECT type FROM borrowing.events WHERE stream = $1 AND version = $2", fmt.Sprintf("%s/%d", stream, id), version).Scan(&event))
	return event
}

// cells takes a line of a table apart.
func cells(line string) []string {
	list := strings.Split(line, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
