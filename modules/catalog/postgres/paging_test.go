package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"bookvault/modules/catalog"
)

// Whatever the order, a walk through all pages shows every title that was there from the first page to the last exactly once,
// while others add, change and delete titles.
func TestPagesHaveNoGapAndNoRepeatWhileOthersWrite(t *testing.T) {
	for _, order := range []catalog.Sort{catalog.ByRelevance, catalog.ByTitle, catalog.ByTitleDesc, catalog.Newest, catalog.Oldest} {
		t.Run(string(order), func(t *testing.T) {
			// Few candidates, so that a ranked walk goes through all its phases.
			s, _ := newService(t, func(c *catalog.Settings) { c.Search.Candidates = 20 })
			before := fill(t, s, many(60))
			stays := map[int64]bool{}
			for i, b := range before {
				stays[b.ID] = i%7 != 3 // every seventh is deleted on the way
			}

			ctx, stop := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			writers.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					_, err := s.Create(ctx, book(fmt.Sprintf("Common ground %d, added", i), "en", 2000, "Novel", "A Late Author"))
					if err == nil && i < len(before) && i%7 == 3 {
						err = s.Delete(ctx, before[i].ID, 0)
					}
					if err != nil && ctx.Err() == nil {
						t.Errorf("write: %v", err)
						return
					}
				}
			})

			seen := map[int64]int{}
			query, _ := catalog.ParseQuery("common", catalog.DefaultQueryLimits)
			c := catalog.Criteria{Query: query, Sort: order, Limit: 7, Reader: "vi"}
			for pages := 0; ; pages++ {
				page, err := s.Search(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range page.Books {
					seen[b.ID]++
				}
				if page.Next == nil {
					break
				}
				if pages > 25 { // newest first outruns no writer; oldest first may be chased by one
					stop()
				}
				c.After = page.Next
			}
			stop()
			writers.Wait()
			for _, b := range before {
				if stays[b.ID] && seen[b.ID] != 1 {
					t.Errorf("%q was shown %d times", b.Title, seen[b.ID])
				}
			}
			for id, times := range seen {
				if times > 1 {
					t.Errorf("title %d was shown %d times", id, times)
				}
			}
		})
	}
}

// many makes titles that all hold the word common: at the beginning, in the middle, in the author's name, in the genre.
func many(n int) []catalog.Book {
	books := make([]catalog.Book, n)
	for i := range books {
		switch i % 4 {
		case 0:
			books[i] = book(fmt.Sprintf("Common sense %d", i/8), "en", 1900+i, "Essays", "Thomas Paine")
		case 1:
			books[i] = book(fmt.Sprintf("A house in common %d", i), "en", 1900+i, "Novel", "Somebody")
		case 2:
			books[i] = book(fmt.Sprintf("Of other things %d", i), "vi", 1900+i, "Novel", "John Common")
		default:
			books[i] = book(fmt.Sprintf("Of other things %d", i), "en", 1900+i, "Common law", "Somebody")
		}
	}
	return books
}

// Under the ranked titles lie the rest; the beginnings of titles come first even from among the oldest.
func TestABroadSearchIsRankedThenGoesOn(t *testing.T) {
	s, _ := newService(t, func(c *catalog.Settings) { c.Search.Candidates = 20 })
	books := fill(t, s, many(60))
	var all []string
	c := catalog.Criteria{Sort: catalog.ByRelevance, Limit: 11}
	c.Query, _ = catalog.ParseQuery("common", catalog.DefaultQueryLimits)
	for {
		page, err := s.Search(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != (catalog.Total{Value: 20, Relation: "gte"}) {
			t.Errorf("total %+v", page.Total)
		}
		all = append(all, titles(page)...)
		if page.Next == nil {
			break
		}
		c.After = page.Next
	}
	if len(all) != len(books) {
		t.Fatalf("%d of %d titles", len(all), len(books))
	}
	for i, title := range all[:15] {
		if want := fmt.Sprintf("Common sense %d", []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7}[i]); title != want {
			t.Errorf("%d is %q, want %q", i, title, want)
		}
	}
	if all[15] != "A house in common 57" {
		t.Errorf("after the beginnings comes %q, want the newest with the word in its title", all[15])
	}
}
