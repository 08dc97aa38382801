package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Shared says how long the gateway's cache may answer everybody with what a public route answers, and what it shows, so that a
// change of one of these purges it.
type Shared struct {
	Fresh time.Duration // answered without asking again
	Stale time.Duration // then answered once more while it is asked for again
	Ill   time.Duration // then answered only while asking fails
	Tags  []string      // such as title-17
}

// Share marks the answer that is being made as one for everybody. It is called just before a handler succeeds; whoever showed who
// they are gets an answer of their own all the same, which no cache keeps.
//
// It is said in CDN-Cache-Control (RFC 9213), which the gateway's cache takes out again: caches that nobody purges see Cache-Control.
func Share(ctx context.Context, s Shared) {
	r, ok := ctx.Value(requestKey{}).(request)
	if !ok || s.Fresh <= 0 {
		return
	}
	r.header["Cdn-Cache-Control"] = []string{fmt.Sprintf("max-age=%d, stale-while-revalidate=%d, stale-if-error=%d",
		int(s.Fresh/time.Second), int(s.Stale/time.Second), int(s.Ill/time.Second))}
	r.header["Surrogate-Key"] = []string{strings.Join(s.Tags, " ")}
}

// unshare takes the mark off again.
func unshare(h http.Header) {
	delete(h, "Cdn-Cache-Control")
	delete(h, "Surrogate-Key")
}

// StoodIn is the Cache-Status (RFC 9211) of what a module remembered and gives in place of a failure. No cache is to keep it.
const StoodIn = "bookvault-memory; hit; detail=stale-on-error"
