package httpcache

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// selector is by what request fields an answer was chosen, and their values then (RFC 9111, section 4.1).
type selector struct {
	names  []string // canonical, sorted
	values []string
}

// variesByAll tells whether some member of Vary is an asterisk: such an answer fits no other request.
func variesByAll(lines []string) bool {
	return slices.Contains(varyNames(lines), "*")
}

func varyNames(lines []string) (names []string) {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, textproto.CanonicalMIMEHeaderKey(name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// selectorOf reads Vary. Accept-Encoding is left out where this cache compresses: the handler is then always asked for the same.
func selectorOf(answer http.Header, r *http.Request, compress bool) (s selector) {
	for _, name := range varyNames(answer["Vary"]) {
		if compress && name == "Accept-Encoding" {
			continue
		}
		s.names = append(s.names, name)
		s.values = append(s.values, normalised(name, r.Header[name]))
	}
	return s
}

func (s *selector) fits(r *http.Request) bool {
	for i, name := range s.names {
		if normalised(name, r.Header[name]) != s.values[i] {
			return false
		}
	}
	return true
}

func (s *selector) same(other *selector) bool {
	return slices.Equal(s.names, other.names) && slices.Equal(s.values, other.values)
}

// normalised gives a field's value without what does not change its meaning: the division into lines, spaces around commas, and the
// case of letters in the fields that are known not to have any. A field that is absent differs from one that is empty.
func normalised(name string, lines []string) string {
	if lines == nil {
		return "\x00"
	}
	text := lines[0]
	if len(lines) > 1 {
		text = strings.Join(lines, ",")
	}
	switch name {
	case "Accept-Encoding", "Accept-Language", "Accept":
		text = strings.ToLower(text)
	}
	if !strings.ContainsAny(text, ", \t") {
		return text
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return strings.Join(parts, ",")
}
