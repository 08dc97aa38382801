package seeding

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexicon is the words of one language, most frequent first.
type lexicon struct {
	language  string
	share     float64 // of the titles
	capitals  bool    // longer words of a title begin with a capital, as English has it
	words     []string
	capital   []string
	frequency zipf
}

// Real words lead, since search is tried with them; made-up ones follow, as many as real catalogues have rare words.
const (
	englishWords = `the of and a in to my for with on from at by an night love house world life time girl man death dark new secret
last heart book story day history black dead blue lost little home fire woman war american garden river king water sea light road
children children's years great summer winter summer's island dream blood moon red white city stars family end game art guide
journey science letters memory shadow mountain wind school music food country north south stone birds green queen town street`
	vietnameseWords = `và của những người một trong cho với là không về đến mùa đất rừng phương nam hoa sông nước trăng tình yêu truyện
ngắn thơ tuyển tập nhà quê hương mẹ cha con gái đời sống chiều mưa nắng biển trời đêm ngày năm tháng hà nội sài gòn việt chiến tranh
hòa bình lịch sử văn học bài ca đường xa gió cát bụi làng phố nhớ thương chuyện kể tuổi thơ dế mèn phiêu lưu ký số đỏ tắt đèn`
	otherWords = `de la le les des et du un une en el los las y der die das und von mit il di e o os as da do na`
)

// Parts of made-up words. Each list is for one lexicon, so that their words differ.
var (
	englishParts    = [][]string{{"b", "br", "c", "cl", "d", "f", "g", "gr", "h", "l", "m", "p", "r", "s", "st", "t", "tr", "w"}, {"a", "e", "i", "o", "u", "ea", "oo", "ai"}, {"", "n", "r", "l", "st", "ck", "nd", "m"}}
	vietnameseParts = [][]string{{"b", "c", "ch", "d", "đ", "g", "h", "kh", "l", "m", "n", "ng", "nh", "ph", "qu", "s", "t", "th", "tr", "v", "x"}, {"a", "á", "à", "ả", "ạ", "â", "ấ", "ầ", "e", "é", "ê", "ế", "ề", "i", "í", "o", "ó", "ò", "ô", "ố", "ồ", "ơ", "ớ", "ờ", "u", "ú", "ư", "ứ", "ừ"}, {"", "n", "ng", "nh", "m", "t", "c", "i", "u"}}
	otherParts      = [][]string{{"b", "ch", "d", "f", "g", "j", "l", "m", "n", "p", "qu", "r", "s", "t", "v", "z"}, {"a", "e", "é", "è", "i", "o", "ó", "u", "ü", "ö", "ñe", "ou", "ei"}, {"", "n", "r", "s", "lle", "ß", "x"}}
)

func lexicons() []lexicon {
	list := []lexicon{
		{language: "en", share: 58, capitals: true, words: vocabulary(englishWords, englishParts, 40_000, 2)},
		{language: "vi", share: 20, words: vocabulary(vietnameseWords, vietnameseParts, 4_500, 1)},
		{language: "fr", share: 8, words: vocabulary(otherWords, otherParts, 16_000, 2)},
		{language: "de", share: 6, words: vocabulary(otherWords, otherParts, 12_000, 3)},
		{language: "es", share: 5, words: vocabulary(otherWords, otherParts, 12_000, 2)},
		{language: "", share: 3, words: vocabulary(otherWords, otherParts, 8_000, 2)},
	}
	for i := range list {
		x := &list[i]
		x.frequency = newZipf(len(x.words), 0.95, 2.7) // as measured on titles: flatter at the head than running text
		x.capital = make([]string, len(x.words))
		for w, word := range x.words {
			x.capital[w] = capitalised(word)
		}
	}
	return list
}

// vocabulary is the real words, then made-up ones of some syllables up to n, each once.
func vocabulary(real string, parts [][]string, n, syllables int) []string {
	words := make([]string, 0, n)
	seen := make(map[string]bool, n)
	add := func(w string) {
		if !seen[w] && len(words) < n {
			seen[w] = true
			words = append(words, w)
		}
	}
	for _, w := range strings.Fields(real) {
		add(w)
	}
	kinds := 1
	for _, p := range parts {
		kinds *= len(p)
	}
	for i := 0; len(words) < n; i++ {
		var b strings.Builder
		// Later words are longer, as rare words are.
		for s, rest := 0, scatter(i%kinds, kinds)+kinds*(i/kinds); s < syllables || rest > 0; s++ {
			b.WriteString(syllable(parts, (rest+s*7919)%kinds))
			rest = rest / kinds * (s + 1)
			if s > 3 {
				break
			}
		}
		add(b.String())
		if i > 40*n {
			panic("seeding: the parts do not make enough words")
		}
	}
	return words
}

func syllable(parts [][]string, i int) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p[i%len(p)])
		i /= len(p)
	}
	return b.String()
}

func capitalised(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

var genres = strings.Split("Fiction|History|Poetry|Biography|Children|Science|Travel|Philosophy|Art|Cooking|Fantasy|Mystery|Romance|Drama|"+
	"Religion|Psychology|Business|Politics|Nature|Music|Health|Education|Essays|Humour|Short Stories|Science Fiction|Thriller|Horror|"+
	"Adventure|Classics|Folklore|Language|Law|Mathematics|Medicine|Engineering|Computing|Economics|Sociology|Anthropology|Archaeology|"+
	"Architecture|Photography|Film|Theatre|Sports|Gardening|Crafts|Military|Geography|Astronomy|Chemistry|Physics|Biology|Letters|"+
	"Diaries|Comics|Reference|Young Adult|Parenting", "|")
