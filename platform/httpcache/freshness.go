package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// terms say how long an answer may be used, all from RFC 9111 section 4.2 and RFC 5861.
type terms struct {
	initialAge time.Duration // when it was received
	received   time.Time
	lifetime   time.Duration // of freshness
	whileAsk   time.Duration // stale-while-revalidate, after the freshness
	onError    time.Duration // stale-if-error, after the freshness
	mustAsk    bool          // must-revalidate and its kin: never stale
	alwaysAsk  bool          // no-cache
}

// termsOf reckons them for an answer that was asked for and received at these times.
func termsOf(status int, h http.Header, p policy, requested, received time.Time, s *Settings) terms {
	t := terms{received: received}
	date, dated := parseDate(h["Date"])
	if !dated {
		date = received
	}
	apparent := max(0, received.Sub(date))
	t.initialAge = max(apparent, ageOf(h["Age"])+received.Sub(requested))
	t.lifetime = lifetime(status, h, p, date, s.Heuristic)
	t.whileAsk, _ = p.seconds("stale-while-revalidate")
	said := false
	if t.onError, said = p.seconds("stale-if-error"); !said {
		t.onError = s.StaleOnError
	}
	// s-maxage has the meaning of proxy-revalidate (section 5.2.2.10).
	t.mustAsk = p.has("must-revalidate") || p.has("proxy-revalidate") || p.has("s-maxage")
	t.alwaysAsk = p.has("no-cache") && p.directives["no-cache"] == ""
	return t
}

func lifetime(status int, h http.Header, p policy, date time.Time, heuristic time.Duration) time.Duration {
	if d, there := p.seconds("s-maxage"); there {
		return d
	}
	if d, there := p.seconds("max-age"); there {
		return d
	}
	if p.targeted {
		return 0
	}
	if len(h["Expires"]) > 0 {
		expires, ok := parseDate(h["Expires"])
		if !ok {
			return 0
		}
		return max(0, expires.Sub(date))
	}
	modified, ok := parseDate(h["Last-Modified"])
	if heuristic <= 0 || !ok || (!byHeuristics[status] && !p.has("public")) {
		return 0
	}
	return min(heuristic, max(0, date.Sub(modified)/10))
}

// age is that of section 4.2.3.
func (t *terms) age(now time.Time) time.Duration { return t.initialAge + max(0, now.Sub(t.received)) }

// use is what may be done with a stored answer.
type use int

const (
	mustLoad   use = iota // ask the handler first
	asIs                  // it is fresh
	staleOnce             // stale, within stale-while-revalidate: answer, and ask behind
	staleAsked            // stale, and the request takes it so
)

// usable decides on a stored answer; why says, in the words of Cache-Status, why the handler must be asked.
func (t *terms) usable(now time.Time, ask said) (u use, why string) {
	if t.alwaysAsk {
		return mustLoad, "stale"
	}
	if ask.noCache {
		return mustLoad, "request"
	}
	age := t.age(now)
	if ask.hasMaxAge && age > ask.maxAge {
		if !ask.anyStale && ask.maxStale == 0 || t.mustAsk {
			return mustLoad, "request"
		}
	}
	left := t.lifetime - age
	if left > 0 {
		if ask.hasMinFresh && left < ask.minFresh {
			return mustLoad, "request"
		}
		return asIs, ""
	}
	switch {
	case t.mustAsk || ask.hasMinFresh:
	case ask.anyStale || ask.maxStale > 0 && -left <= ask.maxStale:
		return staleAsked, ""
	case -left <= t.whileAsk && t.whileAsk > 0 && !ask.hasMaxAge:
		return staleOnce, ""
	}
	return mustLoad, "stale"
}

// standsIn tells whether it may be served although the handler failed.
func (t *terms) standsIn(now time.Time) bool {
	return !t.mustAsk && !t.alwaysAsk && t.onError > 0 && t.age(now)-t.lifetime <= t.onError
}

// ageOf reads the first value of Age; what is no number counts as none.
func ageOf(lines []string) time.Duration {
	if len(lines) == 0 {
		return 0
	}
	first, _, _ := strings.Cut(lines[0], ",")
	age, _ := delta(strings.TrimSpace(first)) // 0 where it is no number
	return age
}

// parseDate reads an HTTP-date (RFC 9110, section 5.6.7), in exactly one of its three forms; letters may have any case. Two lines are
// no date.
func parseDate(lines []string) (time.Time, bool) {
	if len(lines) != 1 {
		return time.Time{}, false
	}
	text := lines[0]
	if n := len(text); n > 4 && strings.EqualFold(text[n-4:], " GMT") {
		text = text[:n-4] + " GMT"
	}
	for _, layout := range []string{http.TimeFormat, time.RFC850, time.ANSIC} {
		at, err := time.Parse(layout, text)
		if err != nil || layout == time.RFC850 && !strings.HasSuffix(text, " GMT") {
			continue
		}
		// Parsing takes what writing would not give, such as hours of one digit. The day of the week may be wrong.
		at = at.UTC()
		_, given, _ := strings.Cut(text, " ")
		if _, exact, _ := strings.Cut(at.Format(strings.Replace(layout, "MST", "GMT", 1)), " "); strings.EqualFold(exact, given) {
			return at, true
		}
	}
	return time.Time{}, false
}
