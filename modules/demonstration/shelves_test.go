package demonstration

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// library gives the works with ids 1, 2, 3 … and their copies.
func library(t *testing.T) ([]Work, []int64, []Copy) {
	t.Helper()
	works, err := Works()
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int64, len(works))
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return works, ids, copiesOf(works, ids)
}

func TestCopies(t *testing.T) {
	works, _, copies := library(t)
	each, branchesSeen, typesSeen, barcodes := map[int64]int{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range copies {
		each[c.BookID]++
		branchesSeen[c.Branch], typesSeen[c.ItemType] = true, true
		if barcodes[c.Barcode] {
			t.Errorf("barcode %s stands on two copies", c.Barcode)
		}
		barcodes[c.Barcode] = true
		if c.CallNumber == "" || strings.HasPrefix(c.CallNumber, " ") || c.Location == "" || c.PriceMinor <= 0 {
			t.Errorf("copy %+v lacks something", c)
		}
		if c.Loanable == (c.ItemType == reference) {
			t.Errorf("copy %s of type %s: loanable %v", c.Barcode, c.ItemType, c.Loanable)
		}
	}
	for i, w := range works {
		if n := each[int64(i+1)]; n < 2 || n > 4 {
			t.Errorf("%s has %d copies, not 2 to 4", w.Title, n)
		}
	}
	if len(branchesSeen) != len(branches) || len(typesSeen) != len(itemTypes) {
		t.Errorf("copies stand at %v and are of %v", branchesSeen, typesSeen)
	}
	if copies[0].Barcode != "B0000001" {
		t.Errorf("the first barcode is %s", copies[0].Barcode)
	}
}

func TestCallNumbers(t *testing.T) {
	for _, c := range []struct {
		work Work
		want string
	}{
		{Work{Title: "Tắt đèn", Authors: []string{"Ngô Tất Tố"}, Language: "vi", Genres: []string{"Novel"}}, "895.9223 NGO-t"},
		{Work{Title: "Truyện Kiều", Authors: []string{"Nguyễn Du"}, Language: "vi", Genres: []string{"Poetry"}}, "895.9221 NGU-t"},
		{Work{Title: "Đoạn tuyệt", Authors: []string{"Nhất Linh"}, Language: "vi", Genres: []string{"Novel"}}, "895.9223 NHA-d"},
		{Work{Title: "Der Process", Authors: []string{"Franz Kafka"}, Language: "de", Genres: []string{"Novel"}}, "833 KAF-d"},
		{Work{Title: "三体", Authors: []string{"Liu Cixin"}, Language: "zh", Genres: []string{"Science fiction"}}, "895.13 LIU"},
		{Work{Title: "Cosmos", Authors: []string{"Carl Sagan"}, Language: "en", Genres: []string{"Science"}}, "500 SAG-c"},
		{Work{Title: "Sult", Authors: []string{"Søren Ångström"}, Language: "no", Genres: []string{"Drama"}}, "839.822 ANG-s"},
	} {
		if got := callNumber(c.work); got != c.want {
			t.Errorf("%s: %q, want %q", c.work.Title, got, c.want)
		}
	}
	works, _, _ := library(t)
	for _, w := range works {
		if subjectClass[w.Genres[0]] == "" && literatureClass[w.Language] == "" {
			t.Errorf("%s: no class for literature in %s", w.Title, w.Language)
		}
	}
}

// What is lent must be what the rules allow, or the first start would stop at a refusal.
func TestLoansAndHolds(t *testing.T) {
	works, ids, copies := library(t)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	loans, holds := loansAndHolds(works, ids, copies, now)
	byBarcode := map[string]Copy{}
	for _, c := range copies {
		byBarcode[c.Barcode] = c
	}
	may := borrowers()
	if has := len(readers) - len(may); has < 5 {
		t.Errorf("only %d readers are expired or blocked", has)
	}
	overdue, open, out := 0, map[string]int{}, map[string]bool{}
	for _, l := range loans {
		c, known := byBarcode[l.Barcode]
		if !known || !c.Loanable || out[l.Barcode] {
			t.Errorf("%+v: the copy is unknown, not lendable or lent already", l)
		}
		out[l.Barcode] = true
		open[l.Card]++
		if l.Card != patronCard && !slices.Contains(may, l.Card) {
			t.Errorf("%s may not borrow", l.Card)
		}
		if !l.OpenedAt.Before(now) {
			t.Errorf("%+v is in the future", l)
		}
		if now.Sub(l.OpenedAt) > 23*24*time.Hour {
			overdue++
		}
	}
	for card, n := range open {
		if n > loansEach && card != patronCard || n > 5 {
			t.Errorf("%s has %d loans", card, n)
		}
	}
	if open[patronCard] == 0 || overdue < 3 || overdue > len(loans)/2 || len(loans) < 40 {
		t.Errorf("%d loans, %d overdue, %d of the patron's", len(loans), overdue, open[patronCard])
	}
	waits := map[Hold]bool{}
	for _, h := range holds {
		if waits[Hold{Card: h.Card, BookID: h.BookID}] {
			t.Errorf("%s waits twice for %d", h.Card, h.BookID)
		}
		waits[Hold{Card: h.Card, BookID: h.BookID}] = true
		for _, c := range copies {
			if c.BookID == h.BookID && !out[c.Barcode] {
				t.Errorf("%s waits for title %d, whose copy %s is free", h.Card, h.BookID, c.Barcode)
			}
		}
	}
	sum := 0
	for _, n := range wanted {
		sum += n
	}
	if len(holds) != sum {
		t.Errorf("%d holds, want %d: is a wanted title misspelt?", len(holds), sum)
	}
	againLoans, againHolds := loansAndHolds(works, ids, copies, now)
	if !reflect.DeepEqual(loans, againLoans) || !reflect.DeepEqual(holds, againHolds) {
		t.Error("the same library gives other loans the second time")
	}
}
