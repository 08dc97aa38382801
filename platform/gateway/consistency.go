package gateway

import (
	"net/http"

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

// Consistency lets callers read their own writes, whichever server answers. A request says what it must see by the
// BookVault-Consistency header of an earlier answer, or in a browser by a cookie that holds the same; the answer to a request
// that wrote says it anew. A header that we did not make is refused, since its sender relies on it; a cookie like that is
// ignored, since nobody wrote it on purpose.
func Consistency(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := ""
		if given := r.Header[consistencyHeader]; len(given) > 0 {
			token = given[0]
			if _, err := wal.ParseToken(token); err != nil || len(given) > 1 {
				const detail = "This is not a consistency token. Send back the BookVault-Consistency header of an earlier answer, once, or leave it out."
				e := problem.New(problem.Malformed, "consistency_token_invalid", detail)
				e.Fields = []problem.Field{{Field: "header.BookVault-Consistency", Detail: detail}}
				problem.Write(w, r, e)
				return
			}
		} else if cookie, err := r.Cookie(consistencyCookie); err == nil {
			token = cookie.Value
		}
		ctx, reader := database.WithReader(r.Context(), token)
		teller := &consistencyTeller{ResponseWriter: w, reader: reader, secure: Secure(ctx)}
		next.ServeHTTP(teller, r.WithContext(ctx))
		teller.tell()
	})
}

// consistencyTeller adds the reader's token just before the header is written: only then is it known what was committed.
type consistencyTeller struct {
	http.ResponseWriter
	reader       *database.Reader
	secure, told bool
}

func (t *consistencyTeller) tell() {
	if t.told {
		return
	}
	t.told = true
	if !t.reader.Moved() {
		return
	}
	token := t.reader.Token()
	t.Header()[consistencyHeader] = []string{token}
	http.SetCookie(t, &http.Cookie{Name: consistencyCookie, Value: token, Path: "/", MaxAge: consistencySeconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: t.secure})
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
