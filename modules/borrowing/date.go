package borrowing

import (
	"fmt"
	"strconv"
	"time"
)

// Date is a day of the calendar without a time or a zone, counted in days since 1970-01-01.
type Date int32

// The days that a library may speak of.
const (
	minYear = 1900
	maxYear = 2999
)

// NewDate makes a date of its parts; out-of-range days and months roll over, as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), 86400))
}

// DateOf is the date at an instant in a time zone.
func DateOf(at time.Time, in *time.Location) Date {
	y, m, d := at.In(in).Date()
	return NewDate(y, m, d)
}

// ParseDate reads 2026-09-05. Years before 1900 and after 2999 are refused: they are mistakes.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("not a date like 2026-09-05")
	}
	if y := t.Year(); y < minYear || y > maxYear {
		return 0, fmt.Errorf("the year must be between %d and %d", minYear, maxYear)
	}
	return DateOf(t, time.UTC), nil
}

// Midnight is the date's first instant in UTC: how drivers and forms take a date.
func (d Date) Midnight() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Weekday of the date.
func (d Date) Weekday() time.Weekday { return d.Midnight().Weekday() }

// String gives 2026-09-05.
func (d Date) String() string { return d.Midnight().Format(time.DateOnly) }

// MarshalText writes 2026-09-05, also in JSON.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2026-09-05.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// EndOfDay is the last second that has the local date d, and false when no instant has it (Samoa left out 2011-12-30).
//
// It walks the zone's changes instead of adding hours, since midnights are missing or come twice where clocks change at
// midnight: in America/Santiago 2026-09-05 ends at 03:59:59Z of the next day, because the next local second is 01:00.
func (d Date) EndOfDay(in *time.Location) (time.Time, bool) {
	from, until := d.Midnight(), (d + 1).Midnight() // the day, as seconds of a clock that shows local time
	at := until.Add(26 * time.Hour)                 // later than the day anywhere on earth
	for at.After(from.Add(-26 * time.Hour)) {
		_, offset := at.In(in).Zone()
		start, end := at.In(in).ZoneBounds()
		shift := time.Duration(offset) * time.Second
		first, past := from.Add(-shift), until.Add(-shift) // the day in this stretch of the zone
		if !start.IsZero() && start.After(first) {
			first = start
		}
		if !end.IsZero() && end.Before(past) {
			past = end
		}
		if first.Before(past) {
			return past.Add(-time.Second).UTC(), true
		}
		if start.IsZero() {
			break
		}
		at = start.Add(-time.Second)
	}
	return time.Time{}, false
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }
