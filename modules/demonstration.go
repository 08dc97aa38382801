package modules

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/importing"
	catalogpostgres "bookvault/modules/catalog/postgres"
	"bookvault/modules/demonstration"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/problem"
)

// The demonstration library speaks its own words; here each of the three modules answers to them. Titles go in by the
// importer's way, members and everything at the desk through the services, so that rules, counts and events are the real ones.

// demonstrationSource names the demonstration's titles among the sources of imports.
const demonstrationSource = "demonstration"

// demonstrationLibrary hands the modules to the loader.
func demonstrationLibrary(f Foundations, imports *catalogpostgres.Imports, people *members.Service, desk *borrowing.Service) demonstration.Library {
	return demonstration.Library{
		Catalogue:   demonstrationCatalogue{imports},
		Members:     demonstrationMembers{people},
		Circulation: demonstrationDesk{desk, f.Settings.Library.Currency},
		Folder:      f.Settings.Database.Embedded.Data,
	}
}

// loadDemonstration fills an empty catalogue, when the settings want that, and says what it brought in.
func (s *server) loadDemonstration(ctx context.Context) (note string, err error) {
	switch s.settings.Library.Demonstration {
	case "never":
		return "off", nil
	case "private":
		if !s.settings.Database.Private() {
			return "off: this PostgreSQL is not BookVault's own", nil
		}
	}
	loaded, err := demonstration.Load(members.AsCommand(ctx), s.library.demonstration)
	if err != nil {
		return "", err
	}
	s.signIns = loaded.SignIns
	if loaded.Titles == 0 {
		return "nothing to bring in", nil
	}
	if err := s.db.WantViews(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d titles, %d copies, %d members, %d loans, %d holds", loaded.Titles, loaded.Copies, loaded.Members, loaded.Loans, loaded.Holds), nil
}

type demonstrationCatalogue struct{ imports *catalogpostgres.Imports }

func (d demonstrationCatalogue) Contents(ctx context.Context) (titles, ours int, err error) {
	return d.imports.Contents(ctx, demonstrationSource)
}

func (d demonstrationCatalogue) AddWorks(ctx context.Context, works []demonstration.Work) ([]int64, error) {
	entries := make([]importing.Entry, len(works))
	for i, w := range works {
		entries[i] = importing.Entry{Line: int64(i + 2), LastLine: int64(i + 2), Key: w.Key(), Book: bookOf(w)}
	}
	last := int64(len(works) + 1)
	run, store, err := d.imports.Begin(ctx, importing.Job{FileName: "the demonstration library", Source: demonstrationSource})
	if err != nil {
		return nil, err
	}
	outcome, err := store.Write(ctx, demonstrationSource, importing.Batch{Entries: entries, Rows: int64(len(works)), Line: last, Last: true}, importing.Options{})
	if err == nil && len(outcome.Refused) > 0 {
		err = fmt.Errorf("%d titles are refused, the first one: %v", len(outcome.Refused), outcome.Refused[0])
	}
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	if err = errors.Join(err, d.imports.Finish(ctx, run, 1, failure)); err != nil {
		return nil, err
	}
	books, err := d.imports.BooksOf(ctx, demonstrationSource)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(works))
	for i, w := range works {
		if ids[i] = books[w.Key()]; ids[i] == 0 {
			return nil, fmt.Errorf("%s has no id after it was brought in", w.Title)
		}
	}
	return ids, nil
}

func bookOf(w demonstration.Work) catalog.Book {
	b := catalog.Book{
		Title: w.Title, Subtitle: w.ParallelTitle, Language: w.Language, PublishedYear: &w.Year, Genres: w.Genres,
		Publisher: w.Publisher, Series: w.Series, Description: w.Description,
	}
	for _, name := range w.Authors {
		b.Authors = append(b.Authors, catalog.Author{Name: name})
	}
	b.Tidy()
	return b
}

type demonstrationMembers struct{ service *members.Service }

func (d demonstrationMembers) Enrol(ctx context.Context, p demonstration.Person) error {
	n := members.NewMember{Card: p.Card, Name: p.Name, Email: p.Email, Category: p.Category, ExpiresOn: p.ExpiresOn, Role: p.Role, Password: p.Password}
	if p.Password != "" {
		n.Kind = members.KindDemonstration
	}
	if p.Block != "" {
		n.Blocks = []members.Block{{Code: p.Block, Note: p.BlockNote}}
	}
	_, err := d.service.Enrol(ctx, n)
	return err
}

// demonstrationDesk does what a desk does; loans of last month are reckoned with last month's dates.
type demonstrationDesk struct {
	*borrowing.Service
	currency string
}

func (d demonstrationDesk) Furnish(ctx context.Context, branches []demonstration.Branch, types []demonstration.ItemType, rules []demonstration.Rule, totals []demonstration.Totals) error {
	for i, b := range branches {
		if err := d.SaveBranch(ctx, borrowing.Branch{Code: b.Code, Name: b.Name, Sort: i}); err != nil {
			return err
		}
	}
	for i, t := range types {
		if err := d.SaveItemType(ctx, borrowing.ItemType{Code: t.Code, Name: t.Name, Sort: i}); err != nil {
			return err
		}
	}
	policy, err := d.Policy(ctx)
	if err != nil || policy.Editions[borrowing.RulesStream] > 0 {
		return err
	}
	m := borrowing.Matrix{Categories: map[string]borrowing.CategoryLimits{}}
	for _, r := range rules {
		m.Rules = append(m.Rules, borrowing.Rule{
			RuleKey: borrowing.RuleKey{Category: r.Category, ItemType: r.ItemType},
			Terms: borrowing.Terms{LoanDays: r.LoanDays, Renewals: r.Renewals, LoanLimit: r.LoanLimit, HoldLimit: r.HoldLimit,
				FinePerDay: r.FinePerDay, GraceDays: r.GraceDays, FineCap: r.FineCap, LostFee: r.LostFee},
		})
	}
	for _, t := range totals {
		m.Categories[t.Category] = borrowing.CategoryLimits{LoanTotal: t.Loans, HoldTotal: t.Holds, ChargesLimit: t.Owed}
	}
	_, err = d.PublishRules(ctx, m, 0, "The rules of the demonstration library", borrowing.Order{})
	return err
}

// shelvedAtOnce is how many copies are brought in by one command, which is one transaction.
const shelvedAtOnce = 250

func (d demonstrationDesk) Shelve(ctx context.Context, copies []demonstration.Copy) error {
	for batch := range slices.Chunk(copies, shelvedAtOnce) {
		items := make([]borrowing.NewItem, 0, len(batch))
		for _, c := range batch {
			items = append(items, borrowing.NewItem{
				BookID: c.BookID, Barcode: c.Barcode, Branch: c.Branch, ItemType: c.ItemType, CallNumber: c.CallNumber, Location: c.Location,
				Price: &borrowing.Money{Minor: c.PriceMinor, Currency: d.currency}, Loanable: c.Loanable,
			})
		}
		_, err := d.AddItems(ctx, items, borrowing.Order{})
		if errors.Is(err, &problem.Error{Code: borrowing.BarcodeExists}) { // a start that was cut off had come further
			err = d.shelveMissing(ctx, items)
		}
		if err != nil {
			return fmt.Errorf("copies %s to %s: %w", batch[0].Barcode, batch[len(batch)-1].Barcode, err)
		}
	}
	return nil
}

// shelveMissing brings in those of the copies that are not there yet.
func (d demonstrationDesk) shelveMissing(ctx context.Context, items []borrowing.NewItem) error {
	var missing []borrowing.NewItem
	for _, item := range items {
		_, err := d.Item(database.Primary(ctx), item.Barcode)
		if problem.Of(err).Kind == problem.NotFoundKind {
			missing = append(missing, item)
		} else if err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err := d.AddItems(ctx, missing, borrowing.Order{})
	return err
}

func (d demonstrationDesk) Lend(ctx context.Context, l demonstration.Loan) error {
	_, err := d.At(l.OpenedAt).CheckOut(ctx, borrowing.CheckOut{Card: l.Card, Barcode: l.Barcode, Branch: l.Branch}, borrowing.Order{})
	return unlessDone(err, borrowing.AlreadyYours)
}

func (d demonstrationDesk) Hold(ctx context.Context, h demonstration.Hold) error {
	_, err := d.PlaceHold(ctx, borrowing.PlaceHold{Card: h.Card, BookID: h.BookID, PickupBranch: h.PickupBranch}, borrowing.Order{})
	return unlessDone(err, borrowing.HoldExists)
}

// unlessDone forgives a refusal when one of its reasons is that this was done before, by a start that was cut off.
func unlessDone(err error, done string) error {
	refused, is := errors.AsType[*problem.Error](err)
	if is && slices.ContainsFunc(refused.Reasons, func(r problem.Reason) bool { return r.Code == done }) {
		return nil
	}
	return err
}
