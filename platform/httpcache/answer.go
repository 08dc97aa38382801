package httpcache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer sends a stored answer: 304 to whoever has it, a part to whoever asks for one. status is what Cache-Status says; "" is a
// hit, "stale" a stale one.
func (c *Cache) answer(w http.ResponseWriter, r *http.Request, e *entry, now time.Time, status string) {
	if c.s.Given != nil {
		c.s.Given(r, e.received)
	}
	f := c.formFor(e, r)
	h := w.Header()
	for i := range f.fields {
		h[f.fields[i].name] = f.fields[i].values
	}
	if c.s.TakeTargeted {
		delete(h, "Cdn-Cache-Control")
	}
	s := e.speaks(now, c.s.Name)
	h["Age"], h["Cache-Status"] = s.age, s.status
	switch status {
	case "":
	case "stale":
		h["Cache-Status"] = []string{s.status[0] + "; detail=stale"}
	default:
		h["Cache-Status"] = []string{status}
	}
	switch {
	case e.status == http.StatusOK && unchanged(r, f, e.header):
		delete(h, "Content-Length")
		delete(h, "Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	case e.status == http.StatusOK && r.Method == http.MethodGet && r.Header["Range"] != nil && c.part(w, r, f):
		return
	}
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.body) // a client that went away is not our error
	}
}

// unchanged tells whether the client has this representation (RFC 9110, section 13.2.2: the entity tag decides where it is given).
func unchanged(r *http.Request, f *form, h http.Header) bool {
	if tags := r.Header["If-None-Match"]; len(tags) > 0 {
		return listed(tags, f.etag)
	}
	since, ok := parseDate(r.Header["If-Modified-Since"])
	if !ok {
		return false
	}
	modified, ok := parseDate(h["Last-Modified"])
	return ok && !modified.After(since)
}

// listed compares weakly: what a validator is for here is saving a transfer.
func listed(lines []string, etag string) bool {
	plain := strings.TrimPrefix(etag, "W/")
	for _, line := range lines {
		for line != "" {
			var tag string
			tag, line = cutMember(line)
			if tag == "*" || etag != "" && strings.TrimPrefix(tag, "W/") == plain {
				return true
			}
		}
	}
	return false
}

// part answers a request for one range of bytes (RFC 9110, section 14.2). What it cannot read, several ranges, and an If-Range that does
// not hold, are answered with the whole, which is always right: false.
func (c *Cache) part(w http.ResponseWriter, r *http.Request, f *form) bool {
	if condition := r.Header["If-Range"]; len(condition) > 0 && (f.etag == "" || strings.HasPrefix(f.etag, "W/") || condition[0] != f.etag) {
		return false
	}
	lines, size := r.Header["Range"], int64(len(f.body))
	text, found := strings.CutPrefix(lines[0], "bytes=")
	if !found || len(lines) > 1 || strings.Contains(text, ",") {
		return false
	}
	first, last, found := strings.Cut(strings.TrimSpace(text), "-")
	if !found {
		return false
	}
	from, to, ok := bounds(first, last, size)
	if !ok {
		return false
	}
	h := w.Header()
	if from >= size || from > to {
		delete(h, "Content-Length")
		h["Content-Range"] = []string{"bytes */" + strconv.FormatInt(size, 10)}
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return true
	}
	h["Content-Range"] = []string{"bytes " + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to, 10) + "/" + strconv.FormatInt(size, 10)}
	h["Content-Length"] = []string{strconv.FormatInt(to-from+1, 10)}
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(f.body[from : to+1]) // a client that went away is not our error
	return true
}

// bounds reads first-last, first- or -suffix; both bounds are included.
func bounds(first, last string, size int64) (from, to int64, ok bool) {
	if first == "" {
		n, err := strconv.ParseUint(last, 10, 62)
		if err != nil {
			return 0, 0, false
		}
		if n == 0 {
			return size, size - 1, true // nothing of it: not satisfiable
		}
		return max(0, size-int64(n)), size - 1, true
	}
	begin, err := strconv.ParseUint(first, 10, 62)
	if err != nil {
		return 0, 0, false
	}
	if last == "" {
		return int64(begin), size - 1, true
	}
	end, err := strconv.ParseUint(last, 10, 62)
	if err != nil || end < begin {
		return 0, 0, false
	}
	return int64(begin), min(int64(end), size-1), true
}
