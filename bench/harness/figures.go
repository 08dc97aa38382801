package harness

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"text/tabwriter"
)

// Row is one figure: what was measured, of the thing and of its yardstick, and whether that is what was to be reached.
type Row struct {
	Suite    string  `json:"suite"`
	Figure   string  `json:"figure"`
	Baseline string  `json:"baseline,omitempty"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Ratio    float64 `json:"ratio,omitempty"` // of the thing to its yardstick: the median over the rounds
	Spread   string  `json:"spread,omitempty"`
	Goal     string  `json:"goal,omitempty"`
	Holds    bool    `json:"holds"`

	// Of a pattern that was measured off and on: its name in config.yaml, how far its dependencies were away, what is usually claimed of it, and
	// the value without it.
	Pattern  string  `json:"pattern,omitempty"`
	Distance string  `json:"distance,omitempty"`
	Claim    string  `json:"claim,omitempty"`
	Off      float64 `json:"off,omitempty"`
	Noise    string  `json:"noise,omitempty"` // of a value that may as well be 0: between what it lies
}

// Figures collects rows, and prints them as a table.
type Figures struct {
	Suite string
	Rows  []Row
	Notes []string
}

// Add takes in a row.
func (f *Figures) Add(r Row) {
	r.Suite = f.Suite
	r.Holds = r.Holds || r.Goal == "" // what has no goal is not missed
	f.Rows = append(f.Rows, r)
}

// Note adds a line of words below the table.
func (f *Figures) Note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// Print writes the table.
func (f *Figures) Print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tagainst\tvalue\tunit\tratio\tspread\tgoal\t")
	for _, r := range f.Rows {
		ratio, holds := "", "holds"
		if r.Ratio != 0 {
			ratio = fmt.Sprintf("%.3f", r.Ratio)
		}
		switch {
		case r.Goal == "":
			holds = ""
		case !r.Holds:
			holds = "MISSED"
		}
		fmt.Fprintf(table, "%s\t%s\t%.4g\t%s\t%s\t%s\t%s\t%s\n", r.Figure, r.Baseline, r.Value, r.Unit, ratio, r.Spread, r.Goal, holds)
	}
	_ = table.Flush()
	for _, note := range f.Notes {
		fmt.Fprintln(w, note)
	}
}

// Save writes the rows as JSON into a file, where one is named.
func (f *Figures) Save(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(f.Rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// Median gives the middle of values; NaN for none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Interval gives the 95 % interval of the median, by the order of the values (the sign test's). With fewer than six it is all of them.
func Interval(values []float64) (low, high float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n, k, below := len(sorted), 0, 0.0
	for k < n/2 {
		below += math.Exp(logChoose(n, k) - float64(n)*math.Ln2)
		if below > 0.025 {
			break
		}
		k++
	}
	k = max(1, k)
	return sorted[k-1], sorted[n-k]
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// Spread writes the interval of the median.
func Spread(values []float64) string {
	low, high := Interval(values)
	return fmt.Sprintf("%.3g–%.3g (%d)", low, high, len(values))
}

// Short writes a value with four digits, and never with an exponent.
func Short(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// Ratios divides pairwise.
func Ratios(values, yardstick []float64) []float64 {
	ratios := make([]float64, min(len(values), len(yardstick)))
	for i := range ratios {
		ratios[i] = values[i] / yardstick[i]
	}
	return ratios
}
