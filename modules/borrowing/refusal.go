package borrowing

import (
	"context"
	"slices"
	"strings"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// The codes of refusals. They are part of the API and never change their meaning.
const (
	ItemOnLoan          = "item_on_loan"
	ItemReserved        = "item_reserved"
	ItemNotLendable     = "item_not_lendable"
	HoldQueueAhead      = "hold_queue_ahead"
	AlreadyYours        = "already_yours"
	CardReplaced        = "card_replaced"
	MemberExpired       = "member_expired"
	MemberBlocked       = "member_blocked"
	LoanLimitReached    = "loan_limit_reached"
	NoRule              = "no_rule"
	NoOpenDay           = "no_open_day"
	LoanNotOpen         = "loan_closed"
	RenewalLimitReached = "renewal_limit_reached"
	DueDateUnchanged    = "due_date_unchanged"
	LoanHasFollowers    = "loan_has_followers"
	HoldExists          = "hold_exists"
	HoldNotLive         = "hold_closed"
	HoldCaptured        = "hold_captured"
	NoticeSettled       = "notice_settled"
	NothingToHold       = "nothing_to_hold"
	BarcodeExists       = "barcode_exists"
	ItemWithdrawn       = "item_withdrawn"
	TitleHasItems       = "title_has_items"
	TitleHasHolds       = "title_has_holds"
	TitleHasCharges     = "title_has_charges"
	HoldLimitReached    = "hold_limit_reached"
	PartHasHolds        = "part_has_holds"
	ItemSeenSince       = "item_seen_since"
	TooLongAgo          = "too_long_ago"
	BranchExists        = "branch_exists"
	ItemTypeExists      = "item_type_exists"
	ChargesOverLimit    = "charges_over_limit"
	PaymentTooHigh      = "payment_too_high"
	WaiverTooHigh       = "waiver_too_high"
	ChargeTooHigh       = "charge_too_high"
	ItemLost            = "item_lost"
	ItemNotOnLoan       = "item_not_on_loan"
	LoanNotCollected    = "loan_not_collected"
)

// overriders says who may override a refusal; a code that is not here stands whatever anybody says.
var overriders = map[string]identity.Role{
	ItemOnLoan:          identity.Desk, // at the desk: check in, then lend; see takeBack
	ItemReserved:        identity.Librarian,
	ItemNotLendable:     identity.Librarian, // only of copies that are for use in the house; see judgeItem
	HoldQueueAhead:      identity.Librarian,
	AlreadyYours:        identity.Desk, // only of another copy on the web; see judgeAgain
	MemberExpired:       identity.Desk,
	MemberBlocked:       identity.Librarian,
	LoanLimitReached:    identity.Librarian,
	ChargesOverLimit:    identity.Librarian,
	RenewalLimitReached: identity.Librarian,
	HoldLimitReached:    identity.Librarian,
}

// overridable makes a reason that the role named in overriders may override.
func overridable(code, detail string) problem.Reason {
	return problem.Reason{Code: code, Detail: detail, Overridable: true, By: overriders[code].String()}
}

// final makes a reason that nobody may override.
func final(code, detail string) problem.Reason {
	return problem.Reason{Code: code, Detail: detail}
}

// Override names the codes that a member of staff overrides, and why.
type Override struct {
	Codes  []string
	Reason string
}

// check refuses an override that its caller may not make, whatever the outcome would be.
func (o Override) check(ctx context.Context, borrower int64) error {
	if len(o.Codes) == 0 {
		if strings.TrimSpace(o.Reason) != "" {
			return problem.InvalidField("body.override.codes", "name what is overridden")
		}
		return nil
	}
	if strings.TrimSpace(o.Reason) == "" {
		return problem.InvalidField("body.override.reason", "say why; it is recorded")
	}
	p, _ := identity.FromContext(ctx)
	for _, code := range o.Codes {
		role, known := overriders[code]
		if !known {
			return problem.InvalidField("body.override.codes", "%q is not a refusal that can be overridden", code)
		}
		if !p.May(role) {
			return problem.New(problem.Forbidden, "override_not_allowed", "Overriding %s needs the role %s.", code, role)
		}
	}
	if p.MemberID == borrower {
		return problem.New(problem.Forbidden, "override_for_self", "Nobody overrides a refusal for themselves; ask a colleague.")
	}
	return nil
}

// sift takes out the reasons that the override covers, and gives those that stand and the codes that were used.
func (o Override) sift(reasons []problem.Reason) (standing []problem.Reason, used []string) {
	for _, r := range reasons {
		if r.Overridable && slices.Contains(o.Codes, r.Code) {
			used = append(used, r.Code)
			continue
		}
		standing = append(standing, r)
	}
	return standing, used
}

// judgeMember gives every reason why a member may not borrow, renew or place a hold today.
func judgeMember(m Member, today Date) (reasons []problem.Reason) {
	if m.Replaced {
		reasons = append(reasons, final(CardReplaced, "This card was replaced by a new one. Use the member's current card."))
	}
	if m.ExpiresOn != nil && *m.ExpiresOn < today {
		reasons = append(reasons, overridable(MemberExpired, "The membership ended on "+m.ExpiresOn.String()+"."))
	}
	if len(m.Blocks) > 0 {
		reasons = append(reasons, overridable(MemberBlocked, "The membership is blocked: "+strings.Join(m.Blocks, ", ")+"."))
	}
	return reasons
}
