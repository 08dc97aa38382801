package demonstration

import (
	"slices"
	"strings"
	"testing"
)

func TestWorks(t *testing.T) {
	works, err := Works()
	if err != nil {
		t.Fatal(err)
	}
	if len(works) < 320 {
		t.Errorf("%d works; the demonstration library promises at least 320", len(works))
	}
	languages, vietnamese := map[string]int{}, 0
	for _, w := range works {
		languages[w.Language]++
		if w.Language == "vi" {
			vietnamese++
		}
	}
	if share := float64(vietnamese) / float64(len(works)); share < 0.4 || share > 0.6 {
		t.Errorf("%.2f of the works are Vietnamese; about half should be", share)
	}
	if len(languages) < 20 {
		t.Errorf("%d languages; the world speaks more", len(languages))
	}
}

// What the README and the pages name must be there, letter by letter.
func TestWellKnownWorks(t *testing.T) {
	works, err := Works()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		title, author string
		year          int
	}{
		{"Truyện Kiều", "Nguyễn Du", 1820},
		{"Số đỏ", "Vũ Trọng Phụng", 1936},
		{"Chí Phèo", "Nam Cao", 1941},
		{"Dế Mèn phiêu lưu ký", "Tô Hoài", 1941},
		{"Tắt đèn", "Ngô Tất Tố", 1937},
		{"Lều chõng", "Ngô Tất Tố", 1939},
		{"Vang bóng một thời", "Nguyễn Tuân", 1940},
		{"Nỗi buồn chiến tranh", "Bảo Ninh", 1990},
		{"Cho tôi xin một vé đi tuổi thơ", "Nguyễn Nhật Ánh", 2008},
		{"Der Process", "Franz Kafka", 1925},
		{"Ἰλιάς", "Homer", -750},
	} {
		if !slices.ContainsFunc(works, func(w Work) bool {
			return w.Title == want.title && w.Authors[0] == want.author && w.Year == want.year
		}) {
			t.Errorf("%s, %s (%d) is missing", want.title, want.author, want.year)
		}
	}
}

func TestParseWorksRefuses(t *testing.T) {
	good := "Số đỏ\tDumb Luck\tVũ Trọng Phụng\t1936\tvi\tNovel;Satire\t\t\t"
	if _, err := parseWorks(worksHeader + "\n" + good + "\n"); err != nil {
		t.Fatalf("a good line is refused: %v", err)
	}
	for name, line := range map[string]string{
		"twice":              good + "\n" + good,
		"too few fields":     "Số đỏ\tVũ Trọng Phụng",
		"not NFC":            strings.Replace(good, "Số đỏ", "So\u0302\u0301 đo\u0309", 1),
		"not UTF-8":          strings.Replace(good, "Số", "S\xf4", 1),
		"no title":           strings.Replace(good, "Số đỏ", "", 1),
		"no author":          strings.Replace(good, "Vũ Trọng Phụng", "", 1),
		"empty second":       strings.Replace(good, "Vũ Trọng Phụng", "Vũ Trọng Phụng;", 1),
		"stray space":        strings.Replace(good, "Số đỏ", "Số đỏ ", 1),
		"year is a word":     strings.Replace(good, "1936", "Xuân", 1),
		"year 0":             strings.Replace(good, "1936", "0", 1),
		"year to come":       strings.Replace(good, "1936", "2936", 1),
		"unknown genre":      strings.Replace(good, "Satire", "Sarcasm", 1),
		"unknown language":   strings.Replace(good, "\tvi\t", "\txyzzy\t", 1),
		"language not usual": strings.Replace(good, "\tvi\t", "\tvie\t", 1),
	} {
		if works, err := parseWorks(worksHeader + "\n" + line + "\n"); err == nil {
			t.Errorf("%s: accepted as %+v", name, works)
		}
	}
	if _, err := parseWorks(good + "\n"); err == nil {
		t.Error("a file without its header is accepted")
	}
}
