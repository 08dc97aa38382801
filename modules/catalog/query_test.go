package catalog

import (
	"errors"
	"strings"
	"testing"

	"bookvault/platform/problem"
)

// show writes a query as it is read: words, "phrases", a|b for forms, * where a word may go on.
func show(q Query) string {
	var terms []string
	for _, t := range q.Terms {
		var forms []string
		for _, f := range t.Forms {
			forms = append(forms, strings.Join(f, "+"))
		}
		s := strings.Join(forms, "|") + string(t.ISBN)
		if t.Open {
			s += "*"
		}
		terms = append(terms, s)
	}
	return strings.Join(terms, " ")
}

func TestParseQuery(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"   ":                         "",
		"!?":                          "",
		"truyện kiều":                 "truyen kieu*",
		"Truyện Kiều ":                "truyen kieu",
		`"chí phèo" nam`:              "chi+pheo nam*",
		`"chí phèo"`:                  "chi+pheo",
		`"chí phè`:                    "chi+phe*",
		`“war and peace”tolstoy`:      "war+and+peace tolstoy*",
		"0-439-02348-3":               "9780439023481",
		"hunger 9780439023481":        "hunger 9780439023481",
		"9780439023482":               "9780439023482*",
		"spider-man":                  "spider+man|spiderman*",
		"plan b":                      "plan",
		"b":                           "",
		"b ":                          "b",
		"7":                           "7*",
		"紅樓夢":                         "紅+樓+夢",
		"L'Étranger":                  "letranger|etranger*",
		"' OR 1=1; DROP TABLE books-": "or 1 1 drop table books",
		"a & b | !c:* \\":             "a b c",
	} {
		q, err := ParseQuery(text, DefaultQueryLimits)
		if err != nil || show(q) != want {
			t.Errorf("ParseQuery(%q) = %s, %v; want %s", text, show(q), err, want)
		}
	}
}

func TestAQueryIsBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 1<<20), strings.Repeat("ab ", 33)} {
		if _, err := ParseQuery(text, DefaultQueryLimits); !errors.Is(err, &problem.Error{Code: "invalid_request"}) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"truyện kiều", `"a b" c-d`, "9780439023481", `""""`, "«x", "\xff\x00", "紅樓夢 x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text, DefaultQueryLimits)
		if err != nil {
			if problem.Of(err).Kind != problem.InvalidInput {
				t.Fatal(err)
			}
			return
		}
		if len(q.Terms) > DefaultQueryLimits.Terms {
			t.Fatalf("%d terms", len(q.Terms))
		}
		for _, term := range q.Terms {
			if (term.ISBN == "") == (len(term.Forms) == 0) {
				t.Fatalf("%q: a term is either words or an ISBN: %+v", text, term)
			}
		}
	})
}
