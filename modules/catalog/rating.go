package catalog

import (
	"context"
	"time"

	"bookvault/platform/hlc"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// StarsMost is the best rating; the least is 1.
const StarsMost = 5

// Rating is what a member thinks of a title.
type Rating struct {
	BookID   int64    `json:"book"`
	MemberID int64    `json:"member"`
	Stars    int      `json:"stars"` // 1 to 5; 0: none, or taken back
	At       hlc.Time `json:"at"`    // of the write; the newest wins
}

// RatedAt is when it was given; the zero time when there never was one.
func (r Rating) RatedAt() time.Time {
	if r.At.IsZero() {
		return time.Time{}
	}
	return r.At.Wall()
}

// Newer gives of two ratings of a title by the same member the one that was written later, and whether that is the second.
func Newer(have, write Rating) (Rating, bool) {
	same := have.At.IsZero() || have.BookID == write.BookID && have.MemberID == write.MemberID
	if same && write.At.After(have.At) {
		return write, true
	}
	return have, false
}

// RatingTotal is what all members together think of a title.
type RatingTotal struct {
	BookID  int64
	Ratings int64 // how many members rated it
	Stars   int64 // of all together
}

// Average gives the mean of the stars, 0 when nobody rated.
func (t RatingTotal) Average() float64 {
	if t.Ratings == 0 {
		return 0
	}
	return float64(t.Stars) / float64(t.Ratings)
}

// Topics under which changes of ratings are heard of (platform/database, Feed): Rated by the keys of ratings (RatingKey), RatingsChanged by
// the ids of titles.
const (
	Rated          = "rated"
	RatingsChanged = "ratings"
)

// RatingKey gives a number for a member's rating of a title, from which neither can be told. Two ratings share one as good as never, and who
// keeps values by it looks whose they are.
func RatingKey(memberID, bookID int64) int64 {
	return int64(mixed(mixed(uint64(memberID)) + uint64(bookID)))
}

// mixed is the finaliser of SplitMix64: every bit of x changes half of the result's.
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Ratings keeps what members think of titles.
type Ratings interface {
	// Rating reads what a member thinks of a title; Stars is 0 for nothing.
	Rating(ctx context.Context, memberID, bookID int64) (Rating, error)
	// Rate writes a rating, and dates it unless it is dated. behind tells that it is safe, but only on its way to where others read.
	Rate(ctx context.Context, r Rating) (_ Rating, behind bool, err error)
	// RatingsOf reads at most limit ratings that a member gave and did not take back, the newest first, from the one before the given time
	// on; the zero time begins. What is still on its way (see Rate) may be missing.
	RatingsOf(ctx context.Context, memberID int64, before hlc.Time, limit int) ([]Rating, error)
	// RatingTotals reads the sums of titles; those that nobody rated are left out.
	RatingTotals(ctx context.Context, bookIDs []int64) (map[int64]RatingTotal, error)
}

// RatingRows is where ratings live. Of two ratings of a title by one member the one that was written later stays, in whatever order, and
// however often, they come.
type RatingRows interface {
	Ratings
	// WriteRatings writes many in one transaction.
	WriteRatings(ctx context.Context, list []Rating) error
}

// MyRating reads what the caller thinks of a title.
func (s *Service) MyRating(ctx context.Context, bookID int64) (Rating, error) {
	p, _ := identity.FromContext(ctx)
	if _, err := s.stores.Books.Get(ctx, bookID); err != nil {
		return Rating{}, err
	}
	return s.stores.Ratings.Rating(ctx, p.MemberID, bookID)
}

// MyRatings reads at most limit ratings of the caller, the newest first, from the one before the given time on; the zero time begins.
func (s *Service) MyRatings(ctx context.Context, before hlc.Time, limit int) ([]Rating, error) {
	p, _ := identity.FromContext(ctx)
	return s.stores.Ratings.RatingsOf(ctx, p.MemberID, before, limit)
}

// Rate has the caller give a title so many stars, 0: take back what was given. behind tells that it is safe, but only on its way to where
// other processes, and the sums, see it. Problems: book_not_found, invalid_request, and those of the queue.
func (s *Service) Rate(ctx context.Context, bookID int64, stars int) (_ Rating, behind bool, err error) {
	p, _ := identity.FromContext(ctx)
	if stars < 0 || stars > StarsMost {
		return Rating{}, false, problem.InvalidField("body.stars", "must be 1 to %d", StarsMost)
	}
	if _, err := s.stores.Books.Get(ctx, bookID); err != nil {
		return Rating{}, false, err
	}
	return s.stores.Ratings.Rate(ctx, Rating{BookID: bookID, MemberID: p.MemberID, Stars: stars})
}

// RatingTotals reads the sums of titles, in the order asked for; one that nobody rated has zeros.
func (s *Service) RatingTotals(ctx context.Context, bookIDs []int64) ([]RatingTotal, error) {
	found, err := s.stores.Ratings.RatingTotals(ctx, bookIDs)
	if err != nil {
		return nil, err
	}
	totals := make([]RatingTotal, len(bookIDs))
	for i, id := range bookIDs {
		totals[i] = found[id]
		totals[i].BookID = id
	}
	return totals, nil
}

// Departures is the stored side of members who go: what they thought of titles stays in the sums, and is nobody's.
type Departures interface {
	// ForgetReader erases who gave a member's ratings, also of those that are still under way. It can be repeated.
	ForgetReader(ctx context.Context, memberID int64) error
	// MoveReader makes them another member's; of two of one title the newer stays. It can be repeated.
	MoveReader(ctx context.Context, from, into int64) error
}

// ForgetReader forgets a member who is being deleted.
func (s *Service) ForgetReader(ctx context.Context, memberID int64) error {
	return s.stores.Departures.ForgetReader(ctx, memberID)
}

// MoveReader gives what a member did here to another one whom they are being merged into.
func (s *Service) MoveReader(ctx context.Context, from, into int64) error {
	return s.stores.Departures.MoveReader(ctx, from, into)
}
