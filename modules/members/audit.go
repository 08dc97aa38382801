package members

import (
	"context"
	"time"

	"bookvault/platform/identity"
)

// AuditEntry says who did what to whose account, and when. It holds ids and names of fields, never their values.
type AuditEntry struct {
	At        time.Time
	ActorID   int64 // 0: a command
	ActorRole identity.Role
	Via       identity.Via
	Action    string
	SubjectID int64 // 0: no one member
	Detail    string
}

// AuditTrail keeps what was done to accounts.
type AuditTrail interface {
	// RecordAudit writes entries that go with no other change.
	RecordAudit(ctx context.Context, entries ...AuditEntry) error
	// Audit lists entries, newest first.
	Audit(ctx context.Context, f AuditFilter) ([]RecordedEntry, error)
	// Kept counts what is kept about people.
	Kept(ctx context.Context) (Kept, error)
}

// Kept is how much there is about people besides their accounts.
type Kept struct {
	Historians int64         // members who chose to keep a history of their loans
	Audit      int64         // entries of the audit
	AuditFor   time.Duration // how long one is kept
}

// Kept counts what is kept about people.
func (s *Service) Kept(ctx context.Context) (Kept, error) {
	k, err := s.store.Kept(ctx)
	k.AuditFor = s.settings.AuditKept
	return k, err
}

// AuditFilter says which entries to list.
type AuditFilter struct {
	SubjectID int64 // about whom; 0: anybody
	ActorID   int64 // by whom; 0: anybody
	Before    int64 // only entries with a smaller id; 0: from the newest
	Limit     int
}

// RecordedEntry is an entry with its id.
type RecordedEntry struct {
	ID int64
	AuditEntry
}

// The actions of the audit.
const (
	actionRead        = "account_read"
	actionSearched    = "accounts_searched"
	actionAuditRead   = "audit_read"
	actionCreated     = "account_created"
	actionLoaded      = "accounts_loaded"
	actionChanged     = "account_changed"
	actionRole        = "role_changed"
	actionCard        = "card_replaced"
	actionRenewed     = "membership_renewed"
	actionBlocked     = "block_added"
	actionUnblocked   = "block_removed"
	actionMerged      = "account_merged"    // of the one that is no more
	actionMergedIn    = "account_merged_in" // of the survivor
	actionDeleted     = "account_deleted"
	actionCategory    = "category_changed"
	actionPassword    = "password_set"
	actionTokenMade   = "token_created"
	actionTokenEnded  = "token_revoked"
	actionSessionOver = "session_revoked"
)

func audit(p identity.Principal, now time.Time, action string, subject int64, detail string) AuditEntry {
	return AuditEntry{At: now, ActorID: p.MemberID, ActorRole: p.Role, Via: p.Via, Action: action, SubjectID: subject, Detail: detail}
}

// AuditOf gives who looked at a member's account and what was done to it, newest first: members see their own, librarians anybody's. That a
// librarian read the audit of somebody is in the audit too.
func (s *Service) AuditOf(ctx context.Context, card string, before int64, limit int) ([]RecordedEntry, error) {
	p := caller(ctx)
	m, _, err := s.byCard(ctx, card)
	if err != nil {
		return nil, err
	}
	if p.MemberID != m.ID && !p.May(identity.Librarian) {
		return nil, errNotFound()
	}
	entries, err := s.store.Audit(ctx, AuditFilter{SubjectID: m.ID, Before: before, Limit: limit})
	if err != nil || p.MemberID == m.ID {
		return entries, err
	}
	return entries, s.StaffRead(ctx, m.ID, actionAuditRead)
}

// Audit lists what was done to accounts and who looked at them, by the stable ids of members: also of those who are no more. Librarians only.
func (s *Service) Audit(ctx context.Context, f AuditFilter) ([]RecordedEntry, error) {
	if err := needRole(caller(ctx), identity.Librarian); err != nil {
		return nil, err
	}
	entries, err := s.store.Audit(ctx, f)
	if err != nil || f.SubjectID == 0 { // who watches over the whole reads nobody's account
		return entries, err
	}
	return entries, s.StaffRead(ctx, f.SubjectID, actionAuditRead)
}
