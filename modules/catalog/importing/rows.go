package importing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Row is one record of the file, decoded. Its values are good for ever.
type Row struct {
	Line, LastLine int64 // physical lines, from 1; a quoted value may hold line breaks
	Bytes          int
	Values         []string
}

// Rows cuts a Source into rows. Unlike encoding/csv it goes on after damage: a row that cannot be right is reported as a
// Finding, and reading begins again on the next physical line, so that one stray quote costs one line and not the rest of
// the file. Memory is bounded by Limits.RowBytes.
type Rows struct {
	src     *Source
	limits  Limits
	cut     cutter
	header  []string
	window  []byte // what was read and not yet consumed is window[from:]
	from    int
	readErr error // how reading ended; io.EOF is the good end
	line    int64 // physical line of window[from]
	// Going back after a row that ran away costs reading its bytes again. A file made to do that on every line would take
	// hours, so going back has a budget; beyond it the whole run-away is skipped.
	consumed, reread int64
}

const (
	rereadFree  = 16 << 20 // bytes
	rereadShare = 4        // times what was consumed
)

// NewRows finds out the delimiter and reads the header. delimiter 0 means that it is detected.
func NewRows(src *Source, delimiter byte, limits Limits) (*Rows, error) {
	r := &Rows{src: src, limits: limits.withDefaults(), line: 1}
	if err := r.fill(); err != nil {
		return nil, err
	}
	if bytes.IndexByte(r.window, '\n') < 0 && bytes.IndexByte(r.window, '\r') >= 0 {
		r.cut.eol = '\r' // a file of the old Macintosh
	} else {
		r.cut.eol = '\n'
	}
	if declared, n := declaredDelimiter(r.window); n > 0 {
		r.advance(n)
		r.cut.delimiter = declared
	} else {
		r.cut.delimiter = detectDelimiter(r.window, r.cut.eol)
	}
	if delimiter != 0 {
		r.cut.delimiter = delimiter
	}
	head, finding, err := r.Read()
	switch {
	case err == io.EOF:
		return nil, unreadable("it is empty")
	case err != nil:
		return nil, err
	case finding != nil:
		return nil, unreadable("its header: %s", finding.Reason)
	case len(head.Values) > r.limits.Columns:
		return nil, unreadable("its header has %d columns; the bound is %d", len(head.Values), r.limits.Columns)
	}
	r.header = head.Values
	return r, nil
}

// Header gives the names of the columns as they stand in the file.
func (r *Rows) Header() []string { return r.header }

// Line is the physical line that is read next.
func (r *Rows) Line() int64 { return r.line }

// Read gives the next row, or what is wrong with it, or how the file ended: io.EOF, or an error that says where.
func (r *Rows) Read() (Row, *Finding, error) {
	for {
		if n := r.blank(); n > 0 {
			r.advance(n)
			continue
		}
		rest := r.window[r.from:]
		ended := r.readErr == io.EOF
		if len(rest) == 0 && r.readErr != nil {
			return Row{}, nil, r.end()
		}
		n, how := r.cut.record(rest, ended)
		if how == cutShort && len(rest) <= r.limits.RowBytes {
			if r.readErr != nil { // broken off, for example in the middle of a .gz
				return Row{}, nil, r.end()
			}
			if err := r.fill(); err != nil {
				return Row{}, nil, err
			}
			continue
		}
		if how != cutWhole || n > r.limits.RowBytes || r.suspicious(rest[:n]) {
			return r.damaged(rest, n, how)
		}
		return r.decode(rest[:n], n)
	}
}

// blank gives the length of an empty line at the place of reading, 0 when there is none.
func (r *Rows) blank() int {
	rest := r.window[r.from:]
	switch {
	case len(rest) > 0 && rest[0] == r.cut.eol:
		return 1
	case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
		return 2
	}
	return 0
}

// suspicious says that a record that was cut whole cannot be trusted: it has the wrong number of values, or it runs over
// several lines and has quotes in odd places, which is how a stray quote swallows the rows after it.
func (r *Rows) suspicious(record []byte) bool {
	if r.header != nil && !r.fits() {
		return true
	}
	return r.cut.oddQuotes && bytes.IndexByte(bytes.TrimRight(record, "\r\n"), r.cut.eol) >= 0
}

// fits compares the number of values with the header's. Spreadsheets add empty values at the end; those are taken off.
func (r *Rows) fits() bool {
	for len(r.cut.fields) > len(r.header) && len(r.cut.fields[len(r.cut.fields)-1]) == 0 {
		r.cut.fields = r.cut.fields[:len(r.cut.fields)-1]
	}
	return len(r.cut.fields) == len(r.header)
}

// damaged reports the row at the place of reading and decides where to go on: after its first physical line.
func (r *Rows) damaged(rest []byte, n int, how cutResult) (Row, *Finding, error) {
	reason := "a quote is opened and never closed"
	switch {
	case how == cutWhole && n <= r.limits.RowBytes && r.header != nil && len(r.cut.fields) != len(r.header):
		reason = fmt.Sprintf("it has %d values, the header has %d", len(r.cut.fields), len(r.header))
	case how == cutWhole && n <= r.limits.RowBytes:
		reason = "a quote stands in an odd place, and the value seems to run into the next line"
	case how != cutUnclosed:
		reason = fmt.Sprintf("it is longer than %d bytes", r.limits.RowBytes)
	}
	finding := refuse(r.line, "", reason, string(rest[:min(len(rest), valueShown)]))
	if how != cutWhole {
		n = len(rest)
	}
	first := bytes.IndexByte(rest[:n], r.cut.eol)
	if first < 0 || first+1 == n { // one line
		r.advance(n)
		if how == cutShort {
			return Row{}, finding, r.skipLine()
		}
		return Row{}, finding, nil
	}
	if r.cut.delimiter == '\t' && r.header != nil { // most .tsv files do not quote at all
		if r.cut.bare(rest[:first+1]); r.fits() {
			return r.decode(rest[:first+1], first+1)
		}
	}
	if r.reread += int64(n - first); r.reread > rereadFree+rereadShare*r.consumed {
		finding.Reason += fmt.Sprintf("; skipped with the %d lines after it", bytes.Count(rest[:n], []byte{r.cut.eol}))
		r.advance(n)
		if how == cutShort {
			return Row{}, finding, r.skipLine()
		}
		return Row{}, finding, nil
	}
	r.advance(first + 1)
	return Row{}, finding, nil
}

// decode turns the fields that were cut into text and steps behind them.
func (r *Rows) decode(record []byte, n int) (Row, *Finding, error) {
	line := r.line
	d := r.src.text
	if d.charset == nil && !ascii(record) {
		if err := d.decide(r.window[r.from:min(len(r.window), r.from+max(n, sniffed))]); err != nil {
			return Row{}, nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	row := Row{Line: line, Bytes: n, Values: make([]string, len(r.cut.fields))}
	for i, field := range r.cut.fields {
		var text string
		var err error
		switch {
		case len(field) > r.limits.FieldBytes:
			err = fmt.Errorf("it is longer than %d bytes", r.limits.FieldBytes)
		case bytes.IndexByte(field, 0) >= 0:
			err = errors.New("it holds a NUL byte")
		default:
			text, err = d.text(field)
		}
		if err != nil {
			r.advance(n)
			return Row{}, refuse(line, r.column(i), err.Error(), string(field[:min(len(field), valueShown)])), nil
		}
		row.Values[i] = text
	}
	r.advance(n)
	row.LastLine = r.line - 1
	if record[n-1] != r.cut.eol {
		row.LastLine = r.line
	}
	return row, nil, nil
}

func (r *Rows) column(i int) string {
	if i < len(r.header) {
		return printable(r.header[i])
	}
	return ""
}

// advance steps over n bytes of the window.
func (r *Rows) advance(n int) {
	r.line += int64(bytes.Count(r.window[r.from:r.from+n], []byte{r.cut.eol}))
	r.from += n
	r.consumed += int64(n)
}

// skipLine drops the rest of a line that is longer than the window.
func (r *Rows) skipLine() error {
	for {
		if i := bytes.IndexByte(r.window[r.from:], r.cut.eol); i >= 0 {
			r.advance(i + 1)
			return nil
		}
		r.advance(len(r.window) - r.from)
		if r.readErr != nil {
			return nil // the next Read says how it ended
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}

// fill moves what is left to the front of the window and reads more behind it.
func (r *Rows) fill() error {
	rest := copy(r.window, r.window[r.from:])
	r.window, r.from = r.window[:rest], 0
	if cap(r.window)-rest < 32<<10 {
		grown := make([]byte, rest, max(128<<10, 2*cap(r.window)))
		copy(grown, r.window)
		r.window = grown
	}
	for r.readErr == nil && len(r.window)-rest < 32<<10 {
		n, err := r.src.bytes.Read(r.window[len(r.window):cap(r.window)])
		r.window = r.window[:len(r.window)+n]
		r.readErr = err
	}
	if errors.Is(r.readErr, ErrUnreadable) {
		return r.end()
	}
	return nil
}

// end is how the file ended, with the place when it was not the good end.
func (r *Rows) end() error {
	switch {
	case r.readErr == io.EOF:
		return io.EOF
	case errors.Is(r.readErr, io.ErrUnexpectedEOF):
		return fmt.Errorf("the file breaks off at line %d: its packed part is incomplete", r.line)
	}
	return fmt.Errorf("read the file at line %d: %w", r.line, r.readErr)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
