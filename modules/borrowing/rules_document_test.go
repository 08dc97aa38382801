package borrowing_test

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryRuleHasItsTests holds docs/CIRCULATION.md against the code: each rule names tests, and each test named there exists.
func TestEveryRuleHasItsTests(t *testing.T) {
	exists := map[string]bool{}
	must(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				exists[f.Name.Name] = true
			}
		}
		return nil
	}))
	rules, err := os.Open("../../docs/CIRCULATION.md")
	must(t, err)
	defer func() { _ = rules.Close() }()
	named, count := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`"), 0
	for lines := bufio.NewScanner(rules); lines.Scan(); {
		cells := strings.Split(strings.Trim(lines.Text(), "|"), "|")
		if !strings.HasPrefix(lines.Text(), "| ") || strings.TrimSpace(cells[0]) == "rule" {
			continue
		}
		count++
		tests := named.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(tests) == 0 {
			t.Errorf("no test is named for: %s", cells[0])
		}
		for _, name := range tests {
			if !exists[name[1]] {
				t.Errorf("%s does not exist; it is named for: %s", name[1], cells[0])
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d rules were read", count)
	}
}
