package api

import "context"

type visitIn struct {
	Card string `path:"card" maxLength:"64"`
}

type visitBlock struct {
	Code string `json:"code"`
	Note string `json:"note,omitempty"`
}

type debtBody struct {
	Balance int64 `json:"balance" doc:"What is owed, in the library's currency."`
	Accrued int64 `json:"accrued" doc:"Fines that still grow on open loans: charged at check-in, renewal or loss."`
	AmountBody
}

type visitBody struct {
	Card      string       `json:"card" doc:"The member's current card, also where an old one was asked for."`
	Name      string       `json:"name"`
	Category  string       `json:"category"`
	ExpiresOn string       `json:"expires_on,omitempty" format:"date" doc:"Last day of the membership; left out when it does not expire."`
	Blocks    []visitBlock `json:"blocks" nullable:"false" doc:"Why the member may not borrow now."`
	Loans     []LoanBody   `json:"loans" nullable:"false" doc:"Open ones, newest first; at most 100."`
	Holds     []holdBody   `json:"holds" nullable:"false" doc:"Live ones, newest first; at most 100."`
	Account   *debtBody    `json:"account,omitempty" doc:"Left out while it cannot be read: lending goes on."`
}

func (o *operations) borrower(ctx context.Context, in *visitIn) (*struct{ Body visitBody }, error) {
	v, err := o.desk.Visit(ctx, in.Card)
	if err != nil {
		return nil, err
	}
	m := v.Member
	body := visitBody{Card: m.Card, Name: m.Name, Category: m.Category, ExpiresOn: textOf(m.ExpiresOn),
		Blocks: make([]visitBlock, len(m.Blocks)), Loans: bodies(v.Loans, loanOf), Holds: bodies(v.Holds, holdOf)}
	for i, code := range m.Blocks {
		body.Blocks[i] = visitBlock{Code: code, Note: m.BlockNotes[code]}
	}
	if v.Debt != nil {
		body.Account = &debtBody{Balance: v.Debt.Balance.Minor, Accrued: v.Debt.Accrued.Minor, AmountBody: amountOf(v.Debt.Balance.Currency)}
	}
	return &struct{ Body visitBody }{body}, nil
}
