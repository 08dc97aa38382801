package modules

import (
	"context"
	"strings"
	"time"

	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/housekeeping"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// Figures that are kept ready (pattern 13): one process of all that work on the database refreshes them, each by itself, and
// GET /api/ops/v1/figures tells how old each is and why the last try failed.

const (
	// figuresLook is how often it is looked whether any are due. A look is one short query.
	figuresLook = 5 * time.Second
	// figuresRest is for how long a view is left alone whose refresh failed.
	figuresRest = time.Minute
)

// figureViews are the views of the figures: one step of housekeeping each, so that one that fails leaves the others alone.
var figureViews = []string{"catalog.book_statistics", "catalog.author_pages", "borrowing.most_borrowed", "borrowing.daily_circulation", "borrowing.overdue",
	"reports.popularity", "reports.genre_circulation", "catalog.word_counts"}

// figureKeeper makes the keeper that refreshes them.
func figureKeeper(f Foundations) *housekeeping.Keeper {
	steps := make([]housekeeping.Step, len(figureViews))
	for i, view := range figureViews {
		steps[i] = housekeeping.Step{Name: view, Run: func(ctx context.Context) (int, error) { return refreshDue(ctx, f.DB, view, f.Settings.Statistics) }}
	}
	return housekeeping.New(housekeepingLock(f.DB, "figures"), inBackground(steps), housekeeping.Settings{Name: "figures", Every: figuresLook, Logger: f.Logger})
}

// refreshDue refreshes a view if it is due, and says how many it refreshed.
func refreshDue(ctx context.Context, db *database.DB, name string, s config.Statistics) (int, error) {
	if !db.UsesViews() {
		return 0, nil // nobody here reads them
	}
	views, err := db.Views(ctx)
	if err != nil {
		return 0, err
	}
	for _, v := range views {
		if v.Name == name && v.Due(time.Now(), s.RefreshEvery, figuresRest) {
			return 1, db.RefreshView(ctx, name, s.RefreshTimeout)
		}
	}
	return 0, nil
}

// RefreshFigures refreshes all of them now, for commands and tests.
func (l *Library) RefreshFigures(ctx context.Context) error {
	for _, view := range figureViews {
		if err := l.db.RefreshView(ctx, view, l.refreshTimeout); err != nil {
			return err
		}
	}
	return nil
}

type figureBody struct {
	Name     string     `json:"name" doc:"Of the materialized view."`
	AsOf     *time.Time `json:"as_of" doc:"It holds what was so then; null when it was never refreshed, and figures are reckoned for each answer."`
	Took     int64      `json:"took_ms" doc:"Milliseconds of the last refresh that succeeded."`
	FailedAt *time.Time `json:"failed_at" doc:"When the last refresh failed; null when it did not."`
	Failure  string     `json:"failure,omitempty" doc:"Why."`
}

type figuresOut struct{ Body rest.Page[figureBody] }

// registerFigures adds the route that tells how the figures stand.
func registerFigures(api *rest.API, db *database.DB) {
	rest.Register(api, rest.Route{Method: "GET", Path: "/api/ops/v1/figures", ID: "list-figures", Tag: "operations", Who: identity.Administrator,
		Summary: "The figures that are kept ready, and how old they are", Detail: "Of the database: all processes read the same."},
		func(ctx context.Context, _ *struct{}) (*figuresOut, error) {
			views, err := db.Views(ctx)
			if err != nil {
				return nil, err
			}
			out := &figuresOut{Body: rest.Page[figureBody]{Items: []figureBody{}}}
			for _, v := range views {
				b := figureBody{Name: v.Name, Took: v.Took.Milliseconds(), Failure: strings.TrimSpace(v.Failure)}
				if !v.AsOf.IsZero() {
					b.AsOf = &v.AsOf
				}
				if !v.FailedAt.IsZero() {
					b.FailedAt = &v.FailedAt
				}
				out.Body.Items = append(out.Body.Items, b)
			}
			return out, nil
		})
}
