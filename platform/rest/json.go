package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// strictJSON is the only format of the API. Reading, it refuses what PostgreSQL cannot keep (NUL) and what encoding/json
// would silently replace (broken UTF-8, half of a surrogate pair), and names the field. Writing, it encodes first, so that a client that hung up is
// not taken for a defect.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		var body bytes.Buffer
		enc := json.NewEncoder(&body)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
		_, _ = w.Write(body.Bytes()) // fails only when the client is gone
		return nil
	},
	Unmarshal: func(data []byte, v any) error {
		into, first := v.(*any)
		if !first {
			return unfit(json.Unmarshal(data, v)) // huma reads a body twice; the first time it was checked
		}
		if err := json.Unmarshal(data, into); err != nil {
			return fmt.Errorf("body%s%s", fieldMark, wordsOf(err))
		}
		if !utf8.Valid(data) {
			return badString(*into, "is not valid UTF-8", string(utf8.RuneError))
		}
		if halfPair(data) {
			return badString(*into, "holds half of a surrogate pair, which is no character", string(utf8.RuneError))
		}
		if bytes.Contains(data, []byte(`\u0000`)) {
			if err := badString(*into, "holds a NUL character", "\x00"); err != nil {
				return err
			}
		}
		return nil
	},
}

// wordsOf says what is wrong with the JSON, and where.
func wordsOf(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("is not JSON: %v, at byte %d", syntax, syntax.Offset)
	}
	return "is not JSON: " + err.Error()
}

// unfit words an error about a value that is JSON and passed the schema, but fits no field of ours: a number out of range.
func unfit(err error) error {
	value, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || value.Field == "" {
		return err
	}
	words := "is a value that does not fit here"
	if strings.HasPrefix(value.Value, "number") {
		words = "is a number out of range"
	}
	return fmt.Errorf("body.%s%s%s", value.Field, fieldMark, words)
}

// halfPair tells whether a text of the document has an escaped surrogate without its other half, such as "\ud800".
func halfPair(data []byte) bool {
	for i := 0; i+1 < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		if i++; data[i] != 'u' { // an escape of two bytes, a backslash perhaps
			continue
		}
		switch r := escaped(data[i-1:]); {
		case r >= 0xDC00 && r <= 0xDFFF:
			return true // a second half without the first one
		case r >= 0xD800 && r <= 0xDBFF:
			if second := escaped(data[i+5:]); second < 0xDC00 || second > 0xDFFF {
				return true
			}
			i += 6
		}
		i += 4
	}
	return false
}

// escaped reads an escape such as \u00e9 at the start of data; -1 when there is none.
func escaped(data []byte) int {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// badString finds the first text in v, by path, that holds bad, and says what is wrong with it. For broken UTF-8 there is
// always one, since the document was broken somewhere: the body as a whole, if not in a value.
func badString(v any, what, bad string) error {
	if path, found := find(v, bad, "body"); found {
		return fmt.Errorf("%s%s%s", path, fieldMark, what)
	}
	if bad == "\x00" {
		return nil // an escaped backslash before u0000
	}
	return fmt.Errorf("body%s%s", fieldMark, what)
}

func find(v any, bad, path string) (string, bool) {
	switch v := v.(type) {
	case string:
		return path, strings.Contains(v, bad)
	case []any:
		for i, element := range v {
			if p, found := find(element, bad, fmt.Sprintf("%s[%d]", path, i)); found {
				return p, true
			}
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			if strings.Contains(name, bad) {
				return path, true
			}
			if p, found := find(v[name], bad, path+"."+name); found {
				return p, true
			}
		}
	}
	return "", false
}
