package borrowing_test

import (
	"testing"

	"bookvault/modules/borrowing"
)

func TestASlipShowsTheLastFourOfTheCard(t *testing.T) {
	for card, want := range map[string]string{"29001000000123": "0123", "29001 0000 01-23": "0123", "C-1001": "1001", "C1": "C1", "": ""} {
		if got := borrowing.CardAlias(card); got != want {
			t.Errorf("%q: %q, want %q", card, got, want)
		}
	}
}
