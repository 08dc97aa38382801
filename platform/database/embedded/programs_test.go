package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindPrograms(t *testing.T) {
	found, err := FindPrograms(t.Context(), "", 0)
	if errors.Is(err, ErrNoPrograms) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if found.Major < OldestMajor || !strings.HasPrefix(found.Version, strings.Split(found.Version, ".")[0]) {
		t.Errorf("found %+v", found)
	}
	again, err := FindPrograms(t.Context(), found.Bin, found.Major)
	if err != nil || again != found {
		t.Errorf("by setting: %+v, %v", again, err)
	}
}

// fakePrograms makes a folder whose programs say that they are of a version.
func fakePrograms(t *testing.T, version string, names ...string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range names {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func TestProgramsThatWillNotDoAreExplained(t *testing.T) {
	for name, c := range map[string]struct {
		bin  string
		want error
		says string
	}{
		"one is missing": {fakePrograms(t, "16.3", "postgres", "initdb"), nil, "pg_basebackup"},
		"too old":        {fakePrograms(t, "14.11", needed...), ErrNoPrograms, "14.11"},
		"not understood": {fakePrograms(t, "blue", needed...), nil, "not understood"},
		"no folder":      {"/nowhere", nil, "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FindPrograms(t.Context(), c.bin, 0)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || (c.want != nil && !errors.Is(err, c.want)) {
				t.Errorf("answered %v", err)
			}
		})
	}
	beta, err := FindPrograms(t.Context(), fakePrograms(t, "19beta1", needed...), 0)
	if err != nil || beta.Major != 19 || beta.Version != "19beta1" {
		t.Errorf("a beta: %+v, %v", beta, err)
	}
}

// The programs of the data's own major version are taken, even where another one comes first.
func TestProgramsOfTheDatasOwnVersion(t *testing.T) {
	t.Setenv("PATH", fakePrograms(t, "99.1", needed...))
	first, err := FindPrograms(t.Context(), "", 0)
	if err != nil || first.Major != 99 {
		t.Fatalf("PATH comes first: %+v, %v", first, err)
	}
	if own, err := FindPrograms(t.Context(), "", 15); err == nil && own.Major != 15 {
		t.Errorf("for data of 15: %+v", own)
	}
	if _, err := FindPrograms(t.Context(), "", 98); !errors.Is(err, ErrOtherMajor) || !strings.Contains(err.Error(), "99.1") {
		t.Errorf("for data of 98: %v", err)
	}
}
