package borrowing

import (
	"context"
	"time"
)

// Pull is a copy to be fetched from its shelf: for a hold, to be checked in, or for a loan made on the web, to be handed over.
type Pull struct {
	Fetch
	HoldID       int64 // one of both
	PickupBranch string
	Title        string
	Slip         string // the end of the member's card
	Since        time.Time
}

// Fetch is a copy that lies on its shelf, and who is to have it.
type Fetch struct {
	Item     Item
	MemberID int64
	LoanID   int64 // of a loan made on the web; 0 for a hold
	OpenedAt time.Time
}

// Queue is who waits for a title, by place, and which copies of it are available.
type Queue struct {
	BookID int64
	Holds  []Hold
	Copies []Item
}

// PullPlace is where a part of the pull list ends: among the loans, or the titles, at a hold in the queue of one.
type PullPlace struct {
	LoanID int64 `json:"l,omitempty"`
	Holds  bool  `json:"h,omitempty"` // past the loans
	BookID int64 `json:"b,omitempty"`
	Place  int64 `json:"p,omitempty"` // of the last hold given of that title
}

// queuesAtOnce is how many titles are read at a time at least to find what a branch has to pull.
const queuesAtOnce = 50

// PullList lists what a branch has to fetch from its shelves: first the loans made on the web that nobody has handed over, then the
// available copies for those who wait, first come, first served; each hold and each copy once. Holds of members who are suspended,
// blocked or expired are skipped. It is paired anew at each read, so that a copy that was marked missing is replaced by another. It
// gives at most limit after a place, and the place for the rest; nil: there is no more.
func (s *Service) PullList(ctx context.Context, branch string, after PullPlace, limit int) ([]Pull, *PullPlace, error) {
	branch, err := s.deskList(ctx, branch)
	if err != nil {
		return nil, nil, err
	}
	list, places := []Pull{}, []PullPlace{}
	if !after.Holds {
		loans, err := s.store.Uncollected(ctx, ListFilter{Branch: branch, After: after.LoanID, Limit: limit + 1})
		if err != nil {
			return nil, nil, err
		}
		for _, l := range loans {
			list, places = append(list, Pull{Fetch: l, PickupBranch: branch, Since: l.OpenedAt}), append(places, PullPlace{LoanID: l.LoanID})
		}
		after = PullPlace{Holds: true}
	}
	atOnce := max(limit, queuesAtOnce)
	for more := true; more && len(list) <= limit; {
		// A title that the last part ended in is read again from its beginning, so that its holds are paired with the same copies.
		from := after.BookID
		if after.Place > 0 {
			from--
		}
		queues, err := s.store.Queues(ctx, ListFilter{Branch: branch, After: from, Limit: atOnce})
		if err != nil {
			return nil, nil, err
		}
		for _, q := range queues {
			for _, p := range s.pairs(q) {
				if p.Item.CurrentBranch != branch || q.BookID == after.BookID && p.place <= after.Place {
					continue
				}
				list, places = append(list, p.Pull), append(places, PullPlace{Holds: true, BookID: q.BookID, Place: p.place})
			}
		}
		if more = len(queues) == atOnce; more {
			after = PullPlace{Holds: true, BookID: queues[len(queues)-1].BookID}
		}
	}
	var rest *PullPlace
	if len(list) > limit {
		list, rest = list[:limit], &places[limit-1]
	}
	s.wordPulls(ctx, list)
	return list, rest, nil
}

// placed is a pull with the place of its hold in the queue.
type placed struct {
	Pull
	place int64
}

// pairs gives those who wait for a title and may be served today the copies of it.
func (s *Service) pairs(q Queue) (pulls []placed) {
	today := s.Today(s.now())
	var waiting []*Hold
	for i := range q.Holds {
		if q.Holds[i].eligible(today) {
			waiting = append(waiting, &q.Holds[i])
		}
	}
	items, free := map[int64]Item{}, make([]Free, len(q.Copies))
	for i, it := range q.Copies {
		items[it.ID], free[i] = it, Free{ItemID: it.ID, BookID: it.BookID, Part: it.Part, Branch: it.CurrentBranch}
	}
	for _, p := range pairUp(waiting, free) {
		pulls = append(pulls, placed{place: p.Hold.Place, Pull: Pull{Fetch: Fetch{Item: items[p.Copy.ItemID], MemberID: p.Hold.MemberID},
			HoldID: p.Hold.ID, PickupBranch: p.Hold.PickupBranch, Since: p.Hold.PlacedAt}})
	}
	return pulls
}

// wordPulls adds what the catalogue and the members module know. Neighbours that are ill cost the words only.
func (s *Service) wordPulls(ctx context.Context, list []Pull) {
	var members, books []int64
	for _, p := range list {
		members, books = append(members, p.MemberID), append(books, p.Item.BookID)
	}
	cards, texts := s.cards(ctx, members...), s.titleTexts(ctx, books...)
	for i := range list {
		list[i].Title, list[i].Slip = texts[list[i].Item.BookID], CardAlias(cards[list[i].MemberID])
	}
}
