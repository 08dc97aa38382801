package api

import (
	"cmp"
	"context"
	"fmt"

	"bookvault/modules/borrowing"
	"bookvault/platform/rest"
)

type openingBody struct {
	Weekday int    `json:"weekday" minimum:"0" maximum:"6" doc:"0 is Sunday."`
	Opens   string `json:"opens" pattern:"^[0-2][0-9]:[0-5][0-9]$" doc:"As 09:00, in the library's time zone."`
	Closes  string `json:"closes" pattern:"^[0-2][0-9]:[0-5][0-9]$"`
}

type closureBody struct {
	Branch   string `json:"branch,omitempty" maxLength:"32" doc:"Left out: every branch."`
	FirstDay string `json:"first_day" format:"date" maxLength:"10"`
	LastDay  string `json:"last_day" format:"date" maxLength:"10" doc:"It is closed on this day too."`
	Reason   string `json:"reason,omitempty" maxLength:"200" doc:"It explains due dates that moved."`
}

type calendarBody struct {
	PublishedBody
	TimeZone string                   `json:"time_zone" doc:"The library's."`
	Hours    map[string][]openingBody `json:"hours" doc:"By branch. One that is left out is open every day; else it is closed on the weekdays that have no hours."`
	Closures []closureBody            `json:"closures" nullable:"false"`
}

func (o *operations) calendarOf(e borrowing.Edition[borrowing.Calendar]) calendarBody {
	b := calendarBody{PublishedBody: publishedOf(e), TimeZone: o.desk.TimeZone(), Hours: map[string][]openingBody{}, Closures: []closureBody{}}
	for branch, days := range e.Document.Hours {
		for _, d := range days {
			b.Hours[branch] = append(b.Hours[branch], openingBody(d))
		}
	}
	for _, c := range e.Document.Closures {
		b.Closures = append(b.Closures, closureBody{Branch: c.Branch, FirstDay: c.First.String(), LastDay: c.Last.String(), Reason: c.Reason})
	}
	return b
}

// getCalendar is open to everybody: when a library is open is the first thing that it tells.
func (o *operations) getCalendar(ctx context.Context, in *readDocumentIn) (*documentOut[calendarBody], error) {
	e, err := o.desk.CalendarEdition(ctx, 0)
	if err != nil {
		return nil, err
	}
	e.By = ""
	return documentAnswer(e.Version, o.calendarOf(e), in.IfNoneMatch), nil
}

// CalendarDraft is a calendar that somebody sends.
type CalendarDraft struct {
	Hours    map[string][]openingBody `json:"hours,omitempty"`
	Closures []closureBody            `json:"closures,omitempty" maxItems:"5000" nullable:"false"`
}

// calendar reads a draft that stands in a place of the body.
func (b CalendarDraft) calendar(place string) (borrowing.Calendar, error) {
	c := borrowing.Calendar{Hours: map[string][]borrowing.Opening{}}
	for branch, days := range b.Hours {
		for _, d := range days {
			c.Hours[branch] = append(c.Hours[branch], borrowing.Opening(d))
		}
	}
	for i, closure := range b.Closures {
		first, err1 := dateOf(fmt.Sprintf("%s.closures[%d].first_day", place, i), closure.FirstDay)
		last, err2 := dateOf(fmt.Sprintf("%s.closures[%d].last_day", place, i), closure.LastDay)
		if err := cmp.Or(err1, err2); err != nil {
			return c, err
		}
		c.Closures = append(c.Closures, borrowing.Closure{Branch: closure.Branch, First: *first, Last: *last, Reason: closure.Reason})
	}
	return c, nil
}

type putCalendarIn struct {
	rest.Command
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that was edited: its ETag."`
	Body    struct {
		Note string `json:"note,omitempty" maxLength:"500" doc:"Why. It is kept with the version."`
		CalendarDraft
	}
}

func (o *operations) putCalendar(ctx context.Context, in *putCalendarIn) (*documentOut[calendarBody], error) {
	base, err := rest.IfMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	c, err := in.Body.calendar("body")
	if err != nil {
		return nil, err
	}
	body, err := command[borrowing.Edition[borrowing.Calendar], calendarBody]{route: "PUT /calendar", key: in.IdempotencyKey, about: []any{base, in.Body}, status: 200, body: o.calendarOf,
		run: func(order borrowing.Order) (borrowing.Edition[borrowing.Calendar], error) {
			return o.desk.PublishCalendar(ctx, c, int(base), in.Body.Note, order)
		},
	}.do(ctx)
	if err != nil {
		return nil, err
	}
	return documentAnswer(body.Version, body, ""), nil
}

func (o *operations) getCalendarVersion(ctx context.Context, in *oneVersionIn) (*struct{ Body calendarBody }, error) {
	e, err := o.desk.CalendarEdition(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	return &struct{ Body calendarBody }{o.calendarOf(e)}, nil
}
