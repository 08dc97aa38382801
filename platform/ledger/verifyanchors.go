package ledger

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Verify checks every anchor, those of the folder and those of the table, against the events in the snapshot of a transaction, and
// adds to a report what is not as it was signed. trusted are the public keys whose signatures count. Of an anchor whose list is in the
// folder each event is named that is changed, missing or new; of others only the anchor. It holds one event in memory.
func (a *Anchors) Verify(ctx context.Context, tx pgx.Tx, trusted []ed25519.PublicKey, report *Report, progress Progress) error {
	found := func(format string, args ...any) { report.Find(Finding{Problem: fmt.Sprintf(format, args...)}) }
	kept, newest, err := a.kept(ctx, tx)
	if err != nil {
		return fmt.Errorf("verify the anchors: %w", err)
	}
	var before anchor
	for number := int64(1); number <= newest; number++ {
		signed, problem, err := a.signed(ctx, tx, number)
		if err != nil {
			return fmt.Errorf("verify the anchors: %w", err)
		}
		if problem != "" {
			found("anchor %d %s", number, problem)
		}
		if signed == nil {
			before = anchor{Number: number, To: -1}
			continue
		}
		next, err := parseAnchor(signed.statement)
		switch {
		case err != nil:
			found("anchor %d cannot be read: %v", number, err)
			before = anchor{Number: number, To: -1}
			continue
		case !slices.ContainsFunc(trusted, func(k ed25519.PublicKey) bool {
			return bytes.Equal(k, next.Key) && ed25519.Verify(k, []byte(signed.statement), signed.signature)
		}):
			found("anchor %d is not signed with a key that is trusted here; it names the key %x", number, []byte(next.Key))
		case next.Number != number:
			found("anchor %d stands where number %d should be", next.Number, number)
		case before.To >= 0 && (next.After != before.To || next.Before != hashOf(before)):
			found("anchor %d does not follow number %d: one of both was exchanged", number, before.Number)
		}
		if err := a.compare(ctx, tx, &next, report, progress); err != nil {
			return fmt.Errorf("verify anchor %d: %w", number, err)
		}
		report.Anchors, report.Anchored, before = report.Anchors+1, report.Anchored+next.Events, next
	}
	if kept < newest {
		found("the table of anchors ends with number %d; there are files up to number %d: the newest anchors were cut off", kept, newest)
	}
	return tx.QueryRow(ctx, a.behind, max(before.To, 0)).Scan(&report.Behind)
}

func hashOf(a anchor) [sha256.Size]byte {
	if a.Number == 0 {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256([]byte(a.statement()))
}

// kept gives the number of the newest anchor in the table, and of the newest anywhere.
func (a *Anchors) kept(ctx context.Context, tx pgx.Tx) (table, newest int64, err error) {
	if err := tx.QueryRow(ctx, a.highest).Scan(&table); err != nil {
		return 0, 0, err
	}
	entries, err := os.ReadDir(a.settings.Folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, err
	}
	newest = table
	for _, e := range entries {
		if name, is := strings.CutSuffix(e.Name(), anchorSuffix); is {
			if n, err := strconv.ParseInt(name, 10, 64); err == nil {
				newest = max(newest, n)
			}
		}
	}
	return table, newest, nil
}

// signed reads an anchor from its file and from the table. The file counts: it is where whoever changes the database does not reach.
func (a *Anchors) signed(ctx context.Context, tx pgx.Tx, number int64) (s *signedAnchor, problem string, err error) {
	var row signedAnchor
	inTable := true
	if err := tx.QueryRow(ctx, a.one, number).Scan(&row.statement, &row.signature); errors.Is(err, pgx.ErrNoRows) {
		inTable = false
	} else if err != nil {
		return nil, "", err
	}
	raw, err := os.ReadFile(a.file(number, anchorSuffix))
	switch {
	case errors.Is(err, fs.ErrNotExist) && inTable:
		return &row, "", nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, "is missing", nil
	case err != nil:
		return nil, "", err
	}
	file, bad := parseSigned(raw)
	switch {
	case bad != nil && inTable:
		return &row, "has a file that cannot be read: " + bad.Error(), nil
	case bad != nil:
		return nil, "cannot be read: " + bad.Error(), nil
	case inTable && (file.statement != row.statement || !bytes.Equal(file.signature, row.signature)):
		return &file, "is another one in the table than in its file", nil
	}
	return &file, "", nil
}

// compare holds the events of an anchor against its digest, and against its list to name those that differ.
func (a *Anchors) compare(ctx context.Context, tx pgx.Tx, of *anchor, report *Report, progress Progress) error {
	list, err := openList(a.file(of.Number, listSuffix))
	if err != nil {
		return err
	}
	defer list.close()
	reckoned, events, named := newDigests(), int64(0), report.Found
	err = a.ledger.eachCovered(ctx, tx, of.After, of.To, func(e *covered) error {
		events++
		progress.Say(report.Anchored + events)
		reckoned.add(e)
		list.meet(e, report)
		return nil
	})
	if err != nil {
		return err
	}
	list.rest(report)
	if list.there() && list.sum() != of.List {
		report.Find(Finding{Problem: fmt.Sprintf("the list of anchor %d was changed, so that events cannot be named by it", of.Number)})
	}
	if (reckoned.sum() != of.Digest || events != of.Events) && report.Found == named {
		report.Find(Finding{Problem: fmt.Sprintf("the events at positions %d to %d are not those of anchor %d: it covers %d, there are %d, and which ones differ its list would say",
			of.After+1, of.To, of.Number, of.Events, events)})
	}
	return nil
}

// eventList reads the list of an anchor beside the events. One that is not there says nothing.
type eventList struct {
	file  *os.File // nil: not there
	lines *bufio.Reader
	sha   hash.Hash // of what was read
	at    int64     // position of the line read; 0: none is
	line  string
	lined digests
}

func openList(name string) (*eventList, error) {
	file, err := os.Open(filepath.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		return &eventList{}, nil
	}
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return &eventList{}, file.Close() // as good as not there
	}
	sha := sha256.New()
	l := &eventList{file: file, lines: bufio.NewReader(io.TeeReader(unpacked, sha)), sha: sha}
	l.next()
	return l, nil
}

func (l *eventList) there() bool { return l.file != nil }

func (l *eventList) close() {
	if l.file != nil {
		_ = l.file.Close() // it was read only
	}
}

func (l *eventList) sum() (s [sha256.Size]byte) {
	copy(s[:], l.sha.Sum(nil))
	return s
}

// next reads a line. A list that breaks off ends there; its digest tells.
func (l *eventList) next() {
	l.at, l.line = 0, ""
	text, err := l.lines.ReadString('\n')
	if err != nil {
		return
	}
	l.line = strings.TrimSuffix(text, "\n")
	head, _, _ := strings.Cut(l.line, " ")
	l.at, _ = strconv.ParseInt(head, 10, 64) // 0 ends it
}

// meet compares an event with its line, after those lines whose events are not there.
func (l *eventList) meet(e *covered, report *Report) {
	if !l.there() {
		return
	}
	for l.at != 0 && l.at < e.position {
		l.missing(report)
	}
	if l.at != e.position {
		report.Find(Finding{Stream: e.stream, Version: e.version, Position: e.position, Problem: "this event was not there when it was anchored"})
		return
	}
	if want := string(l.lined.text(e)) + hex.EncodeToString(e.hash[:min(shortHash, len(e.hash))]); want != l.line {
		report.Find(Finding{Stream: e.stream, Version: e.version, Position: e.position,
			Problem: "it has another hash than when it was anchored: this event, or one before it in its stream, was written anew"})
	}
	l.next()
}

// rest names the events of the lines that are left.
func (l *eventList) rest(report *Report) {
	for l.there() && l.at != 0 {
		l.missing(report)
	}
}

func (l *eventList) missing(report *Report) {
	f := Finding{Position: l.at, Problem: "this event was anchored and is missing"}
	if words := strings.Fields(l.line); len(words) == 4 {
		f.Stream = words[1]
		f.Version, _ = strconv.Atoi(words[2]) // 0 names the stream at least
	}
	report.Find(f)
	l.next()
}
