// Package doctor examines an installation and says, a line a finding, what is well, what will become a problem, what is
// broken, and the mend. It changes nothing.
//
// It asks the same questions that a start would stumble over, all of them instead of the first. machine.go looks at folders,
// disk and ports, database.go at PostgreSQL and the clock. The room above is modules/commands.go, which lends the database.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"bookvault/platform/config"
)

// ErrIll says that at least one finding was bad. The findings were printed already.
var ErrIll = errors.New("something is wrong, see above")

// Database is the PostgreSQL that the doctor may question.
type Database struct {
	Primary  string // addresses
	Direct   string
	Replicas []string
	Note     string // what it is, for a person
}

// Patient is what is examined.
type Patient struct {
	Settings *config.Config
	Folder   string // of the private PostgreSQL
	// Migrations are the ones this program knows.
	Migrations fs.FS
	// Database lends the database; it is called at most once, and only when there is one or one was given.
	Database func(context.Context) (Database, error)
	// Kept tells what the library's database holds about people, and for them; it is asked once the database is found well. It may be nil.
	Kept func(context.Context) ([]Keeping, error)
}

// Keeping is one line about what the library keeps: about people, or for them. A mend says that it is not as it should be.
type Keeping struct {
	Subject, Says, Mend string
}

type grade string

const (
	well    grade = "ok"
	warning grade = "warn"
	bad     grade = "bad"
)

// finding is one line: what was looked at, how it is, and what to do if it is not well.
type finding struct {
	grade   grade
	subject string
	says    string
	mend    string
}

// report collects findings and prints each when it is made, since some take their time.
type report struct {
	to  io.Writer
	ill bool
}

func (r *report) add(f finding) {
	r.ill = r.ill || f.grade == bad
	line := fmt.Sprintf("%-5s %-12s %s", f.grade, f.subject, oneLine(f.says))
	if f.mend != "" {
		line += "\n" + strings.Repeat(" ", 19) + "mend: " + oneLine(f.mend)
	}
	_, _ = fmt.Fprintln(r.to, line) // nobody may be looking
}

func (r *report) ok(subject, says string, args ...any) {
	r.add(finding{well, subject, fmt.Sprintf(says, args...), ""})
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Settings reports a configuration that cannot be loaded, which ends the examination. It returns ErrIll.
func Settings(to io.Writer, err error) error {
	r := &report{to: to}
	if refused, isSetting := errors.AsType[*config.Error](err); isSetting {
		without := *refused
		without.Mend = ""
		r.add(finding{bad, "settings", strings.TrimSuffix(without.Error(), "; "), refused.Mend})
	} else {
		r.add(finding{bad, "settings", err.Error(), "correct the settings"})
	}
	return ErrIll
}

// Examine looks at everything and prints what it finds. It returns ErrIll when something is bad.
func Examine(ctx context.Context, to io.Writer, p Patient) error {
	r := &report{to: to}
	r.ok("settings", "every key is known and every value can be used; the library is %q in %s, charging in %s",
		p.Settings.Library.Name, p.Settings.Library.TimeZone, p.Settings.Library.Currency)
	exists := p.machine(ctx, r)
	p.ports(ctx, r)
	if exists {
		p.database(ctx, r)
	}
	if r.ill {
		return ErrIll
	}
	return nil
}
