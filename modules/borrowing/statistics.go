package borrowing

import (
	"context"
	"time"
)

// Period is a span of time up to now that figures are reckoned over.
type Period string

// The periods: the last 7, 30 and 365 days, and all of it.
const (
	Week  Period = "week"
	Month Period = "month"
	Year  Period = "year"
	Ever  Period = "ever"
)

// Days gives the days of a period; 0 for all of it.
func (p Period) Days() int { return map[Period]int{Week: 7, Month: 30, Year: 365}[p] }

// DayCount is what one day brought.
type DayCount struct {
	Day       Date
	CheckOuts int64
	CheckIns  int64 // of copies that were lent at the branch, wherever they came back
}

// NameCount is what fell to a branch, a category or a genre.
type NameCount struct {
	Name      string
	CheckOuts int64
	CheckIns  int64 // not known by genre: 0
}

// BorrowedTitle is a title by how often it was borrowed.
type BorrowedTitle struct {
	Place  int
	BookID int64
	Title  string // "" while the catalogue does not answer
	Loans  int64
}

// OverdueCount is loans of a branch that are past their due date.
type OverdueCount struct {
	Branch    string
	Weeks     string // 1, 2-4 or 5+
	Loans     int64
	OldestDue Date
}

// StatisticsFilter says which figures are wanted.
type StatisticsFilter struct {
	Period Period // Week, Month or Year
	Branch string // that lent; "": all. It does not part genres and titles
	Today  Date   // set by the Service
	Most   int    // genres and titles at most
}

// Circulation is what was lent and came back in a period. What was undone as a mistake does not count.
type Circulation struct {
	AsOf         time.Time // of the oldest of its figures
	Stale        bool      // older figures, since the desk's books cannot be read just now
	From, Until  Date
	Days         []DayCount  // each day on which something happened
	Branches     []NameCount // most check-outs first, and so on
	Categories   []NameCount // of members, as they were when they borrowed; "" for loans from before that was noted
	Genres       []NameCount // a loan of a title of several counts in each
	MostBorrowed []BorrowedTitle
	Overdue      []OverdueCount
}

// Ranking is titles by how often they were borrowed.
type Ranking struct {
	AsOf   time.Time
	Stale  bool // an older one, since the desk's books cannot be read just now
	Titles []BorrowedTitle
}

// Statistics reckons figures of the desk, or keeps them ready. They name no member.
type Statistics interface {
	Circulation(ctx context.Context, f StatisticsFilter) (Circulation, error)
	// MostBorrowed lists titles by their loans in a period, at most 1000 of them.
	MostBorrowed(ctx context.Context, p Period, limit int) (Ranking, error)
}

// Circulation gives the figures of a period, with what the titles are called.
func (s *Service) Circulation(ctx context.Context, f StatisticsFilter) (Circulation, error) {
	f.Today = s.Today(s.now())
	c, err := s.store.Circulation(ctx, f)
	if err != nil {
		return c, err
	}
	c.From, c.Until = f.Today-Date(f.Period.Days())+1, f.Today
	s.nameTitles(ctx, c.MostBorrowed)
	return c, nil
}

// MostBorrowed lists titles by their loans in a period, with what they are called.
func (s *Service) MostBorrowed(ctx context.Context, p Period, limit int) (Ranking, error) {
	r, err := s.store.MostBorrowed(ctx, p, limit)
	if err == nil {
		s.nameTitles(ctx, r.Titles)
	}
	return r, err
}

func (s *Service) nameTitles(ctx context.Context, titles []BorrowedTitle) {
	ids := make([]int64, len(titles))
	for i, t := range titles {
		ids[i] = t.BookID
	}
	texts := s.titleTexts(ctx, ids...)
	for i := range titles {
		titles[i].Title = texts[titles[i].BookID]
	}
}
