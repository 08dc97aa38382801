package members

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Leavers is the stored side of members who go. An id is never given to somebody else; what is left of it is a tombstone. Answers kept under
// an Idempotency-Key that speak of whoever goes are forgotten, while the key stays used.
type Leavers interface {
	// Merge locks two members and makes them one, as decide makes the survivor's account: the cards of the first become replaced cards of
	// the second, the sessions, tokens and password of the first end. ErrNotFound.
	Merge(ctx context.Context, from, into int64, decide func(from, into Member) (Account, []AuditEntry, error)) (Member, error)
	// Remove locks a member, asks decide, and erases everything but the id. ErrNotFound.
	Remove(ctx context.Context, id int64, now time.Time, decide func(Member) (AuditEntry, error)) error
}

// MergeRequest asks to make one member of two.
type MergeRequest struct {
	Into   string // a card of the survivor
	Reason string // kept in the audit
}

const reasonMax = 500

// Merge makes a member, found by a card, part of another: cards, loans, holds and charges move, blocks are united, and what the survivor lacks
// (e-mail address, language) is taken over. The desk's part comes first, in its own transaction; a merge that was cut off in between is
// completed by sending it again. Librarians only. Problems: member_not_found, same_member, not_a_person, own_account, higher_role,
// invalid_request.
func (s *Service) Merge(ctx context.Context, card string, r MergeRequest, key string) (Member, error) {
	p, now := caller(ctx), s.clock()
	if err := needRole(p, identity.Librarian); err != nil {
		return Member{}, err
	}
	if r.Reason = strings.TrimSpace(norm.NFC.String(r.Reason)); r.Reason == "" || utf8.RuneCountInString(r.Reason) > reasonMax {
		return Member{}, problem.InvalidField("body.reason", "says why, in at most %d characters; it is recorded", reasonMax)
	}
	from, replaced, early := s.byCard(ctx, card)
	into, _, err := s.byCard(ctx, r.Into)
	if early == nil {
		early = err
	}
	asked := struct {
		Card    string
		Request MergeRequest
	}{card, r}
	m, err := repeatable(ctx, s, "merge members", key, asked, func(ctx context.Context) (Member, error) {
		switch {
		case early != nil:
			return Member{}, early
		case from.ID == into.ID && replaced: // by this merge, sent before
			return into, nil
		case from.ID == into.ID:
			return Member{}, problem.Conflict("same_member", "Both cards belong to one member.")
		}
		decide := func(from, into Member) (Account, []AuditEntry, error) {
			if err := mayMerge(p, from, into); err != nil {
				return Account{}, nil, err
			}
			a, err := merged(from, into, now)
			return a, []AuditEntry{audit(p, now, actionMerged, from.ID, r.Reason), audit(p, now, actionMergedIn, into.ID, r.Reason)}, err
		}
		if _, _, err := decide(from, into); err != nil { // before the desk moves anything
			return Member{}, err
		}
		if err := s.desk.MergeAccounts(ctx, from.ID, into.ID); err != nil {
			return Member{}, err
		}
		if err := s.catalogue.MoveReader(ctx, from.ID, into.ID); err != nil {
			return Member{}, err
		}
		m, err := s.store.Merge(ctx, from.ID, into.ID, decide)
		return m, accountProblem(err, "merge members")
	})
	if err == nil {
		s.changed(ctx, m.ID)
	}
	return m, err
}

func mayMerge(p identity.Principal, from, into Member) error {
	for _, m := range []Member{from, into} {
		if err := mayServe(p, m); err != nil {
			return err
		}
		if m.Kind != KindPerson {
			return problem.Conflict("not_a_person", "Only members who are persons are merged: %s is a %s account.", m.Card, m.Kind)
		}
	}
	return nil
}

// merged is the survivor's account. Of a block that both have, the older one stays, with both notes.
func merged(from, into Member, now time.Time) (Account, error) {
	if into.Email == "" {
		into.Email = from.Email
	}
	if into.Language == "" {
		into.Language = from.Language
	}
	blocks := slices.Clone(into.Blocks)
	for _, b := range from.Blocks {
		at := slices.IndexFunc(blocks, func(own Block) bool { return own.Code == b.Code })
		if at < 0 {
			blocks = append(blocks, b)
			continue
		}
		notes := []string{blocks[at].Note, b.Note}
		if b.Since.Before(blocks[at].Since) {
			blocks[at] = b
		}
		if notes[0] != notes[1] {
			united := []rune(strings.Trim(strings.Join(notes, "; "), "; "))
			blocks[at].Note = string(united[:min(len(united), noteMax)])
		}
	}
	into.Blocks = blocks
	return into.account(now)
}

// Delete erases a member and everything personal about them; the audit keeps the id. The desk closes the account first, so that no loan can
// come in between; a deletion that was cut off is completed by sending it again. Librarians only. Problems: member_not_found, own_account,
// higher_role, service_account, and with all that apply member_has_loans, member_has_balance, member_has_captured_holds.
func (s *Service) Delete(ctx context.Context, card, key string) error {
	p, now := caller(ctx), s.clock()
	if err := needRole(p, identity.Librarian); err != nil {
		return err
	}
	m, _, early := s.byCard(ctx, card)
	_, err := repeatable(ctx, s, "delete member", key, card, func(ctx context.Context) (struct{}, error) {
		if early != nil {
			return struct{}{}, early
		}
		decide := func(m Member) (AuditEntry, error) {
			if m.Kind == KindService {
				return AuditEntry{}, problem.Conflict("service_account", "A service account carries the tokens of programs. Revoke those instead.")
			}
			return audit(p, now, actionDeleted, m.ID, ""), mayServe(p, m)
		}
		if _, err := decide(m); err != nil { // before the desk closes anything
			return struct{}{}, err
		}
		if err := s.desk.CloseAccount(ctx, m.ID); err != nil {
			return struct{}{}, err
		}
		if err := s.catalogue.ForgetReader(ctx, m.ID); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, accountProblem(s.store.Remove(ctx, m.ID, now, decide), "delete member")
	})
	return err
}
