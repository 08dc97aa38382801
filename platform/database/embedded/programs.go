package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OldestMajor is the oldest major version of PostgreSQL that BookVault runs on (UNIQUE NULLS NOT DISTINCT came with it).
const OldestMajor = 15

// ErrNoPrograms says that PostgreSQL's programs are not on this machine, or are too old.
var ErrNoPrograms = errors.New("PostgreSQL is not installed")

// ErrOtherMajor says that the data folder belongs to a major version whose programs are not here. Nothing was touched.
var ErrOtherMajor = errors.New("the data folder was made by another major version of PostgreSQL")

const install = "install PostgreSQL 15 or newer with its contrib modules (Debian, Ubuntu: apt-get install postgresql; " +
	"Fedora: dnf install postgresql-server postgresql-contrib; macOS: brew install postgresql@17), " +
	"or set database.embedded.programs to the folder that holds its programs"

// Programs is one installed PostgreSQL.
type Programs struct {
	Bin     string // the folder with initdb, postgres and pg_basebackup
	Major   int    // such as 15
	Version string // such as "15.18"
}

func (p Programs) path(program string) string { return filepath.Join(p.Bin, program) }

var needed = []string{"postgres", "initdb", "pg_basebackup"}

// FindPrograms looks for PostgreSQL's programs: in setting alone if it is given; else on PATH, where pg_config points, and
// where Debian, Fedora, Homebrew and Postgres.app put them, newest first. When major is not 0 it must be that major version.
func FindPrograms(ctx context.Context, setting string, major int) (Programs, error) {
	folders := []string{setting}
	if setting == "" {
		folders = likelyFolders(ctx)
	}
	var others []string
	for _, bin := range folders {
		found, err := inspect(ctx, bin)
		switch {
		case err != nil && setting != "":
			return Programs{}, fmt.Errorf("database.embedded.programs: %w; %s", err, install)
		case err != nil:
		case major != 0 && found.Major != major, found.Major < OldestMajor:
			others = append(others, found.Version+" in "+found.Bin)
		default:
			return found, nil
		}
	}
	switch {
	case major != 0:
		return Programs{}, fmt.Errorf("%w: %d, and of that version no programs are here (found: %s); install PostgreSQL %d, or dump the data "+
			"with its programs and load it into a new folder; nothing was touched", ErrOtherMajor, major, listed(others), major)
	case len(others) > 0:
		return Programs{}, fmt.Errorf("%w in a version that is new enough (found: %s); %s", ErrNoPrograms, listed(others), install)
	}
	return Programs{}, fmt.Errorf("%w; %s", ErrNoPrograms, install)
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// likelyFolders gives the folders worth a look, in order. Symbolic links are followed, since a folder such as /usr/local/bin
// may hold links to some of the programs only.
func likelyFolders(ctx context.Context) []string {
	var folders []string
	add := func(folder string) {
		if !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			add(filepath.Dir(real))
		}
		add(filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		add(strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                        // Fedora, with PostgreSQL's own packages
		"/opt/homebrew/opt/postgresql*/bin",                       // macOS, Apple silicon
		"/usr/local/opt/postgresql*/bin",                          // macOS, Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",          // Homebrew on Linux
		"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
		"/usr/bin", // Fedora
	} {
		matches, _ := filepath.Glob(pattern)
		slices.SortFunc(matches, func(a, b string) int { return numberIn(b) - numberIn(a) })
		for _, m := range matches {
			add(m)
		}
	}
	return folders
}

var digits = regexp.MustCompile(`\d+`)

func numberIn(path string) int {
	n, _ := strconv.Atoi(digits.FindString(path))
	return n
}

var versionLine = regexp.MustCompile(`PostgreSQL\) ((\d+)[.\w]*)`)

// inspect looks whether a folder holds all the programs that are needed, and of which version.
func inspect(ctx context.Context, bin string) (Programs, error) {
	for _, program := range needed {
		info, err := os.Stat(filepath.Join(bin, program))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return Programs{}, fmt.Errorf("%s has no program %s", bin, program)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return Programs{}, fmt.Errorf("asking %s/postgres for its version: %w", bin, err)
	}
	m := versionLine.FindStringSubmatch(string(out))
	if m == nil {
		return Programs{}, fmt.Errorf("%s/postgres gives the version %q, which is not understood", bin, out)
	}
	major, _ := strconv.Atoi(m[2])
	return Programs{Bin: bin, Major: major, Version: m[1]}, nil
}

// dataMajor reads the major version that made a data folder: 0 when there is no folder yet.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Lstat(data); errors.Is(err, os.ErrNotExist) {
			return 0, nil
		}
		return 0, fmt.Errorf("%s is there but is not a PostgreSQL data folder (it has no PG_VERSION); move it away, or set database.embedded.data to another folder", data)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the version of the data folder: %w", err)
	}
	var major int
	if _, err := fmt.Sscanf(string(text), "%d", &major); err != nil || major <= 0 {
		return 0, fmt.Errorf("%s/PG_VERSION holds %q, which is not a version of PostgreSQL", data, text)
	}
	return major, nil
}
