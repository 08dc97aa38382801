package catalog

import (
	"errors"
	"strings"
)

// ISBN is an International Standard Book Number in its one stored form: thirteen digits, no hyphens, check digit verified
// (ISO 2108). The zero value means that a title has none.
type ISBN string

// The ways text fails to be an ISBN. Each says what a person can do about it.
var (
	ErrISBNLength = errors.New("an ISBN has 10 or 13 digits; hyphens and spaces may stand between them")
	ErrISBNDigits = errors.New("an ISBN is made of digits, and an X at most as the last of ten")
	ErrISBNCheck  = errors.New("the last digit of this ISBN does not fit the others: a digit is mistyped")
	ErrISBNPrefix = errors.New("a thirteen-digit ISBN begins with 978 or 979")
)

const bookland = "978" // the prefix under which every ten-digit number lives on

// ParseISBN reads an ISBN-10 or ISBN-13 as people write them (hyphens of any kind, spaces, a leading "ISBN") and gives it
// as an ISBN-13. The error is one of the ErrISBN… values.
func ParseISBN(text string) (ISBN, error) {
	digits, err := isbnDigits(text)
	if err != nil {
		return "", err
	}
	switch len(digits) {
	case 10:
		if isbn10Check(digits[:9]) != digits[9] {
			return "", ErrISBNCheck
		}
		body := bookland + digits[:9]
		return ISBN(body + string(isbn13Check(body))), nil
	case 13:
		if strings.IndexByte(digits, 'X') >= 0 {
			return "", ErrISBNDigits
		}
		if !strings.HasPrefix(digits, "978") && !strings.HasPrefix(digits, "979") {
			return "", ErrISBNPrefix
		}
		if isbn13Check(digits[:12]) != digits[12] {
			return "", ErrISBNCheck
		}
		return ISBN(digits), nil
	default:
		return "", ErrISBNLength
	}
}

// ISBN10 gives the ten-digit form, which only numbers under 978 have.
func (n ISBN) ISBN10() (string, bool) {
	if len(n) != 13 || !strings.HasPrefix(string(n), bookland) {
		return "", false
	}
	body := string(n[3:12])
	return body + string(isbn10Check(body)), true
}

// isbnDigits strips what people write around and between the digits. It never returns more than 13 of them.
func isbnDigits(text string) (string, error) {
	text = strings.TrimSpace(text)
	if len(text) >= 4 && strings.EqualFold(text[:4], "ISBN") {
		text = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(text[4:], "-10"), "-13"), ": ")
	}
	digits := make([]byte, 0, 13)
	for _, r := range text {
		switch {
		case r == '-' || r == ' ' || r == '\u00a0' || (r >= '\u2010' && r <= '\u2015') || r == '\u2212':
			continue
		case len(digits) == 13:
			return "", ErrISBNLength
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case (r == 'X' || r == 'x') && len(digits) == 9:
			digits = append(digits, 'X')
		default:
			return "", ErrISBNDigits
		}
	}
	return string(digits), nil
}

// isbn10Check is the check digit of nine digits: weights 10 down to 2, modulo 11, ten written as X.
func isbn10Check(body string) byte {
	sum := 0
	for i := range 9 {
		sum += (10 - i) * int(body[i]-'0')
	}
	if check := (11 - sum%11) % 11; check < 10 {
		return byte('0' + check)
	}
	return 'X'
}

// isbn13Check is the check digit of twelve digits: weights 1 and 3 in turn, modulo 10.
func isbn13Check(body string) byte {
	sum := 0
	for i := range 12 {
		weight := 1
		if i%2 == 1 {
			weight = 3
		}
		sum += weight * int(body[i]-'0')
	}
	return byte('0' + (10-sum%10)%10)
}
