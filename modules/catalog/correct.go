package catalog

import "strings"

// mistyped is a word of a query that may be mended.
type mistyped struct {
	word string
	open bool
}

// mistypable gives the words of a query that are worth trying, at most n.
func (q Query) mistypable(n int) []mistyped {
	var out []mistyped
	seen := map[string]bool{}
	for _, t := range q.Terms {
		for _, form := range t.Forms {
			for i, w := range form {
				if lettersOnly(w) >= shortestTypo && !seen[w] && len(out) < n {
					seen[w] = true
					out = append(out, mistyped{word: w, open: t.Open && i == len(form)-1})
				}
			}
		}
	}
	return out
}

// with is the query with every word also in the forms that may stand in for it.
func (q Query) with(instead map[string][]string) Query {
	out := q
	out.Terms = make([]QueryTerm, len(q.Terms))
	for i, t := range q.Terms {
		out.Terms[i] = t
		out.Terms[i].Forms = append(Term{}, t.Forms...)
		for _, form := range t.Forms {
			for j, w := range form {
				for _, other := range instead[w] {
					changed := append([]string{}, form...)
					changed[j] = other
					out.Terms[i].Forms = append(out.Terms[i].Forms, changed)
				}
			}
		}
	}
	if words := strings.Fields(q.Key); len(instead) > 0 {
		// Titles that begin with what was meant come first, where it is plain what was meant.
		for i, w := range words {
			if others := instead[w]; len(others) == 1 {
				words[i] = others[0]
			} else if len(others) > 1 {
				words = nil
				break
			}
		}
		out.Key = strings.Join(words, " ")
	}
	return out
}

// corrected says the query as it was understood: for every mended word the one that the first title found holds.
func (q Query) corrected(instead map[string][]string, first *Book) string {
	text := []string{first.Title, first.Subtitle, first.Series}
	for _, a := range first.Authors {
		text = append(text, a.Name)
	}
	text = append(append(text, first.Genres...), first.Subjects...)
	has := Words(strings.Join(text, " / "))
	var out []string
	for _, t := range q.Terms {
		if len(t.Forms) == 0 {
			out = append(out, string(t.ISBN))
			continue
		}
		for _, w := range t.Forms[0] {
			out = append(out, understood(w, instead[w], has))
		}
	}
	return strings.Join(out, " ")
}

func understood(word string, instead, has []string) string {
	for _, h := range has {
		if h == word {
			return word
		}
	}
	for _, other := range instead {
		for _, h := range has {
			if strings.HasPrefix(h, other) {
				return other
			}
		}
	}
	if len(instead) > 0 {
		return instead[0]
	}
	return word
}
