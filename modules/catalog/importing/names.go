package importing

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	fullerForm = regexp.MustCompile(`\s*[(\[][^()\[\]]*[)\]]`) // "Kennedy, John F. (John Fitzgerald)"
	lifeDates  = regexp.MustCompile(`^(active|approximately|born|died|jin shi|ju ren|b\.|d\.|fl\.|ca?\.)?\s*\d{1,4}|^(active|approximately)\b|\bcentury\b`)
	// words of bodies that are no person, though a comma stands in their name
	corporate = regexp.MustCompile(`(?i)\b(inc|ltd|limited|co|corp|company|corporation|society|association|firm|committee|commission|` +
		`congress|department|bureau|board|office|church|club|union|library|university|college|institute|museum|magazine|league|` +
		`assembly|system|laws|hospital)\b`)
	joined = regexp.MustCompile(`&|\band\b`)
	phrase = regexp.MustCompile(`^(A|An|The|Author|Lady|Novice|By) [a-z]`) // "Lady of distinction, active 19th century"
	place  = regexp.MustCompile(`^(of|the|de|da|di|von|van|à|a|der|del|du|le|la) |^d['’]`)
	// dignities that belong behind a name: "Victoria, Queen of Great Britain"
	dignity = regexp.MustCompile(`(?i)^[\w-]+( \w+)? of `)
)

// What may stand behind a name in a catalogue and is spoken before or behind it.
var (
	suffixes = []string{"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "m.d.", "ph.d.", "esq.", "md", "phd", "aîné", "fils", "père"}
	prefixes = []string{"sir", "dame", "lady", "lord", "mrs.", "mrs", "miss", "mr.", "dr.", "rev.", "mme", "mme.", "captain", "major",
		"colonel", "col.", "lieutenant", "brother", "sister", "mother", "father", "pope", "prince", "princess", "countess", "saint"}
	peers     = []string{"Baron", "Baroness", "Viscount", "Viscountess", "Earl", "Countess", "Marquess", "Marquis", "Duke", "Duchess"}
	particles = []string{"de", "d'", "d’", "von", "van", "du", "di", "zu", "del", "degli"}
)

func isSuffix(s string) bool { return slices.Contains(suffixes, strings.ToLower(s)) }

// DirectName turns a catalogue's inverted form of a personal name round, so that it reads as on a title page: "Austen,
// Jane" is Jane Austen; "Kennedy, John F. (John Fitzgerald)" is John F. Kennedy; "Moltke, Helmuth, Graf von" is Helmuth von
// Moltke. What is no personal name (United States; Sears, Roebuck and Company) and dignities (Victoria, Queen of Great
// Britain) stay as they are.
func DirectName(name string) string {
	name = oneLine(name)
	plain := strings.Trim(oneLine(fullerForm.ReplaceAllString(name, "")), " ,")
	parts := strings.Split(plain, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if len(parts) > 1 && isBody(parts) {
		return plain
	}
	parts = slices.DeleteFunc(parts, func(p string) bool {
		return p == "" || lifeDates.MatchString(p) || p == "pseud." || p == "[pseud.]"
	})
	switch {
	case len(parts) == 0 || len(parts) == 1 && plain == parts[0]: // parentheses tell one such body from another
		return name
	case len(parts) == 1:
		return parts[0]
	}
	surname, forename, rest := parts[0], parts[1], parts[2:]
	switch {
	case isSuffix(forename) || dignity.MatchString(forename):
		return strings.Join(append([]string{surname, forename}, rest...), ", ")
	case slices.Contains(prefixes, strings.ToLower(forename)): // "Gregory, Lady"
		return forename + " " + surname
	case slices.Contains(particles, lastWord(forename)) && len(rest) == 0: // "Sade, marquis de"; "Balzac, Honoré de"
		return capital(join(forename, surname))
	case place.MatchString(forename): // "Jocelin, de Brakelond"
		return surname + " " + forename
	case startsLower(forename): // "Labat, maître d'armes": an occupation
		return plain
	}
	return turned(surname, forename, rest)
}

// turned puts the forename first, and what stood behind it where it is spoken. Occupations, degrees and orders tell
// namesakes apart in a catalogue; they are no part of the name.
func turned(surname, forename string, rest []string) string {
	direct, suffix := join(forename, surname), ""
	for _, r := range rest {
		last := lastWord(r)
		switch {
		case isSuffix(r):
			suffix += ", " + r
		case slices.Contains(prefixes, strings.ToLower(r)):
			direct = r + " " + direct
		case slices.Contains(particles, last) && strings.Contains(r, " ") && hasParticle(forename):
			direct, suffix = forename, ", "+join(r, surname) // the forenames hold a family name: "… de Caritat, marquis de Condorcet"
		case slices.Contains(particles, last) && strings.Contains(r, " ") && !slices.Contains(particles, lastWord(forename)):
			direct = join(forename+" "+last, surname)
		case slices.Contains(peers, strings.Fields(r)[0]) && (last == "of" || !strings.Contains(r, " ")):
			direct = peer(surname, forename, r)
		}
	}
	return direct + suffix
}

// peer reads a British peer, whose heading begins with the title's place and holds the family name among the forenames:
// "Macaulay, Thomas Babington Macaulay, Baron"; "Charnwood, Godfrey Rathbone Benson, Baron".
func peer(surname, forename, title string) string {
	switch {
	case forename == surname || strings.HasSuffix(forename, " "+surname):
		return forename
	case strings.Contains(forename, " "):
		return forename + ", " + title + " " + surname
	}
	return forename + " " + surname
}

// isBody says that a name with commas is no person's: a company, an office, a phrase.
func isBody(parts []string) bool {
	if phrase.MatchString(parts[0]) || hierarchy(parts[0]) || strings.Contains(parts[0], " ") && corporate.MatchString(parts[0]) {
		return true
	}
	for _, p := range parts[1:] {
		if joined.MatchString(p) || corporate.MatchString(p) && !strings.HasPrefix(p, "of ") {
			return true
		}
	}
	return false
}

// hierarchy knows a body by its departments: "Great Britain. Army. Highland Light Infantry".
func hierarchy(s string) bool {
	at := strings.Index(s, ". ")
	return at > 4 && (!strings.ContainsRune(s[:at], ' ') || strings.Count(s, ". ") > 1)
}

func hasParticle(forename string) bool {
	words := strings.Fields(forename)
	return len(words) > 2 && slices.ContainsFunc(words[1:len(words)-1], func(w string) bool {
		return slices.Contains(particles, w) || strings.HasPrefix(w, "d'") || strings.HasPrefix(w, "d’")
	})
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

// join puts two parts of a name together: with nothing between them after d'.
func join(a, b string) string {
	if (strings.HasSuffix(a, "'") || strings.HasSuffix(a, "’")) && lastWord(a) != "de'" {
		return a + b
	}
	return a + " " + b
}

func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// nobody says that what stands in an author column means that no author is known.
func nobody(s string) bool {
	return slices.Contains([]string{"unknown", "n/a", "none", "author unknown", "-"}, strings.ToLower(s))
}
