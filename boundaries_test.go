package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The rule of the house: imports point down, main -> modules -> modules/<m>/{api,layers,postgres} -> modules/<m> -> platform ->
// libraries, and a technology stays in its room. The names of rooms are paths inside the Go module.

// technologies are libraries that only the listed rooms may import; * stands for the name of one module.
var technologies = map[string][]string{
	"gorm.io/":                        {"platform/database", "modules/*/postgres", "bench"},
	"github.com/jackc/pgx/":           {"platform/database", "platform/ledger", "platform/doctor", "platform/queue/aside", "modules/*/postgres", "bench"},
	"database/sql":                    {"platform/database", "modules/*/postgres"},
	"github.com/pressly/goose/":       {"platform/database"},
	"github.com/gin-gonic/gin":        {"platform/rest", "bench"}, // the bench has a plain program to compare with
	"github.com/danielgtaylor/huma/":  {"platform/rest", "modules/*/api"},
	"github.com/knadh/koanf/":         {"platform/config"},
	"github.com/alecthomas/kong":      {""},
	"bookvault/platform/config":       {"platform/config", "platform/doctor", "modules", "bench", ""},
	"bookvault/platform/rest":         {"platform/rest", "modules", "modules/*/api"},
	"bookvault/platform/gateway":      {"platform/gateway", "modules", "modules/*/api"},
	"bookvault/platform/database":     {"platform/database", "platform/gateway", "platform/doctor", "platform/queue/aside", "modules", "modules/*/postgres", "bench"},
	"github.com/dgraph-io/ristretto/": {"platform/cache"},
	"github.com/gomodule/redigo/":     {"platform/cache"},
	"github.com/wneessen/go-mail":     {"platform/mail"},
	"github.com/emersion/":            {"platform/mail/mailtest"},
	"github.com/failsafe-go/":         {"platform/resilience", "modules/*/layers"},
	"github.com/nats-io/":             {"platform/queue", "bench"}, // the bench has a server of it fail
	"go.opentelemetry.io/":            {"platform/telemetry", "platform/database"},
	"golang.org/x/crypto/acme":        {"platform/gateway"},
}

// innerRooms are the folders of a module that its other folders may not import: only modules.go hands them over.
var innerRooms = []string{"postgres", "layers", "api"}

// breaches lists every import in the tree that breaks the rule, as "room: imports path: why". Tests may import what they
// need, since they are no part of the program.
func breaches(tree fs.FS) ([]string, error) {
	var found []string
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); name != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "data") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
		if err != nil {
			return fmt.Errorf("read the imports of %s: %w", file, err)
		}
		room := strings.TrimPrefix(path.Dir(file), ".")
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("read an import of %s: %w", file, err)
			}
			if why := breach(room, imported); why != "" {
				found = append(found, fmt.Sprintf("%s: imports %s: %s", file, imported, why))
			}
		}
		return nil
	})
	return found, err
}

// breach says why a room may not import a path, or nothing.
func breach(room, imported string) string {
	for technology, rooms := range technologies {
		if strings.HasPrefix(imported+"/", strings.TrimSuffix(technology, "/")+"/") && !slices.ContainsFunc(rooms, func(r string) bool { return within(room, r) }) {
			return fmt.Sprintf("only %q may", rooms)
		}
	}
	inside, ours := strings.CutPrefix(imported, "bookvault/")
	if !ours {
		return ""
	}
	top := strings.Split(inside, "/")
	switch from := strings.Split(room, "/"); {
	case top[0] == from[0] && from[0] == "bench":
		return ""
	case top[0] == "bench" || top[0] == "e2e":
		return "nothing in the program imports what measures it"
	case from[0] == "bench", room == "", room == "modules":
		return "" // main and the assembly see everything below them; the bench stands outside
	case from[0] == "platform" && top[0] == "modules":
		return "the platform knows no module"
	case from[0] == "modules":
		return moduleBreach(from, top)
	}
	return ""
}

// moduleBreach judges an import from inside a module.
func moduleBreach(from, to []string) string {
	if to[0] != "modules" {
		return ""
	}
	switch {
	case len(to) == 1:
		return "a module does not know the assembly"
	case to[1] != from[1]:
		return "two modules meet only in modules/modules.go"
	case len(to) > 2 && len(from) == 2:
		return "the domain knows none of its rooms"
	case len(to) > 2 && slices.Contains(innerRooms, to[2]) && to[2] != from[2]:
		return "rooms of a module meet only in modules/modules.go"
	}
	return ""
}

// within tells whether a room is the named one or lies in it. "modules" and "" are meant exactly.
func within(room, named string) bool {
	if named == "" || named == "modules" {
		return room == named
	}
	have, want := strings.Split(room, "/"), strings.Split(named, "/")
	if len(have) < len(want) {
		return false
	}
	for i, part := range want {
		if part != "*" && part != have[i] {
			return false
		}
	}
	return true
}

func TestImportsPointDown(t *testing.T) {
	found, err := breaches(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found {
		t.Error(line)
	}
}

// A check that cannot fail protects nothing: here is a tree with one breach of each kind, and good imports beside them.
func TestTheBoundaryTestCanFail(t *testing.T) {
	bad := map[string]string{
		"platform/cache/x.go":           "bookvault/modules/catalog",
		"platform/telemetry/x.go":       "gorm.io/gorm",
		"modules/catalog/x.go":          "bookvault/modules/borrowing",
		"modules/catalog/gorm.go":       "gorm.io/gorm",
		"modules/catalog/own.go":        "bookvault/modules/catalog/postgres",
		"modules/catalog/db.go":         "bookvault/platform/database",
		"modules/catalog/conf.go":       "bookvault/platform/config",
		"modules/catalog/up.go":         "bookvault/modules",
		"modules/catalog/api/x.go":      "bookvault/modules/catalog/postgres",
		"modules/catalog/api/sql.go":    "database/sql",
		"modules/catalog/api/gin.go":    "github.com/gin-gonic/gin",
		"modules/catalog/layers/x.go":   "bookvault/modules/catalog/api",
		"modules/catalog/postgres/x.go": "bookvault/modules/members/postgres",
		"modules/members/x/deep/x.go":   "bookvault/modules/members/api",
		"modules/modules.go":            "gorm.io/gorm",
		"main.go":                       "bookvault/bench/suites",
	}
	good := map[string]string{
		"main2.go":                           "bookvault/modules",
		"modules/serve.go":                   "bookvault/modules/catalog/postgres",
		"modules/catalog/good.go":            "bookvault/platform/problem",
		"modules/catalog/api/good.go":        "bookvault/modules/catalog",
		"modules/catalog/postgres/good.go":   "gorm.io/gorm/clause",
		"modules/catalog/importing/good.go":  "bookvault/modules/catalog",
		"platform/database/embedded/good.go": "github.com/jackc/pgx/v5",
		"platform/rest/good.go":              "github.com/gin-gonic/gin",
		"modules/catalog/good_test.go":       "gorm.io/gorm",
		"bench/main.go":                      "bookvault/modules/catalog",
	}
	tree := fstest.MapFS{}
	for _, files := range []map[string]string{bad, good} {
		for file, imported := range files {
			tree[file] = &fstest.MapFile{Data: fmt.Appendf(nil, "package x\nimport _ %q\n", imported)}
		}
	}
	found, err := breaches(tree)
	if err != nil {
		t.Fatal(err)
	}
	for file := range bad {
		if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, file+": ") }) {
			t.Errorf("%s imports %s, and the test said nothing", file, bad[file])
		}
	}
	if len(found) != len(bad) {
		t.Errorf("%d breaches found, %d planted:\n%s", len(found), len(bad), strings.Join(found, "\n"))
	}
}
