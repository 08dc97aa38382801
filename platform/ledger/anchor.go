package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// An anchor says which events came in since the one before it: how many, behind which position up to which, and the digest of all their
// hashes. It names the digest of the anchor before, so anchors are a chain themselves, and each event is in one of them: a stream that is
// written anew with hashes that fit has others than its anchor says. Whoever wants to hide that would need the key.
//
// As a file it is text, one word and its value a line, with the signature over all lines before as the last one; beside it lies the list
// of the events (number.events.gz), a line each with the first half of its hash, by which a check can name what is not as it was.

// anchor is one statement.
type anchor struct {
	Number    int64
	At        time.Time
	After, To int64 // positions: the first event is behind After, the last one is To
	Events    int64
	Digest    [sha256.Size]byte // of a line for each event with its whole hash
	List      [sha256.Size]byte // of the list as text
	Before    [sha256.Size]byte // of the statement before; zero for the first
	Key       ed25519.PublicKey
}

const anchorTitle = "bookvault ledger anchor"

// statement writes what is signed.
func (a *anchor) statement() string {
	return fmt.Sprintf("%s 1\nnumber %d\nat %s\nafter %d\nto %d\nevents %d\ndigest %x\nlist %x\nbefore %x\nkey %x\n", anchorTitle,
		a.Number, a.At.UTC().Format(time.RFC3339Nano), a.After, a.To, a.Events, a.Digest, a.List, a.Before, []byte(a.Key))
}

// parseAnchor reads a statement. Only what statement writes is one.
func parseAnchor(text string) (a anchor, err error) {
	words := map[string]string{}
	for line := range strings.Lines(text) {
		if word, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			words[word] = value
		}
	}
	number := func(word string) int64 {
		n, bad := strconv.ParseInt(words[word], 10, 64)
		if bad != nil && err == nil {
			err = fmt.Errorf("line %q of an anchor: %w", word, bad)
		}
		return n
	}
	digest := func(word string, into []byte) {
		raw, bad := hex.DecodeString(words[word])
		if (bad != nil || len(raw) != len(into)) && err == nil {
			err = fmt.Errorf("line %q of an anchor is no digest", word)
		}
		copy(into, raw)
	}
	a.Number, a.After, a.To, a.Events = number("number"), number("after"), number("to"), number("events")
	digest("digest", a.Digest[:])
	digest("list", a.List[:])
	digest("before", a.Before[:])
	a.Key = make(ed25519.PublicKey, ed25519.PublicKeySize)
	digest("key", a.Key)
	if at, bad := time.Parse(time.RFC3339Nano, words["at"]); bad != nil && err == nil {
		err = fmt.Errorf("line %q of an anchor: %w", "at", bad)
	} else {
		a.At = at
	}
	if err == nil && a.statement() != text {
		err = fmt.Errorf("it is no anchor as this version writes them")
	}
	return a, err
}

const signatureWord = "signature "

// signedAnchor is a statement with its signature, as it is in the table and in a file.
type signedAnchor struct {
	statement string
	signature []byte
}

func (s signedAnchor) file() []byte {
	return fmt.Appendf(nil, "%s%s%x\n", s.statement, signatureWord, s.signature)
}

func parseSigned(file []byte) (s signedAnchor, err error) {
	text := string(file)
	i := strings.LastIndex(text, "\n"+signatureWord)
	if i < 0 {
		return s, fmt.Errorf("it has no signature")
	}
	s.statement = text[:i+1]
	if s.signature, err = hex.DecodeString(strings.TrimSpace(text[i+1+len(signatureWord):])); err != nil || len(s.signature) != ed25519.SignatureSize {
		return s, fmt.Errorf("its signature is none")
	}
	return s, nil
}

// digests reckons the digest and the list of an anchor, event by event.
type digests struct {
	line   []byte
	digest hash.Hash
}

func newDigests() *digests { return &digests{digest: sha256.New()} }

// covered is an event as an anchor sees it.
type covered struct {
	position int64
	stream   string
	version  int
	hash     []byte
}

func (d *digests) add(e *covered) {
	d.line = append(d.text(e), hex.EncodeToString(e.hash)...)
	_, _ = d.digest.Write(append(d.line, '\n')) // a hash takes everything
}

// text is the line of an event without its hash.
func (d *digests) text(e *covered) []byte {
	d.line = append(strconv.AppendInt(d.line[:0], e.position, 10), ' ')
	d.line = append(append(d.line, e.stream...), ' ')
	return append(strconv.AppendInt(d.line, int64(e.version), 10), ' ')
}

func (d *digests) sum() (s [sha256.Size]byte) {
	copy(s[:], d.digest.Sum(nil))
	return s
}

// shortHash is how many bytes of a hash the list has: enough to tell which event it was, when the digest says that one was changed.
const shortHash = 8
