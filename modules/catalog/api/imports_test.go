package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"bookvault/modules/catalog/api"
	"bookvault/modules/catalog/importing"
	"bookvault/modules/catalog/postgres"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// asBearer takes the bearer for the name of a role.
type asBearer struct{}

func (asBearer) Authenticate(r *http.Request) (identity.Principal, error) {
	token, _ := rest.BearerOf(r)
	if token == "" {
		return identity.Principal{}, nil
	}
	role, err := identity.ParseRole(token)
	return identity.Principal{MemberID: 7, Role: role}, err
}

type importer struct {
	t       *testing.T
	service *importing.Service
	server  *httptest.Server
	folder  string
}

func newImporter(t *testing.T, db *database.DB, change func(*importing.Settings)) *importer {
	t.Helper()
	s := importing.Settings{Folder: t.TempDir(), MaxUpload: 1 << 20, MaxQueued: 2, Silence: time.Second, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&s)
	}
	service := importing.NewService(postgres.NewImports(db), s)
	routes := rest.New(rest.Settings{Version: "test", MaxBody: 1 << 20})
	routes.SetAuthenticator(asBearer{})
	api.RegisterImports(routes, service, s.MaxUpload)
	i := &importer{t: t, service: service, server: httptest.NewServer(routes), folder: s.Folder}
	t.Cleanup(i.server.Close)
	t.Cleanup(func() { _ = service.Stop(t.Context()) })
	return i
}

func (i *importer) call(method, path, role, contentType string, body io.Reader) (int, http.Header, map[string]any) {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), method, i.server.URL+path, body)
	if err != nil {
		i.t.Fatal(err)
	}
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+role)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		i.t.Fatalf("%s %s: %d: %v", method, path, res.StatusCode, err)
	}
	return res.StatusCode, res.Header, answer
}

// await asks until an import has ended.
func (i *importer) await(location string) map[string]any {
	i.t.Helper()
	for range 300 {
		_, _, job := i.call("GET", location, "librarian", "", nil)
		if job["state"] == "done" || job["state"] == "failed" {
			return job
		}
		time.Sleep(50 * time.Millisecond)
	}
	i.t.Fatal("the import does not end")
	return nil
}

const imports = "/api/catalog/v1/imports"

func TestAnImportFromUploadToEnd(t *testing.T) {
	db := dbtest.New(t)
	i := newImporter(t, db, nil)
	if err := i.service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := "title,authors,isbn\nTruyện Kiều,Nguyễn Du,\n,Nobody,\nDune,Frank Herbert,123\n"
	for n := range 60 {
		file += fmt.Sprintf("short %d\n", n)
	}
	status, header, job := i.call("POST", imports+"?file_name=list.csv", "librarian", "text/csv", strings.NewReader(file))
	if status != http.StatusAccepted || header.Get("Location") == "" || job["state"] != "queued" && job["state"] != "running" || job["source"] != "own" {
		t.Fatal(status, header, job)
	}
	job = i.await(header.Get("Location"))
	want := map[string]any{"state": "done", "created": 2.0, "changed": 0.0, "unchanged": 0.0, "refused": 61.0, "percent": 100.0, "file_name": "list.csv", "rows": 63.0}
	for k, v := range want {
		if job[k] != v {
			t.Errorf("%s is %v, want %v", k, job[k], v)
		}
	}
	// All refused rows, page by page.
	seen, next := 0, header.Get("Location")+"?limit=25"
	for next != "" {
		_, h, job := i.call("GET", next, "librarian", "", nil)
		rows := job["refused_rows"].(map[string]any)
		for _, item := range rows["items"].([]any) {
			row := item.(map[string]any)
			if seen == 0 && (row["line"] != 3.0 || row["field"] != "title" || row["reason"] == "") {
				t.Errorf("the first refused row: %v", row)
			}
			seen++
		}
		next = ""
		if link := h.Get("Link"); link != "" {
			next = strings.TrimPrefix(strings.Split(link, ">")[0], "<")
		}
	}
	if seen != 61 {
		t.Errorf("%d refused rows on the pages", seen)
	}
	_, _, left := i.call("GET", header.Get("Location")+"/left-out", "librarian", "", nil)
	if items := left["items"].([]any); len(items) != 1 || items[0].(map[string]any)["field"] != "isbn" {
		t.Errorf("left out: %v", left)
	}
	if files, _ := os.ReadDir(i.folder); len(files) != 0 {
		t.Errorf("%d files are left in the spool folder", len(files))
	}
}

func TestAForm(t *testing.T) {
	db := dbtest.New(t)
	i := newImporter(t, db, nil)
	if err := i.service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("file", "liste.csv.gz")
	z := gzip.NewWriter(part)
	_, _ = io.WriteString(z, "Nr;Titel;Autor\n1;\xc9tranger;Camus, Albert\n")
	_ = z.Close()
	_ = form.WriteField("mapping", "title=Titel,authors=Autor,key=Nr")
	_ = form.WriteField("source", "liste")
	_ = form.WriteField("dry_run", "false")
	_ = form.Close()
	status, header, job := i.call("POST", imports, "librarian", form.FormDataContentType(), &body)
	if status != http.StatusAccepted || job["file_name"] != "liste.csv.gz" {
		t.Fatal(status, job)
	}
	if job = i.await(header.Get("Location")); job["created"] != 1.0 || job["source"] != "liste" {
		t.Error(job)
	}
	var title, author string
	if err := db.Pool().QueryRow(t.Context(), `SELECT title, authors -> 0 ->> 'name' FROM catalog.books`).Scan(&title, &author); err != nil || title != "Étranger" || author != "Albert Camus" {
		t.Error(title, author, err)
	}
}

func TestWhatAnImportRefuses(t *testing.T) {
	i := newImporter(t, dbtest.New(t), nil) // not started: the queue only fills
	const csv = "title,authors\na,b\n"
	const form = "multipart/form-data; boundary=x"
	for name, c := range map[string]struct {
		path, role, contentType, body string
		status                        int
		field                         string
	}{
		"nobody":            {"", "", "text/csv", csv, 401, ""},
		"the desk":          {"", "desk", "text/csv", csv, 403, ""},
		"an empty file":     {"", "librarian", "text/csv", "", 422, "body"},
		"a spreadsheet":     {"", "librarian", "text/csv", "PK\x03\x04…", 422, "body"},
		"an unknown header": {"", "librarian", "", "x,y\n1,2\n", 422, "body"},
		"JSON":              {"", "librarian", "application/json", `{}`, 415, ""},
		"no such encoding":  {"?encoding=klingon", "librarian", "text/csv", csv, 422, "body"},
		"a bad mapping":     {"?mapping=title", "librarian", "text/csv", csv, 422, "query.mapping"},
		"a bad source":      {"?source=A%20B", "librarian", "text/csv", csv, 422, "query.source"},
		"too large":         {"", "librarian", "text/csv", csv + strings.Repeat("a,b\n", 1<<18), 413, ""},
		"a form without":    {"", "librarian", form, "--x\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\nx\r\n--x--\r\n", 422, "body.file"},
		"a form, cut":       {"", "librarian", form, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ntitle,auth", 400, "body"},
		"a form, unknown":   {"", "librarian", form, "--x\r\nContent-Disposition: form-data; name=\"fail\"\r\n\r\nx\r\n--x--\r\n", 422, "body"},
		"no boundary":       {"", "librarian", "multipart/form-data", csv, 400, "body"},
	} {
		status, _, answer := i.call("POST", imports+c.path, c.role, c.contentType, strings.NewReader(c.body))
		field := ""
		if fields, ok := answer["errors"].([]any); ok && len(fields) > 0 {
			field, _ = fields[0].(map[string]any)["field"].(string)
		}
		if status != c.status || c.field != "" && field != c.field {
			t.Errorf("%s: %d %q %v, want %d %q", name, status, field, answer, c.status, c.field)
		}
	}
	for _, path := range []string{"/999999", "/0", "/-1", "/99999999999999999999", "/x", "/999999/left-out"} {
		if status, _, answer := i.call("GET", imports+path, "librarian", "", nil); status != 404 && status != 422 {
			t.Errorf("%s: %d %v", path, status, answer)
		}
	}
	if files, _ := os.ReadDir(i.folder); len(files) != 0 {
		t.Errorf("%d refused files are left", len(files))
	}
	for n, want := range []int{202, 202, 503} {
		if status, header, _ := i.call("POST", imports, "librarian", "text/csv", strings.NewReader(csv)); status != want || want == 503 && header.Get("Retry-After") == "" {
			t.Errorf("upload %d: %d, want %d", n, status, want)
		}
	}
}

// TestAnImportOutlivesItsProcess leaves a run in the middle, as a process does that was killed, and lets another service go on.
func TestAnImportOutlivesItsProcess(t *testing.T) {
	db := dbtest.New(t)
	i := newImporter(t, db, func(s *importing.Settings) { s.Limits.BatchRows = 10 })
	file := "key,title,authors\n"
	for n := range 100 {
		file += fmt.Sprintf("%d,Title %d,Author %d\n", n, n, n%7)
	}
	_, header, _ := i.call("POST", imports, "librarian", "text/csv", strings.NewReader(file))
	ctx := t.Context()
	jobs := postgres.NewImports(db)
	var place string
	if err := db.Pool().QueryRow(ctx, `SELECT place FROM catalog.imports`).Scan(&place); err != nil {
		t.Fatal(err)
	}
	job, store, ok, err := jobs.Claim(ctx, place, time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	reader, err := importing.NewReader(strings.NewReader(file), job.Options, importing.Limits{BatchRows: 10}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		batch, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Write(ctx, reader.Source(), batch, job.Options); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Pool().Exec(ctx, `UPDATE catalog.imports SET heartbeat = now() - interval '1 minute'`); err != nil {
		t.Fatal(err)
	}
	if err := i.service.Start(ctx); err != nil {
		t.Fatal(err)
	}
	end := i.await(header.Get("Location"))
	if end["state"] != "done" || end["created"] != 100.0 || end["refused"] != 0.0 || end["rows"] != 100.0 || end["line"] != 101.0 {
		t.Error(end)
	}
	var titles int
	if err := db.Pool().QueryRow(ctx, `SELECT count(*) FROM catalog.books`).Scan(&titles); err != nil || titles != 100 {
		t.Error(titles, err)
	}
}

func TestAnImportWhoseFileIsGoneFails(t *testing.T) {
	db := dbtest.New(t)
	i := newImporter(t, db, nil)
	_, header, _ := i.call("POST", imports, "librarian", "text/csv", strings.NewReader("title,authors\na,b\n"))
	files, _ := os.ReadDir(i.folder)
	if len(files) != 1 || os.Remove(i.folder+"/"+files[0].Name()) != nil {
		t.Fatal(files)
	}
	if err := i.service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if end := i.await(header.Get("Location")); end["state"] != "failed" || !strings.Contains(end["failure"].(string), "gone") {
		t.Error(end)
	}
}
