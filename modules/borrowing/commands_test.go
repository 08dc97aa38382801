package borrowing_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// asked is a command over HTTP, with another body for the same key, and the answer that it is to have.
type asked struct {
	who, method, path, body, other string
	status                         int
}

// everyCommand gives each command of the desk on a title of its own, arranged so that it succeeds; and refused ones.
func everyCommand(d door) map[string]func(title int) asked {
	item := func(title int, situation string) *scene { return d.library.arrange(title, situation) }
	loan := func(s *scene, rest string) string { return fmt.Sprintf("/loans/%d/%s", s.loan, rest) }
	mark := func(who, what string) func(int) asked {
		return func(title int) asked {
			return asked{who, "POST", "/items/" + item(title, "available").barcode + "/" + what, `{"reason":"a"}`, `{"reason":"b"}`, 200}
		}
	}
	return map[string]func(int) asked{
		"check-out at the desk": func(title int) asked {
			b := item(title, "available").barcode
			return asked{theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"` + b + `"}`, `{"member_card":"C2","barcode":"` + b + `"}`, 201}
		},
		"check-out on the web": func(title int) asked {
			item(title, "available")
			return asked{"patron:2", "POST", "/loans", fmt.Sprintf(`{"book_id":%d}`, book(title)), fmt.Sprintf(`{"book_id":%d}`, book(title+500)), 201}
		},
		"check in, then lend": func(title int) asked {
			s := item(title, "checked_out")
			body := `{"member_card":"C2","barcode":"` + s.barcode + `","override":{"codes":["item_on_loan"],"reason":"%s"}}`
			return asked{theDesk, "POST", "/loans", fmt.Sprintf(body, "a"), fmt.Sprintf(body, "b"), 201}
		},
		"check-out while offline": func(title int) asked {
			s := item(title, "missing")
			body := `{"member_card":"C2","barcode":"` + s.barcode + `","occurred_at":"%s"}`
			return asked{theDesk, "POST", "/loans", fmt.Sprintf(body, "2026-03-02T09:00:00+01:00"), fmt.Sprintf(body, "2026-03-02T09:00:01+01:00"), 201}
		},
		"check-out refused": func(title int) asked {
			b := item(title, "checked_out").barcode
			return asked{theDesk, "POST", "/loans", `{"member_card":"C2","barcode":"` + b + `"}`, `{"member_card":"C3","barcode":"` + b + `"}`, 409}
		},
		"check-in": func(title int) asked {
			b := item(title, "checked_out").barcode
			return asked{theDesk, "POST", "/check-ins", `{"barcode":"` + b + `"}`, `{"barcode":"` + b + `","branch":"east"}`, 200}
		},
		"renewal": func(title int) asked {
			return asked{"patron:1", "POST", loan(item(title, "checked_out"), "renewals"), `{}`, `{"override":{"codes":["member_expired"],"reason":"x"}}`, 200}
		},
		"renewal refused": func(title int) asked {
			return asked{theDesk, "POST", loan(item(title, "lost"), "renewals"), `{}`, `{"override":{"codes":["member_expired"],"reason":"x"}}`, 409}
		},
		"due date": func(title int) asked {
			return asked{theDesk, "POST", loan(item(title, "checked_out"), "due-date"), `{"due_on":"2026-03-10","reason":"a"}`, `{"due_on":"2026-03-10","reason":"b"}`, 200}
		},
		"reversal": func(title int) asked {
			return asked{theDesk, "POST", loan(item(title, "checked_out"), "reversal"), `{"reason":"a"}`, `{"reason":"b"}`, 200}
		},
		"hold": func(title int) asked {
			item(title, "checked_out")
			return asked{"patron:2", "POST", "/holds", fmt.Sprintf(`{"book_id":%d}`, book(title)), fmt.Sprintf(`{"book_id":%d,"pickup_branch":"east"}`, book(title)), 201}
		},
		"hold edited": func(title int) asked {
			return asked{theDesk, "PATCH", fmt.Sprintf("/holds/%d", item(title, "on_hold_shelf for 3").hold), `{"pickup_branch":"east"}`, `{"pickup_branch":"west"}`, 200}
		},
		"hold given up": func(title int) asked {
			return asked{theDesk, "DELETE", fmt.Sprintf("/holds/%d", item(title, "on_hold_shelf for 3").hold), "", "", 200}
		},
		"copy added": func(title int) asked {
			body := `{"book_id":` + fmt.Sprint(book(title)) + `,"barcode":"new-%s"}`
			return asked{theDesk, "POST", "/items", fmt.Sprintf(body, "a"), fmt.Sprintf(body, "b"), 201}
		},
		"copy edited": func(title int) asked {
			return asked{theDesk, "PATCH", "/items/" + item(title, "available").barcode, `{"location":"a"}`, `{"location":"b"}`, 200}
		},
		"missing": mark(theDesk, "missing"), "damaged": mark(theDesk, "damaged"), "withdrawn": mark(theLibrarian, "withdrawn"),
	}
}

func (d door) ask(c asked, body, key string) reply {
	headers := []string{"Idempotency-Key", key}
	if strings.HasPrefix(c.path, "/items/") && c.method == "PATCH" {
		headers = append(headers, "If-Match", "*")
	}
	return d.send(c.who, c.method, c.path, body, headers...)
}

// The same key at once, once more later, and with another body; and after a mistake, which leaves no trace.
func TestEveryCommandHasOneEffectAndTheSameAnswerForItsKey(t *testing.T) {
	d := door{library: roomy(t)}
	d.handler = doorOf(d.library)
	title := 0
	for name, arranged := range everyCommand(d) {
		title++
		c := arranged(title)
		traces := func() string {
			return fmt.Sprint(d.count("borrowing.events"), d.count("borrowing.outbox"), d.count("borrowing.idempotency_keys"), d.count("borrowing.loans"), d.count("borrowing.holds"))
		}
		before, keys := traces(), d.count("borrowing.idempotency_keys")
		if wrong := d.ask(c, `{"nonsense":true}`, name); c.body != "" && (wrong.status < 400 || wrong.status > 499) {
			t.Errorf("%s: nonsense is %d %s", name, wrong.status, wrong.raw)
		}
		if after := traces(); c.body != "" && after != before {
			t.Errorf("%s: a mistake left a trace: %s, then %s", name, before, after)
		}
		answers := make([]reply, 4)
		atOnce(len(answers), func(i int) error {
			answers[i] = d.ask(c, c.body, name)
			return nil
		})
		first := slices.IndexFunc(answers, func(r reply) bool { return r.status == c.status && r.code() != "idempotency_in_progress" })
		if first < 0 {
			t.Errorf("%s: %d %s", name, answers[0].status, answers[0].raw)
			continue
		}
		done := traces()
		for _, r := range append(answers, d.ask(c, c.body, name)) {
			same := r.status == c.status && r.raw == answers[first].raw && r.header.Get("Location") == answers[first].header.Get("Location")
			if !same && r.code() != "idempotency_in_progress" {
				t.Errorf("%s: answered\n%d %s\nand\n%d %s", name, answers[first].status, answers[first].raw, r.status, r.raw)
			}
		}
		if c.other != "" {
			if r := d.ask(c, c.other, name); r.status != 422 || r.code() != "idempotency_key_reused" {
				t.Errorf("%s: with another body %d %s", name, r.status, r.raw)
			}
		}
		if after := traces(); after != done {
			t.Errorf("%s: a repetition had an effect: %s, then %s", name, done, after)
		}
		if kept := d.count("borrowing.idempotency_keys") - keys; kept != 1 {
			t.Errorf("%s: %d answers are kept", name, kept)
		}
	}
	d.consistent()
}

func TestEveryCommandTakesAnIdempotencyKey(t *testing.T) {
	d := door{library: opened(t, 0)}
	d.handler = doorOf(d.library)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var document struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &document))
	commands := 0
	for path, operations := range document.Paths {
		for method, operation := range operations {
			if method == "get" || strings.HasSuffix(path, "/preview") { // which asks, and changes nothing
				continue
			}
			commands++
			takes := false
			for _, p := range operation.Parameters {
				takes = takes || p.In == "header" && p.Name == "Idempotency-Key"
			}
			if !takes {
				t.Errorf("%s %s takes no Idempotency-Key", method, path)
			}
		}
	}
	if commands < 12 {
		t.Errorf("only %d commands: this is not the desk", commands)
	}
}
