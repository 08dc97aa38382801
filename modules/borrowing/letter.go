package borrowing

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed letters
var letterFiles embed.FS

// tongue is a language that letters are written in: its texts by kind of notice, and how it says a date.
type tongue struct {
	texts map[NoticeKind]*template.Template
	date  func(Date) string
}

// tongues are the languages that letters are written in.
var tongues = map[string]tongue{"en": {lettersIn("en"), dateInEnglish}, "vi": {lettersIn("vi"), dateInVietnamese}}

func lettersIn(language string) map[NoticeKind]*template.Template {
	texts := map[NoticeKind]*template.Template{}
	for _, kind := range []NoticeKind{NoticeDueSoon, NoticeOverdue, NoticeHoldReady, NoticeHoldExpiring} {
		file := "letters/" + language + "/" + string(kind) + ".txt"
		texts[kind] = template.Must(template.New(string(kind)+".txt").Option("missingkey=error").ParseFS(letterFiles, file))
	}
	return texts
}

// letterLanguage gives the language of letters to a member: the one they chose, if we speak it, else the library's.
func (n NoticeSettings) letterLanguage(chosen string) string {
	for _, tag := range []string{chosen, n.Language} {
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if _, spoken := tongues[base]; spoken {
			return base
		}
	}
	return "en"
}

// letterThing is one loan or hold in a letter.
type letterThing struct {
	Title  string
	Branch string // the name of the pickup branch
	On     string // the due date or the last day on the shelf, in words; "" when it has none
}

// letterWords is what the texts are filled in with.
type letterWords struct {
	Library string
	Name    string
	Things  []letterThing
}

// One tells whether the letter is about one thing.
func (w letterWords) One() bool { return len(w.Things) == 1 }

// write gives the subject and the body of a letter. The subject names no title and no person.
func (t tongue) write(kind NoticeKind, words letterWords) (subject, body string, err error) {
	var s, b strings.Builder
	text := t.texts[kind]
	if err = text.ExecuteTemplate(&s, "subject", words); err == nil {
		err = text.Execute(&b, words)
	}
	if err != nil {
		return "", "", fmt.Errorf("write a letter of kind %s: %w", kind, err)
	}
	return s.String(), b.String(), nil
}

// compose makes the letter of notices of one kind to one member. texts and places name titles and branches; a title that is gone
// is called by its barcode.
func (n NoticeSettings) compose(notices []Notice, m Member, texts map[int64]string, places map[string]string) (Letter, error) {
	language := n.letterLanguage(m.Language)
	words := letterWords{Library: n.Library, Name: m.Name}
	for _, one := range notices {
		thing := letterThing{Title: texts[one.BookID], Branch: places[one.PickupBranch]}
		if thing.Title == "" {
			thing.Title = one.Barcode
		}
		if one.Until != nil {
			thing.On = tongues[language].date(*one.Until)
		}
		words.Things = append(words.Things, thing)
	}
	subject, body, err := tongues[language].write(notices[0].Kind, words)
	return Letter{ID: notices[0].Letter, To: m.Email, Name: m.Name, Language: language, Subject: subject, Body: body}, err
}

func dateInEnglish(d Date) string { return d.Midnight().Format("Monday, 2 January 2006") }

var weekdaysInVietnamese = [...]string{time.Sunday: "Chủ Nhật", time.Monday: "thứ Hai", time.Tuesday: "thứ Ba", time.Wednesday: "thứ Tư",
	time.Thursday: "thứ Năm", time.Friday: "thứ Sáu", time.Saturday: "thứ Bảy"}

func dateInVietnamese(d Date) string {
	year, month, day := d.Midnight().Date()
	return fmt.Sprintf("%s, ngày %d tháng %d năm %d", weekdaysInVietnamese[d.Weekday()], day, int(month), year)
}
