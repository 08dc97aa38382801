package borrowing_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// purse is a small model of what two members owe: every amount that anybody was told, added up by the test alone.
type purse struct {
	*library
	barcodes []string
	card     [2]string
	id       [2]int64
	owed     [2]int64
	paid     int64 // money that came in
	back     int64 // and went out
}

// TestMoneyAlwaysAddsUp does what comes to mind with fines, losses, payments and waivers while days pass: what is owed is always what
// was charged and not paid, waived or voided, nobody pays too much, and no more is given back than came in.
func TestMoneyAlwaysAddsUp(t *testing.T) {
	l := fining(t, 0)
	start, round := l.clock.read(), int64(0)
	check(t, func(r *rapid.T) {
		round++
		l.clock.move(start.Sub(l.clock.read()))
		m := &purse{library: l}
		for i := range 2 {
			m.id[i] = round*10 + int64(i)
			m.card[i] = fmt.Sprintf("C%d", m.id[i])
			l.people.byID[m.id[i]] = borrowing.Member{ID: m.id[i], Card: m.card[i], Category: "adult"}
		}
		for i := range 3 {
			m.barcodes = append(m.barcodes, fmt.Sprintf("M%d-%d", round, i))
			l.priced(m.barcodes[i], int(round)%900+1, []int64{0, 5000, 100_000}[i])
		}
		r.Repeat(map[string]func(*rapid.T){
			"lend": m.lendAny, "lend more": m.lendAny, "return": m.giveBack, "lose": m.lose, "claim": m.claim, "renew": m.renewAny, "charge": m.charge,
			"pay": m.payAny, "pay again": m.payAny, "waive": m.waiveAny,
			"days pass": func(r *rapid.T) { m.days(rapid.IntRange(1, 60).Draw(r, "days")) },
			"":          m.addsUp,
		})
		m.consistent()
	})
	l.replays()
}

func (m *purse) who(r *rapid.T) int        { return rapid.IntRange(0, 1).Draw(r, "member") }
func (m *purse) barcode(r *rapid.T) string { return rapid.SampledFrom(m.barcodes).Draw(r, "barcode") }

// made adds what a command says it charged.
func (m *purse) made(list []borrowing.Charge) {
	for _, c := range list {
		for i, id := range m.id {
			if id == c.MemberID {
				m.owed[i] += c.Amount
			}
		}
	}
}

func (m *purse) expected(r *rapid.T, err error) {
	if err != nil && problem.Of(err).Kind != problem.ConflictKind {
		r.Fatalf("no refusal, but %v", err)
	}
}

func (m *purse) lendAny(r *rapid.T) {
	_, err := m.lend(m.card[m.who(r)], m.barcode(r))
	m.expected(r, err)
}

func (m *purse) giveBack(r *rapid.T) {
	cmd := borrowing.CheckIn{Barcode: m.barcode(r), Branch: "main", BookDrop: rapid.Bool().Draw(r, "drop")}
	before := m.voided(r)
	in, err := m.CheckIn(desk(), cmd, borrowing.Order{})
	must(m.t, err)
	m.made(in.Charges)
	m.back += in.Refunded.Minor
	for i, after := range m.voided(r) {
		m.owed[i] -= after - before[i]
	}
}

// voided sums what was voided of each member's charges.
func (m *purse) voided(r *rapid.T) (sums [2]int64) {
	for i, id := range m.id {
		a, err := m.Account(patron(id), "", borrowing.ChargeFilter{Limit: 1000})
		if err != nil {
			r.Fatal(err)
		}
		for _, c := range a.Charges {
			sums[i] += c.Voided
		}
	}
	return sums
}

func (m *purse) lose(r *rapid.T) {
	gone, err := m.DeclareLost(desk(), borrowing.DeclareLost{Barcode: m.barcode(r)}, borrowing.Order{})
	m.expected(r, err)
	m.made(gone.Charges)
}

func (m *purse) claim(r *rapid.T) {
	_, err := m.ClaimReturned(desk(), m.barcode(r), "", borrowing.Order{})
	m.expected(r, err)
}

func (m *purse) renewAny(r *rapid.T) {
	i := m.who(r)
	loans, _, err := m.Loans(desk(), m.card[i], borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 10})
	must(m.t, err)
	if len(loans) == 0 {
		r.Skip()
	}
	a, err := m.Account(patron(m.id[i]), "", borrowing.ChargeFilter{Limit: 1})
	must(m.t, err)
	_, err = m.Renew(desk(), rapid.SampledFrom(loans).Draw(r, "loan").ID, borrowing.Override{}, borrowing.Order{})
	m.expected(r, err)
	after, err2 := m.Account(patron(m.id[i]), "", borrowing.ChargeFilter{Limit: 1})
	must(m.t, err2)
	// What accrued became a charge, and nothing else.
	if a.Balance.Minor+a.Accrued.Minor != after.Balance.Minor+after.Accrued.Minor {
		r.Fatalf("renewed: %v and %v accrued became %v and %v", a.Balance, a.Accrued, after.Balance, after.Accrued)
	}
	m.owed[i] += after.Balance.Minor - a.Balance.Minor
}

func (m *purse) charge(r *rapid.T) {
	c, err := m.Charge(desk(), borrowing.NewCharge{Card: m.card[m.who(r)], Amount: rapid.Int64Range(1, 20_000).Draw(r, "amount"), Note: "x"}, borrowing.Order{})
	must(m.t, err)
	m.made([]borrowing.Charge{c.Charge})
}

func (m *purse) payAny(r *rapid.T)   { m.paid += m.settleAny(r, m.pay, borrowing.PaymentTooHigh) }
func (m *purse) waiveAny(r *rapid.T) { m.settleAny(r, m.waive, borrowing.WaiverTooHigh) }

func (m *purse) settleAny(r *rapid.T, settle func(string, int64, int64) (borrowing.Settled, error), tooHigh string) int64 {
	i := m.who(r)
	amount := rapid.OneOf(rapid.Int64Range(1, 120_000), rapid.Just(max(m.owed[i], 1))).Draw(r, "amount")
	done, err := settle(m.card[i], amount, 0)
	if (err != nil) != (amount > m.owed[i]) || err != nil && code(err) != tooHigh {
		r.Fatalf("%d of %d owed: %v", amount, m.owed[i], err)
	}
	if err != nil {
		return 0
	}
	if m.owed[i] -= amount; done.Balance.Minor != m.owed[i] {
		r.Fatalf("%d of %d left %v", amount, m.owed[i]+amount, done.Balance)
	}
	return amount
}

// addsUp compares what the library says with the model, and with the sum of all entries.
func (m *purse) addsUp(r *rapid.T) {
	for i, id := range m.id {
		a, err := m.Account(patron(id), "", borrowing.ChargeFilter{Limit: 1000})
		must(m.t, err)
		outstanding, entries := int64(0), int64(0)
		for _, c := range a.Charges {
			if c.Outstanding() < 0 || c.Refunded > c.Paid {
				r.Fatalf("charge %+v", c.Charge)
			}
			outstanding += c.Outstanding()
			for _, e := range c.Entries {
				switch e.Kind {
				case borrowing.ChargeEntry:
					entries += e.Amount
				case borrowing.Payment, borrowing.Waiver, borrowing.Void:
					entries -= e.Amount
				}
			}
		}
		if a.Balance.Minor != m.owed[i] || outstanding != m.owed[i] || entries != m.owed[i] {
			r.Fatalf("member %d: balance %v, outstanding %d, entries %d, owed %d", id, a.Balance, outstanding, entries, m.owed[i])
		}
	}
	if m.back > m.paid {
		r.Fatalf("%d was given back of %d", m.back, m.paid)
	}
	var moved int64
	must(m.t, m.db.Pool().QueryRow(context.Background(), `SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount ELSE -amount END), 0)::bigint
		FROM borrowing.account_entries WHERE kind IN ('payment', 'refund') AND member_id = ANY($1)`, m.id[:]).Scan(&moved))
	if moved != m.paid-m.back {
		r.Fatalf("the till holds %d, the ledger says %d", m.paid-m.back, moved)
	}
}
