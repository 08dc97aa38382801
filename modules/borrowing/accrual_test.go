package borrowing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bookvault/modules/borrowing"
)

func on(text string) borrowing.Date {
	d, err := borrowing.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// "Within the grace no fine; later every open day after due_on counts, up to the cap and never above the replacement price."
func TestWithinTheGraceNoFineLaterEveryOpenDayCounts(t *testing.T) {
	march := func(day int) *borrowing.Date { d := borrowing.NewDate(2026, 3, day); return &d }
	// Due on Tuesday, 3 March 2026. west is closed at weekends, and on 11 and 12 March; east is always open.
	policy := &borrowing.Policy{
		Hours:    map[string][]borrowing.Opening{"west": {{Weekday: 1}, {Weekday: 2}, {Weekday: 3}, {Weekday: 4}, {Weekday: 5}}},
		Closures: []borrowing.Closure{{Branch: "west", First: *march(11), Last: *march(12)}, {First: *march(12), Last: *march(12)}},
	}
	terms := func(grace int, limit int64) borrowing.Terms {
		return borrowing.Terms{FinePerDay: 1000, GraceDays: grace, FineCap: limit, Currency: "VND"}
	}
	vnd := func(n int64) *borrowing.Money { return &borrowing.Money{Minor: n, Currency: "VND"} }
	for _, c := range []struct {
		what  string
		l     borrowing.Lateness
		until int
		want  int64
	}{
		{"on the due day", borrowing.Lateness{Branch: "east", Terms: terms(0, 0)}, 3, 0},
		{"before it", borrowing.Lateness{Branch: "east", Terms: terms(0, 0)}, 1, 0},
		{"a day late", borrowing.Lateness{Branch: "east", Terms: terms(0, 0)}, 4, 1000},
		{"the last day of grace", borrowing.Lateness{Branch: "east", Terms: terms(2, 0)}, 5, 0},
		{"a day after the grace all days count", borrowing.Lateness{Branch: "east", Terms: terms(2, 0)}, 6, 3000},
		{"closed days do not count", borrowing.Lateness{Branch: "west", Terms: terms(0, 0)}, 9, 4000},
		{"nor towards the grace", borrowing.Lateness{Branch: "west", Terms: terms(3, 0)}, 8, 0},
		{"Monday ends that grace", borrowing.Lateness{Branch: "west", Terms: terms(3, 0)}, 9, 4000},
		{"closures do not count, nor twice where they meet", borrowing.Lateness{Branch: "west", Terms: terms(0, 0)}, 13, 6000},
		{"a closure everywhere", borrowing.Lateness{Branch: "east", Terms: terms(0, 0)}, 13, 9000},
		{"up to the cap", borrowing.Lateness{Branch: "east", Terms: terms(0, 2500)}, 13, 2500},
		{"never above the price", borrowing.Lateness{Branch: "east", Terms: terms(0, 0), Price: vnd(700)}, 13, 700},
		{"the smaller of cap and price", borrowing.Lateness{Branch: "east", Terms: terms(0, 600), Price: vnd(700)}, 13, 600},
		{"a price of nothing", borrowing.Lateness{Branch: "east", Terms: terms(0, 0), Price: vnd(0)}, 13, 0},
		{"a price in another currency says nothing", borrowing.Lateness{Branch: "east", Terms: terms(0, 0), Price: &borrowing.Money{Minor: 7, Currency: "USD"}}, 13, 9000},
		{"what was charged counts towards the cap", borrowing.Lateness{Branch: "east", Terms: terms(0, 2500), Fined: 2000}, 13, 500},
		{"and past it nothing is due", borrowing.Lateness{Branch: "east", Terms: terms(0, 2500), Fined: 3000}, 13, 0},
		{"no day is charged twice", borrowing.Lateness{Branch: "east", Terms: terms(2, 0), Fined: 5000, FinedThrough: march(8)}, 10, 2000},
		{"nor the same day again", borrowing.Lateness{Branch: "east", Terms: terms(2, 0), Fined: 5000, FinedThrough: march(8)}, 8, 0},
		{"no fine past the claim", borrowing.Lateness{Branch: "east", Terms: terms(0, 0), ClaimedOn: march(5)}, 13, 2000},
		{"no fine past the loss", borrowing.Lateness{Branch: "east", Terms: terms(0, 0), LostOn: march(6)}, 13, 3000},
		{"a rule without a fine", borrowing.Lateness{Branch: "east", Terms: borrowing.Terms{Currency: "VND"}}, 13, 0},
	} {
		c.l.DueOn = *march(3)
		if got := policy.Accrued(c.l, *march(c.until)); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}

// TestFinesNeverShrinkAsDaysPassAndAddUp compares with a count day by day, and charges in between.
func TestFinesNeverShrinkAsDaysPassAndAddUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		day := rapid.Map(rapid.IntRange(0, 200), func(n int) borrowing.Date { return on("2026-01-01") + borrowing.Date(n) })
		policy := &borrowing.Policy{Hours: map[string][]borrowing.Opening{}}
		for _, weekday := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 7, rapid.ID[int]).Draw(r, "weekdays") {
			policy.Hours["main"] = append(policy.Hours["main"], borrowing.Opening{Weekday: weekday})
		}
		first := on("2026-01-01")
		for range rapid.IntRange(0, 6).Draw(r, "closures") {
			first += borrowing.Date(rapid.IntRange(0, 20).Draw(r, "after"))
			policy.Closures = append(policy.Closures, borrowing.Closure{Branch: rapid.SampledFrom([]string{"", "main", "east"}).Draw(r, "branch"), First: first,
				Last: first + borrowing.Date(rapid.IntRange(0, 30).Draw(r, "days"))})
		}
		open := func(from, to borrowing.Date) (n int) {
			for d := from; d <= to; d++ {
				if _, moved, err := policy.OpenFrom("main", d); moved == nil && err == nil {
					n++
				}
			}
			return n
		}
		due, until := day.Draw(r, "due"), day.Draw(r, "until")
		if got, want := policy.OpenDays("main", due+1, until), open(due+1, until); got != want {
			r.Fatalf("%d open days from %v to %v, want %d", got, due+1, until, want)
		}
		l := borrowing.Lateness{Branch: "main", DueOn: due, Terms: borrowing.Terms{FinePerDay: rapid.Int64Range(0, 1_000_000_000_000).Draw(r, "fine"),
			GraceDays: rapid.IntRange(0, 10).Draw(r, "grace"), FineCap: rapid.Int64Range(0, 1_000_000_000_000).Draw(r, "cap"), Currency: "VND"}}
		if rapid.Bool().Draw(r, "price known") {
			l.Price = &borrowing.Money{Minor: rapid.Int64Range(0, 1_000_000_000_000).Draw(r, "price"), Currency: "VND"}
		}
		whole := policy.Accrued(l, until)
		if earlier := policy.Accrued(l, until-1); earlier > whole {
			r.Fatalf("%d a day before, then %d", earlier, whole)
		}
		if l.Price != nil && whole > l.Price.Minor || l.Terms.FineCap > 0 && whole > l.Terms.FineCap {
			r.Fatalf("%d is above the cap %d or the price %v", whole, l.Terms.FineCap, l.Price)
		}
		// Charged in the middle, the two halves are the whole.
		middle := day.Draw(r, "middle")
		if half := policy.Accrued(l, middle); middle <= until && half > 0 {
			l.Fined, l.FinedThrough = half, &middle
			if rest := policy.Accrued(l, until); half+rest != whole {
				r.Fatalf("%d by %v and %d after it are not %d", half, middle, rest, whole)
			}
		}
	})
}

// 50000 VND is 50,000 ₫; amounts are minor units of the currency's own exponent.
func TestMoneyHasTheDecimalsOfItsCurrency(t *testing.T) {
	for _, c := range []struct {
		money    borrowing.Money
		exponent int
		want     string
	}{
		{borrowing.Money{Minor: 50000, Currency: "VND"}, 0, "50,000 VND"},
		{borrowing.Money{Minor: 1234567, Currency: "JPY"}, 0, "1,234,567 JPY"},
		{borrowing.Money{Minor: 5000, Currency: "USD"}, 2, "50.00 USD"},
		{borrowing.Money{Minor: 5, Currency: "USD"}, 2, "0.05 USD"},
		{borrowing.Money{Minor: 1234567, Currency: "KWD"}, 3, "1,234.567 KWD"},
		{borrowing.Money{Minor: -50, Currency: "EUR"}, 2, "-0.50 EUR"},
		{borrowing.Money{Currency: "KWD"}, 3, "0.000 KWD"},
	} {
		if e := borrowing.Exponent(c.money.Currency); e != c.exponent || c.money.String() != c.want {
			t.Errorf("%v: exponent %d, %s, want %d, %s", c.money.Minor, e, c.money, c.exponent, c.want)
		}
	}
}

// TestManyLateLoansAreReckonedAtOnce keeps accrual from walking day by day: 400 loans of ten years are no work.
func TestManyLateLoansAreReckonedAtOnce(t *testing.T) {
	policy := &borrowing.Policy{Hours: map[string][]borrowing.Opening{"main": {{Weekday: 1}, {Weekday: 3}}}}
	for i := range 300 {
		day := on("2016-01-01") + borrowing.Date(i*10)
		policy.Closures = append(policy.Closures, borrowing.Closure{First: day, Last: day + 2})
	}
	l := borrowing.Lateness{Branch: "main", DueOn: on("2016-01-01"), Terms: borrowing.Terms{FinePerDay: 1, Currency: "VND"}}
	start := time.Now()
	for range 400 {
		policy.Accrued(l, on("2026-01-01"))
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("400 loans took %v", took)
	}
}
