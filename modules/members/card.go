package members

import (
	"fmt"
	"strings"

	"bookvault/platform/problem"
)

// cardMax is the longest card number, in letters and digits.
const cardMax = 32

// Card is a card number: as it is printed, and as it is compared.
type Card struct {
	Printed string // what the member holds in hand, leading zeros and hyphens kept
	Key     string // upper case, letters and digits only
}

// ParseCard reads a card number: 1 to 32 letters (A to Z) and digits. Spaces, hyphens, dots and underscores may stand between them
// and do not count, nor does upper or lower case. Leading zeros count.
func ParseCard(text string) (Card, error) {
	printed := strings.TrimSpace(text)
	if printed == "" {
		return Card{}, fmt.Errorf("a card number is needed")
	}
	if len(printed) > 2*cardMax {
		return Card{}, fmt.Errorf("a card number has at most %d letters and digits", cardMax)
	}
	key := make([]byte, 0, len(printed))
	for _, r := range printed {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			key = append(key, byte(r))
		case r >= 'a' && r <= 'z':
			key = append(key, byte(r)-'a'+'A')
		case r == ' ', r == '-', r == '.', r == '_':
		default:
			return Card{}, fmt.Errorf("a card number has letters A to Z and digits only, and %q is neither", r)
		}
	}
	switch {
	case len(key) == 0:
		return Card{}, fmt.Errorf("a card number has at least one letter or digit")
	case len(key) > cardMax:
		return Card{}, fmt.Errorf("a card number has at most %d letters and digits", cardMax)
	}
	return Card{Printed: printed, Key: string(key)}, nil
}

// parseCardField is ParseCard with the field's path in the problem.
func parseCardField(path, text string) (Card, error) {
	card, err := ParseCard(text)
	if err != nil {
		return Card{}, problem.InvalidField(path, "%s", err.Error())
	}
	return card, nil
}

// numberedCard makes a card number of prefix, an eight-digit number and a check digit (Luhn, ISO/IEC 7812-1), so that most
// slips of a typing hand are not somebody else's card.
func numberedCard(prefix string, number int64) (Card, error) {
	digits := fmt.Sprintf("%s%08d", prefix, number)
	return ParseCard(digits + string('0'+luhn(digits)))
}

// luhn is the check digit that belongs behind digits.
func luhn(digits string) byte {
	sum, double := 0, true
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return byte((10 - sum%10) % 10)
}
