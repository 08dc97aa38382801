package borrowing

// CardAlias is what a slip on the hold shelf says of a member, for everybody walks past it: the last four letters or digits of the
// card, enough to find one's own and no more. Of a card that has no more than four, which nobody prints, it is all of them.
func CardAlias(card string) string {
	var last [4]rune
	n := 0
	for _, r := range card {
		if r == ' ' || r == '-' || r == '.' || r == '_' {
			continue
		}
		copy(last[:], last[1:])
		last[3], n = r, n+1
	}
	return string(last[4-min(n, 4):])
}
