package importing

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

type result struct {
	rows     []Row
	findings []Finding
	encoding string
}

func readRows(data, encoding string, limits Limits) (result, error) {
	var res result
	src, err := Open(strings.NewReader(data), encoding, limits)
	if err != nil {
		return res, err
	}
	rows, err := NewRows(src, 0, limits)
	if err != nil {
		return res, err
	}
	res.rows = append(res.rows, Row{Values: rows.Header()})
	for {
		row, finding, err := rows.Read()
		switch {
		case err == io.EOF:
			res.encoding = src.Encoding()
			return res, nil
		case err != nil:
			return res, err
		case finding != nil:
			res.findings = append(res.findings, *finding)
		default:
			res.rows = append(res.rows, row)
		}
	}
}

func show(r result) string {
	var b strings.Builder
	for _, row := range r.rows {
		fmt.Fprintf(&b, "%d-%d%q ", row.Line, row.LastLine, row.Values)
	}
	for _, f := range r.findings {
		fmt.Fprintf(&b, "!%d:%s:%s ", f.Line, f.Field, f.Reason)
	}
	return strings.TrimSpace(b.String())
}

func TestRows(t *testing.T) {
	const tooFew, odd = "it has 1 values, the header has 2", "a quote stands in an odd place, and the value seems to run into the next line"
	for name, c := range map[string]struct{ in, want string }{
		"plain":                     {"a,b\n1,2\n", `0-0["a" "b"] 2-2["1" "2"]`},
		"no end of line":            {"a,b\n1,2", `0-0["a" "b"] 2-2["1" "2"]`},
		"crlf and empty lines":      {"a,b\r\n\r\n1,2\r\n\r\n", `0-0["a" "b"] 3-3["1" "2"]`},
		"old Macintosh":             {"a,b\r1,2\r", `0-0["a" "b"] 2-2["1" "2"]`},
		"byte order mark":           {"\xef\xbb\xbfa,b\n1,2\n", `0-0["a" "b"] 2-2["1" "2"]`},
		"tabs":                      {"a\tb\n1, 2\t3\n", `0-0["a" "b"] 2-2["1, 2" "3"]`},
		"semicolons":                {"a;b\n1,5;2\n3,5;4\n", `0-0["a" "b"] 2-2["1,5" "2"] 3-3["3,5" "4"]`},
		"declared":                  {"sep=|\r\na,x|b,y\r\n1|2\r\n", `0-0["a,x" "b,y"] 3-3["1" "2"]`},
		"quotes":                    {"a,b\n\"x\"\"y\",\"1\n2\"\n3,4\n", `0-0["a" "b"] 2-3["x\"y" "1\n2"] 4-4["3" "4"]`},
		"spaces before a quote":     {"a,b\n1, \"x,y\" \n", `0-0["a" "b"] 2-2["1" "x,y"]`},
		"quote in a bare value":     {"a,b\n5\" disk,=\"044\"\n", `0-0["a" "b"] 2-2["5\" disk" "=\"044\""]`},
		"odd quote in quotes":       {"a,b\n1,\"the \"odd\" one\"\n", `0-0["a" "b"] 2-2["1" "the \"odd\" one"]`},
		"a quote never closed":      {"a,b\n1,\"x\n2,y\n3,z\n", `0-0["a" "b"] 3-3["2" "y"] 4-4["3" "z"] !2::a quote is opened and never closed`},
		"a quote closed rows later": {"a,b\n1,\"x\n2,\"y\"\n3,z\n", `0-0["a" "b"] 3-3["2" "y"] 4-4["3" "z"] !2::` + odd},
		"too short, too long":       {"a,b\n1\n1,2,3\n1,2,,\n4,5\n", `0-0["a" "b"] 4-4["1" "2"] 5-5["4" "5"] !2::` + tooFew + ` !3::it has 3 values, the header has 2`},
		"NUL":                       {"a,b\n1,x\x00y\n3,4\n", `0-0["a" "b"] 3-3["3" "4"] !2:b:it holds a NUL byte`},
		"tabs without quoting":      {"a\tb\n1\t\"Heroes\" (2006)\n2\t\"x\n3\ty\n", `0-0["a" "b"] 2-2["1" "\"Heroes\" (2006)"] 3-3["2" "\"x"] 4-4["3" "y"]`},
		"delimiter at the end":      {"a,b\n1,", `0-0["a" "b"] 2-2["1" ""]`},
		"pasted together":           {"a,b\nđ,2\n\xe9,4\n5,6\n", `0-0["a" "b"] 2-2["đ" "2"] 4-4["5" "6"] !3:a:these bytes are not UTF-8`},
		"already damaged":           {"a,b\nx\uFFFDy,2\n", `0-0["a" "b"] !2:a:it holds the replacement character U+FFFD: this text was damaged before it came here`},
	} {
		got, err := readRows(c.in, "", Limits{})
		if err != nil || show(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, show(got), c.want)
		}
	}
}

func TestBoundsOfRows(t *testing.T) {
	limits := Limits{FieldBytes: 40_000, RowBytes: 100_000}
	long := strings.Repeat("x", 50_000)
	longer := strings.Repeat("y", 300_000)
	in := "a,b\n1," + long + "\n2,b\n3," + longer + "\n4,b\n5,\"" + strings.Repeat("z\n", 100_000) + "6,b\n"
	got, err := readRows(in, "", limits)
	if err != nil {
		t.Fatal(err)
	}
	want := `0-0["a" "b"] 3-3["2" "b"] 5-5["4" "b"] 100006-100006["6" "b"]`
	rows := got
	rows.findings = nil
	if show(rows) != want {
		t.Errorf("rows: %.300s", show(rows))
	}
	for i, want := range []string{"line 2: refused: b: it is longer than 40000 bytes", "line 4: refused: it is longer than 100000 bytes", "line 6: refused: "} {
		if !strings.HasPrefix(got.findings[i].String(), want) {
			t.Errorf("finding %d: %.100s", i, got.findings[i])
		}
	}
}

// A file of quotes that never close must not be read again and again from every line.
func TestRunawayQuotesCostLinearTime(t *testing.T) {
	in := "a,b\n" + strings.Repeat("\"x\n", 2_000_000)
	src, err := Open(strings.NewReader(in), "", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := NewRows(src, 0, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err = rows.Read(); err != nil {
			break
		}
	}
	if most := int64(rereadFree + (rereadShare+2)*len(in)); err != io.EOF || rows.reread > most {
		t.Errorf("%v; read %d bytes again of %d", err, rows.reread, len(in))
	}
}

func TestEncodings(t *testing.T) {
	const text = "title,authors\nL'Étranger – «x»,Albert Camus\nŒuvres,Molière\n"
	cp1252, _ := charmap.Windows1252.NewEncoder().String(text)
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	utf16be, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	bare, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, cp1252)
	_ = z.Close()
	lateLatin1 := "title,authors\n" + strings.Repeat("plain,ascii\n", 20_000) + "caf\xe9,Zola\n"
	want := strings.Split("L'Étranger – «x»|Albert Camus|Œuvres|Molière", "|")
	for name, c := range map[string]struct{ in, asked string }{
		"utf-8": {text, ""}, "utf-8 asked": {text, "UTF-8"}, "cp1252": {cp1252, ""}, "cp1252 asked": {cp1252, "cp1252"},
		"utf-16": {utf16, ""}, "utf-16 big": {utf16be, ""}, "utf-16 without mark": {bare, "utf-16le"}, "cp1252 packed": {packed.String(), ""},
	} {
		got, err := readRows(c.in, c.asked, Limits{})
		if err != nil || len(got.rows) != 3 {
			t.Errorf("%s: %v, %s", name, err, show(got))
			continue
		}
		if values := append(got.rows[1].Values, got.rows[2].Values...); !reflect.DeepEqual(values, want) {
			t.Errorf("%s: %q", name, values)
		}
	}
	got, err := readRows(lateLatin1, "", Limits{})
	if err != nil || got.encoding != "windows-1252" || got.rows[len(got.rows)-1].Values[0] != "café" {
		t.Errorf("Latin-1 that shows late: %v, %s, %q", err, got.encoding, got.rows[len(got.rows)-1].Values)
	}
	// A cp1252 file with one UTF-8 row in it: neither row becomes mojibake.
	got, err = readRows("a,b\n"+strings.Repeat("caf\xe9,b\n", 10)+"th\xc3\xa9,b\n", "", Limits{})
	if err != nil || got.rows[1].Values[0] != "café" || got.rows[11].Values[0] != "thé" {
		t.Errorf("pasted: %v, %s", err, show(got))
	}
	got, err = readRows("a,b\ncaf\xe9,b\nx\x81y,b\n", "", Limits{})
	if err != nil || len(got.findings) != 1 || got.findings[0].Line != 3 {
		t.Errorf("a byte that cp1252 does not define: %v, %s", err, show(got))
	}
}

func TestFilesThatCannotBeImported(t *testing.T) {
	bare, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String("title,authors\na,b\n")
	russian, _ := charmap.Windows1251.NewEncoder().String("title,authors\n" + strings.Repeat("Война и мир,Лев Толстой\nПреступление и наказание,Достоевский\n", 20))
	for name, c := range map[string]struct{ in, asked, want string }{
		"empty":            {"", "", "it is empty"},
		"a spreadsheet":    {"PK\x03\x04xxxx", "", "zip archive or a spreadsheet"},
		"UTF-16, no mark":  {bare, "", "--encoding utf-16le"},
		"Cyrillic":         {russian, "", "--encoding windows-1251"},
		"unknown encoding": {"a,b\n", "klingon", "no encoding is called"},
		"damaged gzip":     {"\x1f\x8b\x00\x00\x00\x00\x00\x00\x00\x00\x00", "", "gzip header"},
		"a bad header":     {"a,\"b\n", "", "its header"},
	} {
		_, err := readRows(c.in, c.asked, Limits{})
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := readRows(russian, "windows-1251", Limits{})
	if err != nil || got.rows[1].Values[0] != "Война и мир" {
		t.Errorf("asked for windows-1251: %v %s", err, show(got))
	}
}

func TestUnpackingIsBounded(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "a,b\n"+strings.Repeat("0,0\n", 1<<20))
	_ = z.Close()
	_, err := readRows(packed.String(), "", Limits{UnpackedBytes: 1 << 20})
	if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "line") {
		t.Errorf("a bomb: %v", err)
	}
	_, err = readRows(packed.String()[:packed.Len()-200], "", Limits{})
	if err == nil || !strings.Contains(err.Error(), "breaks off at line") {
		t.Errorf("a file that breaks off: %v", err)
	}
}

// FuzzRows checks that no bytes break the reader, that it ends, that text is text, and that on files that encoding/csv
// takes without complaint both read the same.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\n\"1\n\",2\n3;\"", "a\tb\n\"x\t\"\n", "\xff\xfea\x00", "a,b\n\xe9,\xc3\xa9\n", "a,b\r1,2\r\"", "sep=;\n", "a,b\n1,\"x\n2,\"y\"\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readRows(string(data), "", Limits{FieldBytes: 1000, RowBytes: 2000})
		if err != nil {
			return
		}
		last := int64(0)
		for _, row := range got.rows {
			if row.Line < last || row.LastLine < row.Line {
				t.Fatalf("lines go back: %s", show(got))
			}
			last = row.Line
			for _, v := range row.Values {
				if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
					t.Fatalf("not text: %q", v)
				}
			}
			if len(row.Values) != len(got.rows[0].Values) {
				t.Fatalf("a row of another length: %s", show(got))
			}
		}
		for _, f := range got.findings {
			if f.Line < 1 || !utf8.ValidString(f.String()) || strings.ContainsRune(f.String(), 0) {
				t.Fatalf("finding %q", f)
			}
		}
	})
}

// FuzzAgainstTheStandardReader compares with encoding/csv on well-formed files.
func FuzzAgainstTheStandardReader(f *testing.F) {
	f.Add("a", "b\nc", "d\"e", "f,g")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		records := [][]string{{"title", "authors"}, {a, b}, {c, d}}
		for _, r := range records {
			for i, v := range r {
				if !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\uFFFD\r") || len(v) > 1000 {
					return
				}
				r[i] = "x" + v // no empty rows, no leading spaces
			}
		}
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		_ = w.WriteAll(records)
		got, err := readRows(file.String(), "utf-8", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range got.rows {
			if !reflect.DeepEqual(r.Values, records[i]) {
				t.Fatalf("%q was read as %q", records[i], r.Values)
			}
		}
		if len(got.rows) != 3 {
			t.Fatalf("%q: %s", file.String(), show(got))
		}
	})
}
