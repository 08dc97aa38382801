package catalog

import "testing"

func TestSortTitle(t *testing.T) {
	for _, c := range []struct{ title, language, want string }{
		{"The Hobbit", "en", "Hobbit"},
		{"THE TRIAL", "", "TRIAL"},
		{"“The Raven”", "en-US", "Raven”"},
		{"A", "en", "A"},
		{"Theories", "en", "Theories"},
		{"L'Étranger", "fr", "Étranger"},
		{"L’Étranger", "fr", "Étranger"},
		{"Les Misérables", "fr", "Misérables"},
		{"Die Verwandlung", "de", "Verwandlung"},
		{"Die Hard", "en", "Die Hard"},
		{"A Phủ", "vi", "A Phủ"},
		{"The …", "en", "The …"},
		{"…", "en", ""},
	} {
		if got := SortTitle(c.title, c.language); got != c.want {
			t.Errorf("SortTitle(%q, %q) = %q, want %q", c.title, c.language, got, c.want)
		}
	}
}

func TestSortName(t *testing.T) {
	for name, want := range map[string]string{"Leo Tolstoy": "Tolstoy, Leo", "Homer": "Homer", "Nguyễn Du": "Du, Nguyễn", "King, Jr., Martin": "King, Jr., Martin"} {
		if got := SortName(name); got != want {
			t.Errorf("SortName(%q) = %q, want %q", name, got, want)
		}
	}
}
