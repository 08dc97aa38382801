package importing

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bookvault/modules/catalog"
)

func readAll(t testing.TB, file string, opts Options, limits Limits, after int64) ([]Entry, []Finding, *Reader) {
	t.Helper()
	r, err := NewReader(strings.NewReader(file), opts, limits, after)
	if err != nil {
		t.Fatal(err)
	}
	entries, findings := drain(t, r)
	return entries, findings, r
}

func drain(t testing.TB, r *Reader) (entries []Entry, findings []Finding) {
	t.Helper()
	for {
		b, err := r.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, b.Entries...)
		findings = append(findings, b.Findings...)
		if b.Last {
			return entries, findings
		}
	}
}

func brief(e Entry) string {
	b := e.Book
	var names []string
	for _, a := range b.Authors {
		names = append(names, a.Name)
	}
	year, pages := "-", "-"
	if b.PublishedYear != nil {
		year = fmt.Sprint(*b.PublishedYear)
	}
	if b.Pages != nil {
		pages = fmt.Sprint(*b.Pages)
	}
	return strings.Join([]string{e.Key, b.Title, b.Subtitle, strings.Join(names, "+"), b.ISBN13, b.Language, b.Publisher, year, pages,
		b.Series, b.SeriesPosition, strings.Join(b.Genres, "+"), strings.Join(b.Subjects, "+"), b.Description}, "|")
}

func TestShapes(t *testing.T) {
	const goodbooksHeader = "book_id,goodreads_book_id,isbn,isbn13,authors,original_publication_year,title,language_code\n"
	const gutenbergHeader = "gutenberg_id,title,author,gutenberg_author_id,language,gutenberg_bookshelf,rights,has_text\n"
	const goodreadsHeader = "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Bookshelves\n"
	for name, c := range map[string]struct{ in, want string }{
		"goodbooks, the lost zero": {goodbooksHeader + `1,2767052,439023483,9.78043902348e+12,Suzanne Collins,2008.0,"The Hunger Games (The Hunger Games, #1)",eng`,
			"2767052|The Hunger Games||Suzanne Collins|9780439023481|en||2008|-|The Hunger Games|1|||"},
		"goodbooks, two zeros, several authors": {goodbooksHeader + `4,2657,61120081,,"J.K. Rowling, Robert DeMaria, Jr.,  Mary   GrandPré",-750.0,To Kill,en-US`,
			"2657|To Kill||J.K. Rowling+Robert DeMaria, Jr.+Mary GrandPré|9780061120084|en-US||-750|-|||||"},
		"goodbooks, a wrong check digit": {goodbooksHeader + `1,7,439023484,9.78e+12,A B,,T (S #2.5),fre`, "7|T||A B||fr||-|-|S|2.5|||"},
		"goodbooks, two series":          {goodbooksHeader + `1,7,,,A B,,"Trunk Music (Harry Bosch, #5; Harry Bosch Universe, #6)",`, "7|Trunk Music||A B||||-|-|Harry Bosch|5|||"},
		"gutenberg, a subtitle behind a line break": {gutenbergHeader + `2,"The Bill` + "\n" + `The Ten",United States,1,en,"Politics/Category: Religion/Spirituality/Category: Plays/Films/Dramas/Nobel Prizes",x,TRUE`,
			"2|The Bill|The Ten|United States||en||-|-|||Religion/Spirituality+Plays/Films/Dramas|Politics+Nobel Prizes|"},
		"gutenberg, MARC marks": {gutenbergHeader + `3,"Oil! : $b A novel","Sinclair, Upton",1,en/de,,x,FALSE`, "3|Oil!|A novel|Upton Sinclair||en||-|-|||||"},
		"gutenberg, rows of one work": {gutenbergHeader + "61,The Manifesto,\"Marx, Karl\",1,en,,x,TRUE\n61,The Manifesto,\"Engels, Friedrich\",2,en,,x,TRUE",
			"61|The Manifesto||Karl Marx+Friedrich Engels||en||-|-|||||"},
		"gutenberg, no author, damaged dash": {gutenbergHeader + "10,Vol. X.\u0097No. 6,,,en,,x,TRUE", "10|Vol. X.—No. 6||Anonymous||en||-|-|||||"},
		"goodreads": {goodreadsHeader + `234225,"Dune (Dune, #1)",Frank Herbert,"Herbert, Frank","Michael Pollak, Alan Smithee","=""0441013597""","=""9780441013593""",5,Ace Books,Paperback,604,2005,1965,to-read`,
			"234225|Dune||Frank Herbert+Michael Pollak+Alan Smithee|9780441013593||Ace Books|1965|604|Dune|1|||"},
		"our own": {"title,authors,isbn,language,publisher,year,pages,series,series_position,genres,subjects,description,subtitle,key\n" +
			`Truyện Kiều,Nguyễn Du; "Anon",978-0-441-01359-3,vie,NXB Văn Học,1820,"1,204",S,2,Poetry;Epic;Poetry,Love,"Line one` + "\n\n\n" + `  two",Đoạn trường tân thanh,k1`,
			"k1|Truyện Kiều|Đoạn trường tân thanh|Nguyễn Du+\"Anon\"|9780441013593|vi|NXB Văn Học|1820|1204|S|2|Poetry+Epic|Love|Line one\n\ntwo"},
		"our own, key by ISBN": {"title;authors;isbn\nDune;Herbert, Frank;0441013597", "isbn:9780441013593|Dune||Frank Herbert|9780441013593|||-|-|||||"},
		"our own, two people":  {"title,authors\nManifest,\"Karl Marx, Friedrich Engels\"", "*|Manifest||Karl Marx+Friedrich Engels||||-|-|||||"},
	} {
		entries, _, _ := readAll(t, c.in, Options{}, Limits{}, 0)
		if len(entries) != 1 {
			t.Errorf("%s: %d entries", name, len(entries))
			continue
		}
		got := brief(entries[0])
		if rest, any := strings.CutPrefix(c.want, "*"); any {
			got, c.want = got[strings.Index(got, "|"):], rest
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestMapping(t *testing.T) {
	mapping, err := ParseMapping(`title=Titel, authors=Autor,year=Jahr\, erstes,key=Nr`)
	if err != nil {
		t.Fatal(err)
	}
	const file = "Nr;Titel;Autor;Jahr, erstes;Preis\n17;Faust;Goethe, Johann Wolfgang von;1808;3\n18;;Kafka;;\n19;X;Y;MDCC;\n"
	entries, findings, r := readAll(t, file, Options{Mapping: mapping, Source: "mine"}, Limits{}, 0)
	if r.Source() != "mine" || len(entries) != 2 || brief(entries[0]) != "17|Faust||Johann Wolfgang von Goethe||||1808|-|||||" {
		t.Errorf("%s: %v", r.Source(), entries)
	}
	want := []Finding{{Line: 3, Field: "Titel", Reason: "it is empty", Refused: true}, {Line: 4, Field: "Jahr, erstes", Reason: "it is not a whole number", Value: "MDCC"}}
	for i := range findings {
		findings[i].Field = strings.Replace(strings.Replace(findings[i].Field, "titel", "Titel", 1), "jahr", "Jahr", 1)
	}
	if !reflect.DeepEqual(findings, want) {
		t.Errorf("findings %v", findings)
	}
	for mapping, want := range map[string]string{"title=Nope": "no such column", "titel=Titel": "our columns are", "authors=Autor": "no column for the title",
		"title=Titel,key=Nr": "source needs a name"} {
		m, err := ParseMapping(mapping)
		if err == nil {
			_, err = NewReader(strings.NewReader(file), Options{Mapping: m}, Limits{}, 0)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", mapping, err)
		}
	}
	if _, err := NewReader(strings.NewReader(file), Options{}, Limits{}, 0); err == nil || !strings.Contains(err.Error(), "mapping such as") {
		t.Errorf("an unknown header: %v", err)
	}
}

// A run that is broken off after any batch and goes on from the line that the batch accounts for reads every entry and
// every finding once, whatever the size of the batches.
func TestGoingOnFromAnyBatch(t *testing.T) {
	file := "gutenberg_id,title,author,language,gutenberg_bookshelf\n"
	for i := range 60 {
		switch {
		case i%7 == 3:
			file += fmt.Sprintf("%d,,\"A, B\",en,\n", i) // refused
		case i%5 == 2:
			file += fmt.Sprintf("%d,\"T\nsub\",\"A, B\",en,\n%d,T,\"C, D\",en,\n", i, i) // two rows, three lines
		case i%11 == 4:
			file += fmt.Sprintf("%d,T,\"A, B\",klingonese,\n", i) // a fact left out
		case i%13 == 6:
			file += "broken\n"
		default:
			file += fmt.Sprintf("%d,T,\"A, B\",en,\n", i)
		}
	}
	whole, findings, _ := readAll(t, file, Options{}, Limits{}, 0)
	rows := rowsOf(t, file, Limits{}, 0)
	asJSON := func(v any) string { b, _ := json.Marshal(v); return string(b) }
	for _, size := range []int{1, 2, 3, 7} {
		for stop := range 40 {
			limits := Limits{BatchRows: size}
			r, err := NewReader(strings.NewReader(file), Options{}, limits, 0)
			if err != nil {
				t.Fatal(err)
			}
			var entries []Entry
			var found []Finding
			line, counted := int64(0), int64(0)
			for range stop {
				b, err := r.Next(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				entries, found, line, counted = append(entries, b.Entries...), append(found, b.Findings...), b.Line, counted+b.Rows
				if b.Last {
					break
				}
			}
			more, rest, _ := readAll(t, file, Options{}, limits, line)
			if got := append(entries, more...); asJSON(got) != asJSON(whole) {
				t.Fatalf("batches of %d, stopped after %d (line %d): %d entries, want %d", size, stop, line, len(got), len(whole))
			}
			if got := counted + rowsOf(t, file, limits, line); got != rows {
				t.Fatalf("batches of %d, stopped after %d (line %d): %d rows counted, want %d", size, stop, line, got, rows)
			}
			if got := append(found, rest...); asJSON(got) != asJSON(findings) {
				t.Fatalf("batches of %d, stopped after %d (line %d): findings\n%v\nwant\n%v", size, stop, line, got, findings)
			}
		}
	}
}

func rowsOf(t *testing.T, file string, limits Limits, after int64) (rows int64) {
	t.Helper()
	r, err := NewReader(strings.NewReader(file), Options{}, limits, after)
	if err != nil {
		t.Fatal(err)
	}
	for {
		b, err := r.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if rows += b.Rows; b.Last {
			return rows
		}
	}
}

func TestSameKeyTwiceInABatch(t *testing.T) {
	entries, findings, _ := readAll(t, "key,title,authors\n1,A,X\n2,B,Y\n1,C,Z\n", Options{}, Limits{}, 0)
	if len(entries) != 2 || len(findings) != 1 || findings[0].Line != 4 || !findings[0].Refused || !strings.Contains(findings[0].Reason, "line 2") {
		t.Errorf("%v %v", entries, findings)
	}
}

func TestBoundsOfATitle(t *testing.T) {
	file := "key,title,authors,description,genres\n" +
		"1," + strings.Repeat("x", catalog.DefaultLimits.Title+1) + ",A,,\n" +
		"2,T," + strings.Repeat("x", catalog.DefaultLimits.Name+1) + ",,\n" +
		"3,T,A," + strings.Repeat("x", catalog.DefaultLimits.Description+1) + "," + strings.Repeat("g;", 3) + strings.Repeat("x", catalog.DefaultLimits.Name+1) + "\n" +
		"4,T," + strings.Repeat("A;", 300) + ",,\n" + strings.Repeat("k", maxKey+1) + ",T,A,,\n"
	entries, findings, _ := readAll(t, file, Options{}, Limits{}, 0)
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d %s %v", f.Line, f.Field, f.Refused))
	}
	want := []string{"2 title true", "3 authors true", "4 description false", "4 genres false", "6  true"}
	if !slices.Equal(got, want) || len(entries) != 2 {
		t.Errorf("%d entries, findings %q, want %q", len(entries), got, want)
	}
}

// sharedData opens one of the real files, which lie beside the project and are no part of it.
func sharedData(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Skipf("the real file is not here (../shared/data/%s): %v", name, err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestRealFiles(t *testing.T) {
	for name, c := range map[string]struct {
		source                          string
		entries, refused, isbns, series int
		book                            string
	}{
		"goodbooks-10k/books.csv": {"goodbooks", 10_000, 0, 9_277, 4_438,
			"2767052|The Hunger Games||Suzanne Collins|9780439023481|en||2008|-|The Hunger Games|1|||"},
		"gutenberg/gutenberg_metadata.csv.gz": {"gutenberg", 78_765, 1, 0, 0,
			"11|Alice's Adventures in Wonderland||Lewis Carroll||en||-|-|||Children & Young Adult Reading+Novels+Classics of Literature+British Literature|Children's Literature|"},
	} {
		t.Run(c.source, func(t *testing.T) {
			r, err := NewReader(sharedData(t, name), Options{}, Limits{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			entries, findings := drain(t, r)
			refused, isbns, series, found := 0, 0, 0, false
			for _, f := range findings {
				if f.Refused {
					refused++
				}
			}
			for _, e := range entries {
				if e.Book.ISBN13 != "" {
					isbns++
				}
				if e.Book.Series != "" {
					series++
				}
				found = found || brief(e) == c.book
				if strings.ContainsAny(e.Book.Title, "\n\r\u0097\u00ad") || strings.Contains(e.Book.Title, "$b") || strings.Contains(e.Book.Title, "Ã") && strings.Contains(e.Book.Title, "©") {
					t.Errorf("line %d: title %q", e.Line, e.Book.Title)
				}
			}
			if r.Source() != c.source || r.Encoding() != "UTF-8" || len(entries) != c.entries || refused != c.refused || isbns != c.isbns || series < c.series || !found {
				t.Errorf("%s %s: %d entries, %d refused, %d ISBNs, %d in a series, the known book there: %v", r.Source(), r.Encoding(), len(entries), refused, isbns, series, found)
			}
		})
	}
}
