package httpcache

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// maxDelta is what a number of seconds is cut to: RFC 9111 section 1.2.2 asks for 2^31 at least.
const maxDelta = 1 << 31

// directives are the members of Cache-Control by their name in small letters. A flag has the argument "".
type directives map[string]string

// parseDirectives reads the lines of a Cache-Control field. The first of two equal names counts (section 4.2.1).
func parseDirectives(lines []string) directives {
	if len(lines) == 0 {
		return nil
	}
	found := directives{}
	for _, line := range lines {
		for line != "" {
			var member string
			member, line = cutMember(line)
			name, argument, valued := strings.Cut(member, "=")
			if valued {
				argument = unquote(argument)
			}
			name = strings.ToLower(name)
			if _, twice := found[name]; !twice && name != "" {
				found[name] = argument
			}
		}
	}
	return found
}

// cutMember cuts the first member off a list, at the first comma outside of quotes.
func cutMember(list string) (member, rest string) {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++
			}
		case ',':
			if !quoted {
				return strings.TrimSpace(list[:i]), list[i+1:]
			}
		}
	}
	return strings.TrimSpace(list), ""
}

// unquote gives the text of a quoted string; anything else stays as it is.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var plain strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		plain.WriteByte(s[i])
	}
	return plain.String()
}

func (d directives) has(name string) bool {
	_, there := d[name]
	return there
}

// seconds gives the time that a directive states. One that is there and is no number is 0 seconds: what is wrong is not fresh.
func (d directives) seconds(name string) (time.Duration, bool) {
	text, there := d[name]
	if !there {
		return 0, false
	}
	n, _ := delta(text) // 0 where it is none
	return n, true
}

// delta reads delta-seconds: digits and nothing else, cut at maxDelta.
func delta(text string) (time.Duration, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > maxDelta {
		n = maxDelta
	}
	return time.Duration(n) * time.Second, true
}

// targeted reads CDN-Cache-Control, a dictionary of structured fields (RFC 9213). One that is not well formed, or in which a time is
// no whole number, counts as absent.
func targeted(h http.Header) (directives, bool) {
	lines := h["Cdn-Cache-Control"]
	if len(lines) == 0 {
		return nil, false
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil || len(dictionary.Names()) == 0 {
		return nil, false
	}
	found := directives{}
	for _, name := range dictionary.Names() {
		member, _ := dictionary.Get(name) // it is there
		item, single := member.(httpsfv.Item)
		if !single {
			return nil, false
		}
		switch value := item.Value.(type) {
		case bool:
			if !value {
				continue
			}
			if timed[name] {
				return nil, false
			}
			found[name] = ""
		case int64:
			found[name] = strconv.FormatInt(value, 10)
		default:
			if timed[name] {
				return nil, false
			}
			found[name] = ""
		}
	}
	return found, true
}

// timed are the directives whose argument is a number of seconds.
var timed = map[string]bool{"max-age": true, "s-maxage": true, "stale-while-revalidate": true, "stale-if-error": true}

// said is what a request asks of a cache.
type said struct {
	noCache, noStore, onlyIfCached   bool
	maxAge, minFresh                 time.Duration
	hasMaxAge, hasMinFresh, anyStale bool
	maxStale                         time.Duration
}

// asked reads a request's Cache-Control, and Pragma where there is none.
func asked(r *http.Request) (a said) {
	lines := r.Header["Cache-Control"]
	if len(lines) == 0 {
		if pragma := r.Header["Pragma"]; len(pragma) > 0 {
			a.noCache = parseDirectives(pragma).has("no-cache")
		}
		return a
	}
	d := parseDirectives(lines)
	a.noCache, a.noStore, a.onlyIfCached = d.has("no-cache"), d.has("no-store"), d.has("only-if-cached")
	a.maxAge, a.hasMaxAge = d.seconds("max-age")
	a.minFresh, a.hasMinFresh = d.seconds("min-fresh")
	if text, there := d["max-stale"]; there {
		a.anyStale = text == ""
		a.maxStale, _ = delta(text) // 0 where it is no number
	}
	return a
}

// reload takes back what would make the cache ask the handler again although it has a fresh answer.
func (a *said) reload() { a.noCache, a.hasMaxAge, a.hasMinFresh = false, false, false }
