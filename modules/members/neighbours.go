package members

import "context"

// Desk is what this module asks of the borrowing desk; modules.go introduces modules/borrowing.
type Desk interface {
	// CategoryInRules tells whether a rule of the desk names a category.
	CategoryInRules(ctx context.Context, code string) (bool, error)
	// CloseAccount makes sure that nothing of a member is left at the desk and that nothing comes, so that the member can be deleted: a
	// problem of kind Conflict with all reasons while something is. It can be repeated.
	CloseAccount(ctx context.Context, memberID int64) error
	// MergeAccounts moves everything that a member has at the desk to another, and closes the account that it came from. It can be repeated.
	MergeAccounts(ctx context.Context, from, into int64) error
}

// SetDesk says where the desk is. It is called once, by modules.go, before the service is used; until then there is none, and nobody has
// anything there.
func (s *Service) SetDesk(d Desk) { s.desk = d }

// noDesk stands in for a desk where there is none.
type noDesk struct{}

func (noDesk) CategoryInRules(context.Context, string) (bool, error)     { return false, nil }
func (noDesk) CloseAccount(context.Context, int64) error                 { return nil }
func (noDesk) MergeAccounts(ctx context.Context, from, into int64) error { return nil }

// Catalogue is what this module asks of the catalogue; modules.go introduces modules/catalog.
type Catalogue interface {
	// TitleExists gives a problem book_not_found for a title that is not there.
	TitleExists(ctx context.Context, bookID int64) error
	// ForgetReader forgets what a member thought of titles, so that the member can be deleted. It can be repeated.
	ForgetReader(ctx context.Context, memberID int64) error
	// MoveReader makes it another member's. It can be repeated.
	MoveReader(ctx context.Context, from, into int64) error
}

// SetCatalogue says where the catalogue is. It is called once, by modules.go, before the service is used; until then there is none, and every
// title is taken for one.
func (s *Service) SetCatalogue(c Catalogue) { s.catalogue = c }

// noCatalogue stands in for a catalogue where there is none.
type noCatalogue struct{}

func (noCatalogue) TitleExists(context.Context, int64) error               { return nil }
func (noCatalogue) ForgetReader(context.Context, int64) error              { return nil }
func (noCatalogue) MoveReader(ctx context.Context, from, into int64) error { return nil }
