package layers

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bookvault/modules/catalog"
)

func someBooks() *rapid.Generator[catalog.Book] {
	return rapid.Custom(func(t *rapid.T) catalog.Book {
		text := rapid.String()
		number := func(name string) *int {
			if rapid.Bool().Draw(t, name+" known") {
				n := rapid.Int().Draw(t, name)
				return &n
			}
			return nil
		}
		list := func(name string) []string {
			l := rapid.SliceOfN(text, 0, 4).Draw(t, name)
			if len(l) == 0 {
				return nil
			}
			return l
		}
		b := catalog.Book{ID: rapid.Int64().Draw(t, "id"), Version: rapid.Int32().Draw(t, "version"), CoverVersion: rapid.Int32().Draw(t, "cover"),
			Title: text.Draw(t, "title"), Subtitle: text.Draw(t, "subtitle"), Language: text.Draw(t, "language"), Publisher: text.Draw(t, "publisher"),
			ISBN13: text.Draw(t, "isbn"), Series: text.Draw(t, "series"), SeriesPosition: text.Draw(t, "place"), Description: text.Draw(t, "about"),
			PublishedYear: number("year"), Pages: number("pages"), Genres: list("genres"), Subjects: list("subjects"),
			CreatedAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "created")).UTC(), UpdatedAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "updated")).UTC()}
		b.Authors = []catalog.Author{}
		for _, name := range list("authors") {
			b.Authors = append(b.Authors, catalog.Author{ID: rapid.Int64().Draw(t, "author"), Name: name})
		}
		return b
	})
}

func TestAPackedTitleIsTheSameAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := someBooks().Draw(t, "book")
		if got, err := pack(&b).unpack(); err != nil || !reflect.DeepEqual(got, b) {
			t.Fatalf("%+v became %+v, %v", b, got, err)
		}
	})
}

// A field that is added to titles must be packed too; Stale alone is not, since what is kept is never stale.
func TestEveryFieldOfATitleIsPacked(t *testing.T) {
	const packed = "ID Version Title Subtitle Authors Genres Subjects Language Publisher PublishedYear ISBN13 Series SeriesPosition Pages Description CoverVersion CreatedAt UpdatedAt"
	for f := range reflect.TypeFor[catalog.Book]().Fields() {
		if f.Name != "Stale" && !strings.Contains(" "+packed+" ", " "+f.Name+" ") {
			t.Errorf("%s is not packed", f.Name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add("")
	f.Add(string(pack(&catalog.Book{ID: 1, Title: "Truyện Kiều", Authors: []catalog.Author{{ID: 2, Name: "Nguyễn Du"}}, Genres: []string{"Poetry"}})))
	f.Fuzz(func(t *testing.T, raw string) {
		b, err := Packed(raw).unpack()
		if err != nil {
			return
		}
		if again, err := pack(&b).unpack(); err != nil || !reflect.DeepEqual(again, b) {
			t.Errorf("%q is read as %+v, and that as %+v, %v", raw, b, again, err)
		}
	})
}
