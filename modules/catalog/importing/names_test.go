package importing

import "testing"

func TestDirectName(t *testing.T) {
	for in, want := range map[string]string{
		"Austen, Jane":                            "Jane Austen",
		"Kennedy, John F. (John Fitzgerald)":      "John F. Kennedy",
		"Tolstoy, Leo, graf":                      "Leo Tolstoy",
		"Doyle, Arthur Conan, Sir":                "Sir Arthur Conan Doyle",
		"Gaskell, Elizabeth Cleghorn, Mrs.":       "Mrs. Elizabeth Cleghorn Gaskell",
		"Alger, Horatio, Jr.":                     "Horatio Alger, Jr.",
		"Rockefeller, John D., Jr. (John D.)":     "John D. Rockefeller, Jr.",
		"Moltke, Helmuth, Graf von":               "Helmuth von Moltke",
		"Holbach, Paul Henri Thiry, baron d'":     "Paul Henri Thiry d'Holbach",
		"Balzac, Honoré de":                       "Honoré de Balzac",
		"Aunet, Léonie d'":                        "Léonie d'Aunet",
		"Sade, marquis de":                        "Marquis de Sade",
		"Byron, George Gordon Byron, Baron":       "George Gordon Byron",
		"Charnwood, Godfrey Benson, Baron":        "Godfrey Benson, Baron Charnwood",
		"Condorcet, A. de Caritat, marquis de":    "A. de Caritat, marquis de Condorcet",
		"Comminges, Aimery de, comte de":          "Aimery de Comminges",
		"Jocelin, de Brakelond, active 1173":      "Jocelin de Brakelond",
		"Thomas, à Kempis":                        "Thomas à Kempis",
		"William, of Malmesbury":                  "William of Malmesbury",
		"Yang, Erzeng, active 17th century":       "Erzeng Yang",
		"Liezi, active 4th century B.C.":          "Liezi",
		"Clement I, Pope":                         "Pope Clement I",
		"Gregory, Lady":                           "Lady Gregory",
		"Victoria, Queen of Great Britain":        "Victoria, Queen of Great Britain",
		"United States":                           "United States",
		"Plato":                                   "Plato",
		"Iraq Study Group (U.S.)":                 "Iraq Study Group (U.S.)",
		"United States. Army. Armored Div., 4th":  "United States. Army. Armored Div., 4th",
		"Sears, Roebuck and Company":              "Sears, Roebuck and Company",
		"Knox Gelatine, Inc.":                     "Knox Gelatine, Inc.",
		"Church, Alfred John":                     "Alfred John Church",
		"Barnes, Earl":                            "Earl Barnes",
		"Nguyễn, Du":                              "Du Nguyễn",
		"Longmans, Green, and Co.":                "Longmans, Green, and Co.",
		"  Dickens ,  Charles ":                   "Charles Dickens",
		"":                                        "",
		",":                                       ",",
		"Rochester, John Wilmot, Earl of,":        "John Wilmot, Earl of Rochester",
		"Chicago, Milwaukee, and Pacific Company": "Chicago, Milwaukee, and Pacific Company",
	} {
		if got := DirectName(in); got != want {
			t.Errorf("DirectName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzDirectName(f *testing.F) {
	f.Add("Condorcet, Jean de Caritat, marquis de")
	f.Add(", d', of ,")
	f.Fuzz(func(t *testing.T, name string) {
		if got := DirectName(name); got == "" && oneLine(name) != "" {
			t.Errorf("DirectName(%q) lost the name", name)
		}
	})
}
