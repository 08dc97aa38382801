package gateway

import (
	"net/http"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/httpcache"
)

// Cache says which answers of the API are kept for everybody (platform/httpcache).
type Cache struct {
	Settings httpcache.Settings
	// Made is given the cache, so that whoever hears of changes can purge it. Nil: nobody does, and it is not used.
	Made func(*httpcache.Cache)
}

// cache answers the API from what was answered before, where that is for everybody: not to who shows who they are, nor when copies
// are not to be trusted. Pages and their files do not pass it: they are in memory already, compressed.
func (c Cache) cache(session string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if c.Made == nil {
			return next
		}
		s := c.Settings
		s.Bypass = func(r *http.Request) bool {
			if r.Header["Authorization"] != nil || database.GoesAround(r.Context()) {
				return true
			}
			if r.Header["Cookie"] == nil {
				return false
			}
			_, err := r.Cookie(session)
			return err == nil
		}
		s.Given = func(r *http.Request, read time.Time) { database.UsedFrom(r.Context(), read) }
		kept := httpcache.New(next, s)
		c.Made(kept)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isAPI(r) {
				kept.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
