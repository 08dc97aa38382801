package gateway

import (
	"context"
	"net/http"
	"strings"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/problem"
	"bookvault/platform/wal"
)

const (
	consistencyHeader = "Bookvault-Consistency" // in the canonical form of net/http
	consistencyCookie = "bv_consistency"

	// consistencySeconds is how long a browser keeps its token: far longer than a replica that gets reads may be behind.
	consistencySeconds = 60
)

// News tells how much of what all processes commit this one has heard of; database.Feed is it.
type News interface {
	// Await waits a little until everything up to a position was heard of, and the news are fresh. false: trust no copy.
	Await(ctx context.Context, needs wal.Position) bool
	// Now gives a position that includes all that could be seen before a time.
	Now(ctx context.Context, since time.Time) wal.Position
}

// Consistency says who is promised what.
type Consistency struct {
	News          News                             // nil: there are no copies to go around
	SessionCookie string                           // a browser that sends it is signed in
	Least         func(*http.Request) wal.Position // what an answer to anybody must include: the changes that were heard of; nil: none
}

// promises finds out what a caller must see before any copy may answer, and tells them afterwards what they have seen.
//
// A caller who sends a token (the BookVault-Consistency header of an earlier answer, or in a browser a cookie that holds the same) sees
// their own writes, and never anything older than they saw before, whichever process answers: the token of each answer includes
// what the answer was made from. A header that we did not make is refused, since its sender relies on it; a cookie like that is
// ignored, since nobody wrote it on purpose. A page that heard of a change (live events say with which token to ask) sends both, and sees
// what either stands for. Everybody else sees what was committed a tenth of a second ago or later.
func (c Consistency) promises(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAPI(r) {
			next.ServeHTTP(w, r)
			return
		}
		given, kept, browser := r.Header[consistencyHeader], "", false
		if r.Header["Cookie"] != nil {
			kept, browser = c.browser(r)
		}
		token := kept
		if len(given) > 0 {
			token = given[0]
			if _, err := wal.ParseToken(token); err != nil || len(given) > 1 {
				refuseToken(w, r)
				return
			}
		} else if !browser {
			if c.News != nil && !c.News.Await(r.Context(), wal.Position{}) {
				c.newReader(next, true).ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		ctx, reader := database.WithReader(r.Context(), token)
		if also, err := wal.ParseToken(kept); err == nil {
			reader.Need(also)
		}
		if c.News != nil {
			c.await(ctx, reader)
		}
		teller := &consistencyTeller{ResponseWriter: w, ctx: ctx, reader: reader, news: c.News, given: token, header: !browser}
		next.ServeHTTP(teller, r.WithContext(ctx))
		teller.tell()
		if e := exchangeOf(ctx); e != nil {
			e.from = reader.From()
		}
	})
}

// await has the news reach as far as a reader must see, or has the reader go around copies. A token from a time at which no position was
// known is good for the primary alone; as soon as one is known it takes its place.
func (c Consistency) await(ctx context.Context, reader *database.Reader) {
	if reader.Needs() == wal.Beyond {
		reader.Settle(c.News.Now(ctx, time.Now()))
	}
	if !c.News.Await(ctx, reader.Needs()) {
		reader.Around()
	}
}

// browser gives the token of a browser's cookie, and whether there is one, or a session.
func (c Consistency) browser(r *http.Request) (token string, told bool) {
	if cookie, err := r.Cookie(consistencyCookie); err == nil {
		token, told = cookie.Value, true
	}
	if _, err := r.Cookie(c.SessionCookie); err == nil && c.SessionCookie != "" {
		told = true
	}
	return token, told
}

func refuseToken(w http.ResponseWriter, r *http.Request) {
	const detail = "This is not a consistency token. Send back the BookVault-Consistency header of an earlier answer, once, or leave it out."
	e := problem.New(problem.Malformed, "consistency_token_invalid", detail)
	e.Fields = []problem.Field{{Field: "header.BookVault-Consistency", Detail: detail}}
	problem.Write(w, r, e)
}

// readers gives every request that comes this far a reader: what it must see is for the handlers, and what was committed for it is
// known after them, so that who writes without a token gets their first one.
func (c Consistency) readers(next http.Handler) http.Handler {
	least := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.Least != nil {
			database.ReaderOf(r.Context()).Need(c.Least(r))
		}
		next.ServeHTTP(w, r)
	})
	made := c.newReader(least, false)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if database.ReaderOf(r.Context()) != nil {
			least.ServeHTTP(w, r)
			return
		}
		made.ServeHTTP(w, r)
	})
}

// newReader gives a request a reader who needs nothing yet, and whose commits are told.
func (c Consistency) newReader(next http.Handler, around bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, reader := database.WithReader(r.Context(), "")
		if around {
			reader.Around()
		}
		teller := &consistencyTeller{ResponseWriter: w, ctx: ctx, reader: reader}
		next.ServeHTTP(teller, r.WithContext(ctx))
		teller.tell()
		if e := exchangeOf(ctx); e != nil {
			e.from = reader.From()
		}
	})
}

// consistencyTeller adds the reader's token just before the header is written: only then is it known what was read and committed.
type consistencyTeller struct {
	http.ResponseWriter
	ctx    context.Context
	reader *database.Reader
	news   News // nil: only commits are told
	given  string
	header bool // the token came in the header alone, not from a browser, which keeps it in a cookie
	told   bool
}

func (t *consistencyTeller) tell() {
	if t.told {
		return
	}
	t.told = true
	moved := t.reader.Moved()
	if used := t.reader.LastUsed(); !moved && t.news != nil && !used.IsZero() {
		t.reader.Need(t.news.Now(t.ctx, used))
	} else if !moved {
		return
	}
	token := t.reader.Token()
	if token == t.given {
		return
	}
	t.Header()[consistencyHeader] = []string{token}
	if moved || !t.header {
		http.SetCookie(t, &http.Cookie{Name: consistencyCookie, Value: token, Path: "/", MaxAge: consistencySeconds,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: Secure(t.ctx)})
	}
}

// WriteHeader tells the token with the first final status.
func (t *consistencyTeller) WriteHeader(status int) {
	if status >= 200 {
		t.tell()
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write tells the token if no status was written before.
func (t *consistencyTeller) Write(body []byte) (int, error) {
	t.tell()
	return t.ResponseWriter.Write(body)
}

// Flush sends what is buffered, for answers that are streamed.
func (t *consistencyTeller) Flush() {
	t.tell()
	_ = http.NewResponseController(t.ResponseWriter).Flush() // a writer that cannot flush sends at the end
}

// Unwrap lets http.ResponseController reach the real writer.
func (t *consistencyTeller) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
