package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// shelf is a handler that adds a note on POST and tells on GET how many notes this caller sees, and from where.
func shelf(t *testing.T, db *database.DB) http.Handler {
	return consistent(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if err := db.InTx(r.Context(), func(tx *gorm.DB) error { return tx.Exec("INSERT INTO notes VALUES (1)").Error }); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusCreated)
			return
		}
		var answer string
		if err := db.Read(r.Context()).Raw("SELECT count(*) || CASE WHEN pg_is_in_recovery() THEN ' replica' ELSE ' primary' END FROM notes").Scan(&answer).Error; err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(answer))
	}))
}

// consistent puts both of its stages around a handler.
func consistent(handler http.Handler) http.Handler {
	return Consistency{}.promises(Consistency{}.readers(handler))
}

func ask(handler http.Handler, method string, prepare ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, "/api/notes", nil)
	for _, p := range prepare {
		p(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b := make([]byte, 100)
	n, _ := r.Body.Read(b)
	return string(b[:n])
}

func TestCallersReadTheirOwnWrites(t *testing.T) {
	db := dbtest.New(t, dbtest.Replicated(), dbtest.With(func(s *database.Settings) { s.ReplicaMaxLag = time.Hour }))
	if err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Exec("CREATE TABLE notes (n int)").Error }); err != nil {
		t.Fatal(err)
	}
	handler := shelf(t, db)
	mine := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("BookVault-Consistency", token) }
	}
	made := ask(handler, "POST")
	token := made.Header.Get("BookVault-Consistency")
	for end := time.Now().Add(10 * time.Second); body(t, ask(handler, "GET", mine(token))) != "1 replica"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the replica never answers")
		}
	}

	older := token
	pauseReplica(t)
	made = ask(handler, "POST")
	token = made.Header.Get("BookVault-Consistency")
	if _, err := wal.ParseToken(token); made.StatusCode != 201 || err != nil {
		t.Fatalf("%d with the token %q", made.StatusCode, token)
	}
	cookies := made.Cookies()
	if len(cookies) != 1 || cookies[0].Value != token || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].MaxAge <= 0 || cookies[0].MaxAge > 300 {
		t.Fatalf("cookies %v", cookies)
	}
	withCookie := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "bv_consistency", Value: value}) }
	}
	both := func(header, cookie string) func(*http.Request) {
		return func(r *http.Request) { mine(header)(r); withCookie(cookie)(r) }
	}
	for name, c := range map[string]struct {
		prepare func(*http.Request)
		want    string
	}{
		"by header":                          {mine(token), "2 primary"},
		"by cookie":                          {withCookie(token), "2 primary"},
		"a header beside an older cookie":    {both(token, older), "2 primary"},
		"a header beside a newer cookie":     {both(older, token), "2 primary"},
		"a stranger":                         {func(*http.Request) {}, "1 replica"},
		"a cookie made up":                   {withCookie("'; DROP TABLE notes; --"), "1 replica"},
		"a token of the right form, made up": {mine(wal.Position{Timeline: 9, LSN: 9}.Token()), "2 primary"},
	} {
		answer := ask(handler, "GET", c.prepare)
		if got := body(t, answer); got != c.want {
			t.Errorf("%s: reads %q, want %q", name, got, c.want)
		}
		if answer.Header.Get("BookVault-Consistency") != "" || len(answer.Cookies()) != 0 {
			t.Errorf("%s: a read tells a token: %v", name, answer.Header)
		}
	}
}

func pauseReplica(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dbtest.Replica(t).ReplicaAdminDSN())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT pg_wal_replay_pause()"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_wal_replay_resume()")
		if err != nil {
			t.Error(err)
		}
		_ = conn.Close(context.Background())
	})
	for state := ""; state != "paused"; time.Sleep(5 * time.Millisecond) {
		if err := conn.QueryRow(t.Context(), "SELECT pg_get_wal_replay_pause_state()").Scan(&state); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMadeUpTokenIsRefusedWithItsName(t *testing.T) {
	for name, headers := range map[string][]string{
		"nonsense": {"nonsense"}, "empty": {""}, "almost": {"AAAAAQAAAAAERRa="}, "long": {string(make([]byte, 10_000))},
		"twice": {wal.Position{Timeline: 1, LSN: 1}.Token(), wal.Position{Timeline: 1, LSN: 1}.Token()},
	} {
		r := httptest.NewRequest("GET", "/api/notes", nil)
		r.Header["Bookvault-Consistency"] = headers
		w, _ := through(t, r, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: the handler ran", name) })
		if d := problemOf(t, w); w.Code != 400 || d.Code != "consistency_token_invalid" || len(d.Errors) != 1 || d.Errors[0].Field != "header.BookVault-Consistency" {
			t.Errorf("%s: %d %+v", name, w.Code, d)
		}
	}
}

// The token is told however the answer is begun: by a status, by a body, by a flush, or not at all.
func TestTheTokenIsToldHoweverTheAnswerBegins(t *testing.T) {
	db := dbtest.New(t)
	for name, answer := range map[string]func(http.ResponseWriter){
		"status":  func(w http.ResponseWriter) { w.WriteHeader(204) },
		"body":    func(w http.ResponseWriter) { _, _ = w.Write([]byte("done")) },
		"flush":   func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"early":   func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints); w.WriteHeader(200) },
		"nothing": func(http.ResponseWriter) {},
	} {
		server := httptest.NewServer(consistent(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := db.InTx(r.Context(), func(*gorm.DB) error { return nil }); err != nil {
				t.Error(err)
			}
			answer(w)
		})))
		got, err := server.Client().Get(server.URL + "/api/notes")
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		server.Close()
		if _, err := wal.ParseToken(got.Header.Get("BookVault-Consistency")); err != nil {
			t.Errorf("%s: the token is %q", name, got.Header.Get("BookVault-Consistency"))
		}
	}
}
