package importing

import (
	"context"
	"fmt"
	"io"
)

// Batch is what a Store writes in one transaction, so that a run that is killed leaves whole batches behind and nothing else.
type Batch struct {
	Entries  []Entry
	Findings []Finding // of rows up to Line
	Refused  int64     // rows refused among them
	Rows     int64     // rows read for this batch, refused ones too
	Line     int64     // the last line that this batch accounts for: where a run goes on that was broken off
	Bytes    int64     // read of the file so far, as it lies on the disk
	Last     bool      // the file ended here
}

// findingSize is about what a finding takes in memory, so that a file of nothing but bad rows makes bounded batches too.
const findingSize = 512

// Reader gives the entries of a file in batches.
type Reader struct {
	src    *Source
	rows   *Rows
	shape  Shape
	fields *Fields
	limits Limits
	after  int64 // lines up to here were accounted for by an earlier try

	pending *Entry // the last entry read: the next row may belong to it
	late    []Finding
	rowsFor int64 // rows read and not yet given out in a batch's count
	behind  int64 // of those, the ones from the pending entry on: a batch does not account for them
	ended   error
}

// Options say how to read a file. The zero value detects everything.
type Options struct {
	Encoding  string            `json:"encoding,omitempty"`
	Delimiter string            `json:"delimiter,omitempty"` // one character, or "tab"
	Mapping   map[string]string `json:"mapping,omitempty"`   // our column -> the file's; see ParseMapping
	Source    string            `json:"source,omitempty"`    // whose keys they are, for a mapped file or our own format
	DryRun    bool              `json:"dry_run,omitempty"`
	Overwrite bool              `json:"overwrite,omitempty"` // a changed row may replace what a librarian edited
}

// NewReader opens a file and finds out what it is. after is the line up to which an earlier try got; 0 begins at the start.
func NewReader(file io.Reader, opts Options, limits Limits, after int64) (*Reader, error) {
	limits = limits.withDefaults()
	src, err := Open(file, opts.Encoding, limits)
	if err != nil {
		return nil, err
	}
	delimiter, err := parseDelimiter(opts.Delimiter)
	if err != nil {
		return nil, err
	}
	rows, err := NewRows(src, delimiter, limits)
	if err != nil {
		return nil, err
	}
	shape, err := Recognise(rows.Header(), opts.Mapping, opts.Source)
	if err != nil {
		return nil, err
	}
	return &Reader{src: src, rows: rows, shape: shape, fields: newFields(rows.Header(), limits.Titles), limits: limits, after: after}, nil
}

func parseDelimiter(s string) (byte, error) {
	switch s {
	case "":
		return 0, nil
	case "tab", `\t`:
		return '\t', nil
	}
	for _, d := range delimiters {
		if s == string(d) {
			return d, nil
		}
	}
	return 0, unreadable("the delimiter %q is not one of , ; | tab", s)
}

// Source names the source of the keys: the shape that was recognised, or the name that was given.
func (r *Reader) Source() string { return r.shape.Name() }

// Encoding names the encoding of the file as far as it is known.
func (r *Reader) Encoding() string { return r.src.Encoding() }

// BytesRead says how many bytes of the file were read so far.
func (r *Reader) BytesRead() int64 { return r.src.BytesRead() }

// Next gives the next batch. The last one has Last set; an error says where reading stopped, and what was read before it
// was given out already.
func (r *Reader) Next(ctx context.Context) (Batch, error) {
	var b Batch
	var size int
	seen := make(map[string]int64, r.limits.BatchRows)
	add := func(e Entry) {
		if first, twice := seen[e.Key]; twice {
			r.late = append(r.late, sameKey(e, first))
			return
		}
		seen[e.Key] = e.Line
		b.Entries = append(b.Entries, e)
	}
	for r.ended == nil && len(b.Entries) < r.limits.BatchRows && size < r.limits.BatchBytes {
		if ctx.Err() != nil {
			return Batch{}, context.Cause(ctx)
		}
		row, finding, err := r.rows.Read()
		if err != nil {
			r.ended = err
			break
		}
		if finding != nil {
			if finding.Line > r.after {
				r.count()
				r.late = append(r.late, *finding)
			}
			size += findingSize
			continue
		}
		if row.LastLine <= r.after {
			continue
		}
		r.count()
		size += row.Bytes
		r.fields.take(row)
		e, ok := r.shape.Read(r.fields)
		r.late = append(r.late, r.fields.found...)
		if !ok {
			continue
		}
		if merging, can := r.shape.(Merging); can && r.pending != nil && r.pending.Key == e.Key {
			merging.Merge(r.pending, e)
			continue
		}
		if r.pending != nil {
			add(*r.pending)
		}
		r.pending, r.behind = &e, 1
	}
	if r.ended == io.EOF && r.pending != nil {
		add(*r.pending)
		r.pending = nil
	}
	return r.close(b)
}

func (r *Reader) count() {
	r.rowsFor++
	r.behind++
}

// close settles what a batch accounts for. What was found behind its last line waits for the next one, since a run that is
// taken up again reads on from that line and would find it twice.
func (r *Reader) close(b Batch) (Batch, error) {
	b.Line = r.rows.Line() - 1
	if r.pending != nil {
		b.Line = r.pending.Line - 1
	}
	var later []Finding
	for _, f := range r.late {
		if f.Line > b.Line && r.ended != io.EOF {
			later = append(later, f)
			continue
		}
		if f.Refused {
			b.Refused++
		}
		b.Findings = append(b.Findings, f)
	}
	r.late = later
	b.Rows, r.rowsFor = r.rowsFor, 0
	if r.pending != nil {
		b.Rows, r.rowsFor = b.Rows-r.behind, r.behind
	}
	b.Bytes = r.src.BytesRead()
	b.Last = r.ended == io.EOF
	if r.ended != nil && !b.Last && len(b.Entries) == 0 && b.Refused == 0 {
		return b, r.ended
	}
	return b, nil
}

func sameKey(e Entry, first int64) Finding {
	return *refuse(e.Line, "", fmt.Sprintf("line %d has the same key already; two titles need two keys", first), e.Key)
}
