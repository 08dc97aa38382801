package importing

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Command is `bookvault import`: one file, in this process, with progress for whoever waits.
type Command struct {
	Jobs     Jobs
	Limits   Limits
	Out      io.Writer // the last line: created C, changed H, unchanged U, refused R
	Err      io.Writer // progress, and the first refused rows
	Terminal bool      // Err is a terminal: progress is a bar there, and plain lines otherwise
}

const (
	refusedShown = 20              // refused rows that are printed; --refused writes all to a file
	leftOutShown = 5               // and left-out facts
	linesApart   = 5 * time.Second // between two plain lines of progress
)

// Run imports the file at path ("-" is standard input). refused is a file for everything that was refused or left out; empty
// for none. The error says after which line it stopped, when it stopped.
func (c *Command) Run(ctx context.Context, path string, opts Options, refused string) (err error) {
	file, size, name, err := openFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	reader, err := NewReader(file, opts, c.Limits, 0)
	if err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	list, err := newFindingsFile(refused)
	if err != nil {
		return err
	}
	defer func() {
		if closed := list.close(); err == nil {
			err = closed
		}
	}()
	id, store, err := c.Jobs.Begin(ctx, Job{FileName: name, Options: opts, BytesTotal: size})
	if err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	kind := "importing"
	if opts.DryRun {
		kind = "dry run, nothing is written:"
	}
	c.say("%s %s as %s (%s)", kind, name, reader.Source(), reader.Encoding())
	meter := c.newMeter(size)
	refusedRows, leftOut := 0, 0
	totals, err := Run(ctx, store, reader, opts, Totals{}, size, func(p Progress) {
		for _, f := range p.Findings {
			seen, most := &leftOut, leftOutShown
			if f.Refused {
				seen, most = &refusedRows, refusedShown
			}
			if *seen++; *seen <= most {
				meter.clear()
				c.say("%s", f)
			}
			list.add(f)
		}
		meter.show(p)
	})
	meter.end()
	if refusedRows > refusedShown || leftOut > leftOutShown {
		where := "--refused FILE lists them all"
		if refused != "" {
			where = refused + " lists them all"
		}
		c.say("%d rows were refused and %d facts left out; %s", refusedRows, leftOut, where)
	}
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	// Also when Ctrl-C ended it: the record says where it stopped.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	ended := c.Jobs.Finish(ending, id, 1, failure)
	if err != nil {
		return fmt.Errorf("import %s: %w; so far: %s. What was imported stays; import the file again to go on", name, err, totals)
	}
	if ended != nil {
		return ended
	}
	_, err = fmt.Fprintln(c.Out, totals)
	return err
}

func (c *Command) say(format string, args ...any) { _, _ = fmt.Fprintf(c.Err, format+"\n", args...) }

// openFile opens the file and says how large it is; 0 when that is not known.
func openFile(path string) (file io.ReadCloser, size int64, name string, err error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), 0, "standard input", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, "", err // names the file and the reason
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, "", err
	}
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, filepath.Base(path), nil
}

// meter shows how far a run is.
type meter struct {
	command *Command
	bar     *progressbar.ProgressBar
	next    time.Time
}

func (c *Command) newMeter(size int64) *meter {
	m := &meter{command: c, next: time.Now().Add(linesApart)}
	if c.Terminal {
		if size <= 0 {
			size = -1 // the bar becomes a spinner
		}
		m.bar = progressbar.NewOptions64(size, progressbar.OptionSetWriter(c.Err), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetWidth(30),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionClearOnFinish())
	}
	return m
}

func (m *meter) show(p Progress) {
	words := fmt.Sprintf("%d rows, %.0f rows/s", p.Rows, p.Rate())
	if left := p.Left(); left > 0 {
		words += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	if m.bar != nil {
		m.bar.Describe(words)
		_ = m.bar.Set64(p.BytesRead)
		return
	}
	if now := time.Now(); now.After(m.next) {
		m.next = now.Add(linesApart)
		m.command.say("%3d%%  %s", p.Percent(), words)
	}
}

// clear makes room for a line above the bar.
func (m *meter) clear() {
	if m.bar != nil {
		_ = m.bar.Clear()
	}
}

func (m *meter) end() {
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}

// findingsFile is the list of what was refused or left out, as CSV.
type findingsFile struct {
	file *os.File
	out  *bufio.Writer
	csv  *csv.Writer
}

func newFindingsFile(path string) (*findingsFile, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriter(file)
	l := &findingsFile{file: file, out: out, csv: csv.NewWriter(out)}
	_ = l.csv.Write([]string{"line", "what", "field", "reason", "value"})
	return l, nil
}

func (l *findingsFile) add(f Finding) {
	if l == nil {
		return
	}
	what := "left out"
	if f.Refused {
		what = "refused"
	}
	_ = l.csv.Write([]string{strconv.FormatInt(f.Line, 10), what, f.Field, f.Reason, f.Value}) // csv keeps the first error for close
}

func (l *findingsFile) close() error {
	if l == nil {
		return nil
	}
	l.csv.Flush()
	if err := errors.Join(l.csv.Error(), l.out.Flush(), l.file.Close()); err != nil {
		return fmt.Errorf("write the list of refused rows: %w", err)
	}
	return nil
}
