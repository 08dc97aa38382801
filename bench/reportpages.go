package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"bookvault/bench/harness"
)

// machine is what was measured on; it is written beside the rows when they are.
type machine struct {
	Processor  string `json:"processor"`
	Cores      int    `json:"cores"`
	MemoryGiB  int    `json:"memory_gib"`
	System     string `json:"system"`
	Go         string `json:"go"`
	PostgreSQL string `json:"postgresql"`
	Redis      string `json:"redis"`
	Day        string `json:"day"`
}

func thisMachine(ctx context.Context, day string) machine {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version(), Day: day}
	said := func(program string, args ...string) string {
		out, _ := exec.CommandContext(ctx, program, args...).Output() // what is not there is not named
		return strings.TrimSpace(string(out))
	}
	m.System, m.PostgreSQL, m.Redis = said("uname", "-sr"), said("psql", "--version"), said("redis-server", "--version")
	if words := strings.Fields(m.Redis); len(words) > 2 {
		m.Redis = words[2]
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d", &kib); err == nil {
			m.MemoryGiB = (kib + 1<<19) >> 20
		}
	}
	return m
}

// saveMachine writes it beside the rows of a suite.
func saveMachine(ctx context.Context, rows, day string) error {
	if rows == "" {
		return nil
	}
	text, err := json.MarshalIndent(thisMachine(ctx, day), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(rows), "machine.json"), append(text, '\n'), 0o644)
}

// benchReport makes pages of rows that suites have written (-json): docs/PERFORMANCE.md with its charts, and the last column of
// docs/PATTERNS.md.
func benchReport(_ context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	docs := flags.String("docs", "docs", "folder of the pages; the rows are in performance/ below it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rows, on, err := readRows(filepath.Join(*docs, "performance"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*docs, "PERFORMANCE.md"), []byte(performancePage(rows, on)), 0o644); err != nil {
		return err
	}
	for name, chart := range charts(rows) {
		if err := os.WriteFile(filepath.Join(*docs, "performance", name+".svg"), []byte(chart), 0o644); err != nil {
			return err
		}
	}
	page := filepath.Join(*docs, "PATTERNS.md")
	text, err := os.ReadFile(page)
	if err == nil {
		err = os.WriteFile(page, []byte(withGains(string(text), rows)), 0o644)
	}
	out.say("%d rows in docs/PERFORMANCE.md", len(rows))
	return err
}

// readRows reads what suites wrote, in the order of the files' names.
func readRows(folder string) (rows []harness.Row, on machine, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, on, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, on, err
		}
		if filepath.Base(file) == "machine.json" {
			if err := json.Unmarshal(text, &on); err != nil {
				return nil, on, fmt.Errorf("read %s: %w", file, err)
			}
			continue
		}
		var some []harness.Row
		if err := json.Unmarshal(text, &some); err != nil {
			return nil, on, fmt.Errorf("read %s: %w", file, err)
		}
		for _, r := range some {
			if slices.ContainsFunc(rows, func(other harness.Row) bool { return sameFigure(r, other) }) {
				return nil, on, fmt.Errorf("%s says once more what %s, %q at %s, is: leave out one of the files", file, cmp.Or(r.Pattern, r.Suite), r.Figure, at(r))
			}
		}
		rows = append(rows, some...)
	}
	if len(rows) == 0 {
		return nil, on, fmt.Errorf("there are no rows in %s: go run ./bench patterns -json %s/patterns.json makes some", folder, folder)
	}
	return rows, on, nil
}

// sameFigure tells whether two rows measure one thing, of which the page can say one value.
func sameFigure(a, b harness.Row) bool {
	return cmp.Or(a.Pattern, a.Suite) == cmp.Or(b.Pattern, b.Suite) && a.Figure == b.Figure && at(a) == at(b)
}

// at says at which distance a row was measured. One that does not say was on loopback.
func at(r harness.Row) string { return cmp.Or(r.Distance, distances[0].name) }

// number writes a value with three digits that count.
func number(v float64) string {
	switch {
	case v >= 1000:
		text := fmt.Sprintf("%.0f", v)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
}

// unclear gives what the rounds lay between, of the value without a pattern, where some were better with it and some without.
func unclear(r harness.Row) (between string, is bool) {
	var low, high float64
	if _, err := fmt.Sscanf(r.Spread, "%g–%g", &low, &high); err != nil || r.Suite != "patterns" || r.Off == 0 || low >= 1 || high <= 1 {
		return "", false
	}
	return fmt.Sprintf("%.2f to %.2f x", low, high), true
}

// change words what a ratio means, and how sure the value is.
func change(r harness.Row) (text string) {
	between, same := unclear(r)
	switch {
	case r.Suite == "patterns" && number(r.Off) == number(r.Value): // to the digits that are shown, such as none at all
		return ""
	case same && r.Noise == "":
		return "no clear difference, " + between
	case r.Ratio == 0:
		return ""
	case r.Ratio >= 3:
		text = fmt.Sprintf("%.1f x", r.Ratio)
	case r.Ratio < 0.02:
		text = fmt.Sprintf("%+.1f %%", (r.Ratio-1)*100)
	default:
		text = fmt.Sprintf("%+.0f %%", (r.Ratio-1)*100)
	}
	if r.Noise != "" {
		text += ", within noise: " + r.Noise
	}
	return text
}

// byPattern groups rows by their pattern, in the order in which each first comes.
func byPattern(rows []harness.Row) (names []string, of map[string][]harness.Row) {
	of = map[string][]harness.Row{}
	for _, r := range rows {
		name := cmp.Or(r.Pattern, r.Suite)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		of[name] = append(of[name], r)
	}
	return names, of
}
