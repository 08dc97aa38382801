package demonstration

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The two branches. The first one has the code of the branch that every library starts with, so that nothing empty stands
// beside them.
const (
	central   = "main"
	riverside = "riverside"
)

// The item types: an ordinary book, one that many want (short loan), and what never leaves the house.
const (
	ordinary  = "book"
	shortLoan = "short_loan"
	reference = "reference"
)

var (
	branches  = []Branch{{central, "Central · Trung tâm"}, {riverside, "Riverside · Bờ Sông"}}
	itemTypes = []ItemType{{ordinary, "Book"}, {shortLoan, "Short loan"}, {reference, "Reference, in the house only"}}
	// A day late is 1,000 ₫ from the second day on; children owe no fines, and what never leaves the house goes out for a day at most
	// when a librarian says so.
	rules = []Rule{
		{LoanDays: 21, Renewals: 2, LoanLimit: 10, HoldLimit: 5, FinePerDay: 1_000, GraceDays: 1, FineCap: 50_000, LostFee: 20_000},
		{Category: "child", LoanDays: 21, Renewals: 2, LoanLimit: 5, HoldLimit: 3},
		{Category: "staff", LoanDays: 42, Renewals: 5, LoanLimit: 30, HoldLimit: 10, LostFee: 20_000},
		{ItemType: shortLoan, LoanDays: 7, Renewals: 1, LoanLimit: 3, HoldLimit: 2, FinePerDay: 2_000, FineCap: 50_000, LostFee: 20_000},
		{ItemType: reference, LoanDays: 1, LoanLimit: 1, FinePerDay: 5_000, FineCap: 100_000, LostFee: 20_000},
	}
	totals = []Totals{
		{Category: "adult", Loans: 12, Holds: 8, Owed: 100_000}, {Category: "student", Loans: 12, Holds: 8, Owed: 100_000},
		{Category: "senior", Loans: 12, Holds: 8, Owed: 100_000}, {Category: "child", Loans: 6, Holds: 4, Owed: 100_000},
		{Category: "staff", Loans: 40, Holds: 20},
	}
)

// copiesOf gives the copies of all works: two to four each, over both branches, with barcodes B0000001, B0000002 … in the
// order of the works. The same works always give the same copies. ids are the works' ids in the catalogue.
func copiesOf(works []Work, ids []int64) []Copy {
	copies := make([]Copy, 0, 3*len(works))
	for i, w := range works {
		h := fnv.New32a()
		_, _ = h.Write([]byte(w.Key()))
		chance := h.Sum32()
		for n := range 2 + int(chance>>8)%3 {
			c := Copy{
				BookID: ids[i], Barcode: fmt.Sprintf("B%07d", len(copies)+1), CallNumber: callNumber(w), Location: location(w),
				Branch: central, ItemType: ordinary, Loanable: true, PriceMinor: 60_000 + int64(chance>>16)%40*5_000,
			}
			if (int(chance>>4)+n)%2 == 1 {
				c.Branch = riverside
			}
			switch {
			case w.Genres[0] == "Reference":
				c.ItemType, c.Loanable = reference, false
			case n == 3:
				c.ItemType = shortLoan
			}
			copies = append(copies, c)
		}
	}
	return copies
}

// location is where in a branch a work stands.
func location(w Work) string {
	switch {
	case w.Genres[0] == "Reference":
		return "Reference"
	case w.has("Children"):
		return "Children’s room"
	case subjectClass[w.Genres[0]] != "":
		return "Knowledge"
	}
	return "Literature"
}

func (w Work) has(genre string) bool {
	for _, g := range w.Genres {
		if g == genre {
			return true
		}
	}
	return false
}

// subjectClass is the Dewey class of works that are no literature, by their first genre.
var subjectClass = map[string]string{
	"Reference": "030", "Philosophy": "100", "Psychology": "150", "Religion": "200", "Society": "306", "Politics": "320",
	"Economics": "330", "Folklore": "398.2", "Science": "500", "Food": "641", "Criticism": "801", "Travel": "910",
	"Biography": "920", "Memoir": "920", "History": "900", "Reportage": "070",
}

// literatureClass is the Dewey class of a literature by its language, without the digit of the form.
var literatureClass = map[string]string{
	"en": "82", "de": "83", "nl": "839.31", "sv": "839.7", "da": "839.81", "no": "839.82", "fr": "84", "it": "85", "es": "86",
	"pt": "869.", "la": "87", "grc": "88", "el": "889.", "ru": "891.7", "sr": "891.82", "pl": "891.85", "cs": "891.86",
	"bn": "891.44", "fa": "891.55", "ar": "892.7", "tr": "894.35", "fi": "894.541", "zh": "895.1", "ja": "895.6", "ko": "895.7",
	"vi": "895.922", "id": "899.221",
}

// callNumber is the shelf mark: the Dewey class, then the beginnings of the author's filing name and of the title.
func callNumber(w Work) string {
	class := subjectClass[w.Genres[0]]
	if class == "" {
		form := "3" // fiction
		switch w.Genres[0] {
		case "Poetry", "Epic":
			form = "1"
		case "Drama":
			form = "2"
		case "Essays":
			form = "4"
		}
		class = literatureClass[w.Language] + form
		if len(class) == 2 {
			class += "0"
		}
	}
	mark := class + " " + strings.ToUpper(first(filingName(w), 3))
	if letter := strings.ToLower(first(w.Title, 1)); letter != "" {
		mark += "-" + letter
	}
	return mark
}

// filingName is the part of the first author's name by which libraries file: the family name, which Vietnamese, Chinese and
// Korean names begin with.
func filingName(w Work) string {
	words := strings.Fields(w.Authors[0])
	switch w.Language {
	case "vi", "zh", "ko":
		return words[0]
	}
	return words[len(words)-1]
}

// first gives the first n letters of a text without their marks, đ as d; letters of other scripts than Latin are left out.
func first(text string, n int) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.NewReplacer("đ", "d", "Đ", "D", "ø", "o", "Ø", "O").Replace(text)) {
		if n > 0 && r < unicode.MaxASCII && unicode.IsLetter(r) {
			b.WriteRune(r)
			n--
		}
	}
	return b.String()
}
