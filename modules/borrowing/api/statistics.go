package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/rest"
)

// StatisticsInput says which figures are wanted. (Embedded, so exported: huma looks at no other.)
type StatisticsInput struct {
	Period string `query:"period" enum:"week,month,year" default:"month" doc:"The last 7, 30 or 365 days."`
	Branch string `query:"branch" maxLength:"32" doc:"Only what this branch lent; genres and titles are always of all branches."`
	Most   int    `query:"most" minimum:"1" maximum:"1000" default:"20" doc:"Genres and titles at most."`
}

func (in StatisticsInput) filter() borrowing.StatisticsFilter {
	return borrowing.StatisticsFilter{Period: borrowing.Period(in.Period), Branch: in.Branch, Most: in.Most}
}

type lentDay struct {
	Day       string `json:"day"`
	CheckOuts int64  `json:"check_outs"`
	CheckIns  int64  `json:"check_ins" doc:"Of copies that were lent at the branch, wherever they came back."`
}

type lentGroup struct {
	Name      string `json:"name"`
	CheckOuts int64  `json:"check_outs"`
	CheckIns  int64  `json:"check_ins"`
}

type lentGenre struct {
	Genre     string `json:"genre"`
	CheckOuts int64  `json:"check_outs"`
}

type borrowedTitle struct {
	Place  int    `json:"place"`
	BookID int64  `json:"book_id"`
	Title  string `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	Loans  int64  `json:"loans"`
}

type overdueCount struct {
	Branch    string `json:"branch"`
	Weeks     string `json:"weeks" enum:"1,2-4,5+" doc:"How long past the due date: up to one week, up to four, longer."`
	Loans     int64  `json:"loans"`
	OldestDue string `json:"oldest_due"`
}

type statisticsBody struct {
	AsOf         time.Time       `json:"as_of" doc:"The figures hold what was so then."`
	Stale        bool            `json:"stale,omitempty" doc:"true: older figures, since newer ones cannot be read just now."`
	From         string          `json:"from"`
	Until        string          `json:"until"`
	Days         []lentDay       `json:"days" nullable:"false" doc:"Days on which something happened."`
	Branches     []lentGroup     `json:"branches" nullable:"false"`
	Categories   []lentGroup     `json:"categories" nullable:"false" doc:"Of members, as they were when they borrowed."`
	Genres       []lentGenre     `json:"genres" nullable:"false" doc:"A loan of a title of several genres counts in each."`
	MostBorrowed []borrowedTitle `json:"most_borrowed" nullable:"false"`
	Overdue      []overdueCount  `json:"overdue" nullable:"false" doc:"Now, whatever the period."`
}

type statisticsOut struct {
	CacheStatus string `header:"Cache-Status"`
	Body        statisticsBody
}

func (o *operations) statistics(ctx context.Context, in *StatisticsInput) (*statisticsOut, error) {
	c, err := o.desk.Circulation(ctx, in.filter())
	if err != nil {
		return nil, err
	}
	b := statisticsBody{AsOf: c.AsOf.UTC(), Stale: c.Stale, From: c.From.String(), Until: c.Until.String()}
	b.Days = each(c.Days, func(d borrowing.DayCount) lentDay { return lentDay{d.Day.String(), d.CheckOuts, d.CheckIns} })
	named := func(n borrowing.NameCount) lentGroup { return lentGroup(n) }
	b.Branches, b.Categories = each(c.Branches, named), each(c.Categories, named)
	b.Genres = each(c.Genres, func(n borrowing.NameCount) lentGenre { return lentGenre{n.Name, n.CheckOuts} })
	b.MostBorrowed = each(c.MostBorrowed, borrowedOf)
	b.Overdue = each(c.Overdue, func(n borrowing.OverdueCount) overdueCount {
		return overdueCount{n.Branch, n.Weeks, n.Loans, n.OldestDue.String()}
	})
	return &statisticsOut{stoodIn(c.Stale), b}, nil
}

// stoodIn is the Cache-Status of figures; "" for those that were just read.
func stoodIn(stale bool) string {
	if stale {
		return rest.StoodIn
	}
	return ""
}

func borrowedOf(t borrowing.BorrowedTitle) borrowedTitle { return borrowedTitle(t) }

// each writes a list of things, never null.
func each[T, B any](things []T, body func(T) B) []B {
	bodies := make([]B, len(things))
	for i, t := range things {
		bodies[i] = body(t)
	}
	return bodies
}

type statisticsFileIn struct {
	StatisticsInput
	Report string `query:"report" enum:"days,branches,categories,genres,most_borrowed,overdue" default:"days"`
}

type statisticsFileOut struct {
	CacheStatus string `header:"Cache-Status"`
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Nosniff     string `header:"X-Content-Type-Options"`
	Body        []byte
}

// statisticsFile is one of the tables as a file for a spreadsheet.
func (o *operations) statisticsFile(ctx context.Context, in *statisticsFileIn) (*statisticsFileOut, error) {
	all, err := o.statistics(ctx, &in.StatisticsInput)
	if err != nil {
		return nil, err
	}
	b := all.Body
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	var rows [][]string
	switch in.Report {
	case "branches", "categories":
		rows = [][]string{{"name", "check_outs", "check_ins"}}
		for _, n := range map[string][]lentGroup{"branches": b.Branches, "categories": b.Categories}[in.Report] {
			rows = append(rows, []string{n.Name, number(n.CheckOuts), number(n.CheckIns)})
		}
	case "genres":
		rows = [][]string{{"genre", "check_outs"}}
		for _, n := range b.Genres {
			rows = append(rows, []string{n.Genre, number(n.CheckOuts)})
		}
	case "most_borrowed":
		rows = [][]string{{"place", "book_id", "title", "loans"}}
		for _, t := range b.MostBorrowed {
			rows = append(rows, []string{strconv.Itoa(t.Place), number(t.BookID), t.Title, number(t.Loans)})
		}
	case "overdue":
		rows = [][]string{{"branch", "weeks", "loans", "oldest_due"}}
		for _, n := range b.Overdue {
			rows = append(rows, []string{n.Branch, n.Weeks, number(n.Loans), n.OldestDue})
		}
	default:
		rows = [][]string{{"day", "check_outs", "check_ins"}}
		for _, d := range b.Days {
			rows = append(rows, []string{d.Day, number(d.CheckOuts), number(d.CheckIns)})
		}
	}
	file := bytes.NewBufferString("\uFEFF") // without it spreadsheets take UTF-8 for something else
	w := csv.NewWriter(file)
	for _, row := range rows {
		for i := range row {
			row[i] = noFormula(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return &statisticsFileOut{CacheStatus: all.CacheStatus, ContentType: "text/csv; charset=utf-8", Nosniff: "nosniff", Body: file.Bytes(),
		Disposition: `attachment; filename="` + in.Report + "-" + b.From + "-" + b.Until + `.csv"`}, w.Error()
}

// noFormula keeps a spreadsheet from taking a title for a formula.
func noFormula(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

type mostBorrowedIn struct {
	Period string `query:"period" enum:"week,month,year,ever" default:"month" doc:"The last 7, 30 or 365 days, or all of it."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"20"`
}

type mostBorrowedOut struct {
	CacheStatus string `header:"Cache-Status"`
	Body        struct {
		AsOf  time.Time       `json:"as_of" doc:"The figures hold what was so then."`
		Stale bool            `json:"stale,omitempty" doc:"true: older figures, since newer ones cannot be read just now."`
		Items []borrowedTitle `json:"items" nullable:"false"`
	}
}

func (o *operations) mostBorrowed(ctx context.Context, in *mostBorrowedIn) (*mostBorrowedOut, error) {
	ranking, err := o.desk.MostBorrowed(ctx, borrowing.Period(in.Period), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &mostBorrowedOut{CacheStatus: stoodIn(ranking.Stale)}
	out.Body.AsOf, out.Body.Stale, out.Body.Items = ranking.AsOf.UTC(), ranking.Stale, each(ranking.Titles, borrowedOf)
	return out, nil
}
