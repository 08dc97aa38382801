package members

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Kind is what a member stands for.
type Kind string

// The kinds of members.
const (
	KindPerson        Kind = "person"
	KindDemonstration Kind = "demonstration" // one of the demonstration library's sign-ins
	KindService       Kind = "service"       // carries the tokens of programs, and cannot sign in
)

// Member is one member, of the public or of staff.
type Member struct {
	ID        int64
	Card      string // current card, as printed
	Name      string
	Email     string    // "" when there is none
	Category  string    // code of a Category
	ExpiresOn time.Time // last day of the membership, as midnight UTC; zero: it does not expire
	Language  string    // for pages and letters, a BCP 47 tag; "" for the library's
	Role      identity.Role
	Kind      Kind
	Blocks    []Block

	// KeepHistory is the member's own choice: without it, what they borrowed is forgotten some days after it came back.
	KeepHistory bool

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int32
}

// Block is a reason for which a member may not borrow now.
type Block struct {
	Code  string // stable, such as lost_card or conduct
	Note  string // for staff; never shown to the member's public
	Since time.Time
	SetBy int64 // stable id of the member of staff; 0: a command
}

// NewMember is what a member is made of. Only the name is needed.
type NewMember struct {
	Card      string // generated when empty
	Name      string
	Email     string
	Category  string     // the settings' default when empty
	ExpiresOn *time.Time // by category when nil; zero time: never
	Language  string
	Role      identity.Role // patron when undeclared
	Blocks    []Block
	Password  string // none when empty: the member cannot sign in until one is set
	Kind      Kind   // person when empty; the rest is for commands only

	// IdempotencyKey names this creation: repeated by the same caller within 30 days, it makes no second member. "" for none.
	IdempotencyKey string
}

// Change is an edit of a member: nil leaves a thing as it is.
type Change struct {
	IfVersion *int32 // refuse when the member's version is another
	Card      *string
	Name      *string
	Email     *string // "" removes it
	Category  *string
	ExpiresOn *time.Time // zero time: never
	Language  *string    // "" removes it
	Role      *identity.Role
	Blocks    *[]Block // replaces all

	KeepHistory *bool // for the member alone to choose
}

var (
	codePattern     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	languagePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

const (
	nameMax   = 200
	emailMax  = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
	noteMax   = 500
	blocksMax = 20
)

// cleanName gives a name in NFC without outer or doubled spaces, or says what is wrong with it.
func cleanName(path, name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", problem.InvalidField(path, "must be valid UTF-8")
	}
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	if name == "" {
		return "", problem.InvalidField(path, "is needed")
	}
	if utf8.RuneCountInString(name) > nameMax {
		return "", problem.InvalidField(path, "has at most %d characters", nameMax)
	}
	if strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return "", problem.InvalidField(path, "has no control characters")
	}
	if strings.IndexFunc(name, unicode.IsLetter) < 0 {
		return "", problem.InvalidField(path, "has at least one letter")
	}
	return name, nil
}

// cleanEmail accepts what can be an address: one @ with something on both sides and no spaces. Whether it is one, only a
// letter to it would tell.
func cleanEmail(path, address string) (string, error) {
	address = strings.TrimSpace(norm.NFC.String(address))
	if address == "" {
		return "", nil
	}
	local, domain, found := strings.Cut(address, "@")
	bad := strings.IndexFunc(address, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) >= 0
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") || bad || !utf8.ValidString(address) {
		return "", problem.InvalidField(path, "must be an e-mail address, such as reader@example.org")
	}
	if len(address) > emailMax {
		return "", problem.InvalidField(path, "has at most %d bytes", emailMax)
	}
	return address, nil
}

// The years in which a membership may end. What lies outside is a slip of the hand.
const firstYear, lastYear = 1990, 2199

func cleanExpiry(path string, day time.Time) (time.Time, error) {
	if day.IsZero() {
		return day, nil
	}
	if day.Year() < firstYear || day.Year() > lastYear {
		return day, problem.InvalidField(path, "must be a date from the year %d to %d", firstYear, lastYear)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC), nil
}

func cleanLanguage(path, tag string) (string, error) {
	if tag = strings.TrimSpace(tag); tag != "" && (len(tag) > 35 || !languagePattern.MatchString(tag)) {
		return "", problem.InvalidField(path, "must be a language tag, such as vi or en")
	}
	return tag, nil
}

// cleanBlocks checks blocks and says of those that are new that they were set now, by whom; those that were there keep theirs.
func cleanBlocks(path string, blocks, before []Block, now time.Time, by int64) ([]Block, error) {
	if len(blocks) > blocksMax {
		return nil, problem.InvalidField(path, "has at most %d blocks", blocksMax)
	}
	clean, seen := make([]Block, 0, len(blocks)), map[string]bool{}
	for _, b := range blocks {
		b.Note = strings.TrimSpace(norm.NFC.String(b.Note))
		switch {
		case !codePattern.MatchString(b.Code):
			return nil, problem.InvalidField(path, "needs a code of lower-case letters, digits and underscores, such as lost_card")
		case seen[b.Code]:
			return nil, problem.InvalidField(path, "names %s twice", b.Code)
		case utf8.RuneCountInString(b.Note) > noteMax:
			return nil, problem.InvalidField(path, "has notes of at most %d characters", noteMax)
		}
		seen[b.Code], b.Since, b.SetBy = true, now, by
		for _, old := range before {
			if old.Code == b.Code {
				b.Since, b.SetBy = old.Since, old.SetBy
			}
		}
		clean = append(clean, b)
	}
	return clean, nil
}
