package borrowing

import (
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// Money is an amount in minor units of its currency's own exponent: 50000 VND is 50,000 ₫.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// mostOwed bounds what a member can owe in all, in minor units: every JSON reader holds integers up to it exactly.
const mostOwed = 1<<53 - 1

// Exponent is how many decimals a currency has by ISO 4217: 0 for VND and JPY, 2 for USD, 3 for KWD; 2 for what is none.
func Exponent(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

// String writes the amount with its decimals and its currency: 50,000 VND, 50.00 USD.
func (m Money) String() string {
	digits, sign := strconv.FormatInt(m.Minor, 10), ""
	if m.Minor < 0 {
		digits, sign = digits[1:], "-"
	}
	exponent := Exponent(m.Currency)
	if short := exponent + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	whole, decimals := digits[:len(digits)-exponent], digits[len(digits)-exponent:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals != "" {
		decimals = "." + decimals
	}
	return sign + whole + decimals + " " + m.Currency
}
