package catalog

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // decoder
	"net/http"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // decoder

	"bookvault/platform/problem"
)

// CoverSize is one of the sizes that a cover is kept in.
type CoverSize string

// The sizes of covers.
const (
	CoverLarge CoverSize = "large" // for a title's own page
	CoverSmall CoverSize = "small" // for lists
)

// Cover is a picture as it is served: a JPEG made here, never the bytes that somebody uploaded.
type Cover struct {
	Size          CoverSize
	Version       int32 // counts uploads and removals, so that its address can be cached for ever
	ContentType   string
	Width, Height int
	Image         []byte
}

// CoverSettings bound what an upload costs.
type CoverSettings struct {
	MaxBytes    int64 // of the upload
	MaxPixels   int   // of the picture: width times height, known before it is decoded
	LargeWidth  int   // a cover is fitted into width x 1.5 width
	SmallWidth  int
	Quality     int // of JPEG, 1 to 100
	AtOnce      int // how many are decoded at the same time: each takes about 8 bytes a pixel
	MinimumSide int // pixels
}

// DefaultCoverSettings take a photograph from a phone.
var DefaultCoverSettings = CoverSettings{MaxBytes: 10 << 20, MaxPixels: 40_000_000, LargeWidth: 600, SmallWidth: 200, Quality: 85, AtOnce: 2, MinimumSide: 16}

var coverFormats = map[string]bool{"jpeg": true, "png": true, "webp": true}

// Cover reads a title's cover.
func (s *Service) Cover(ctx context.Context, bookID int64, size CoverSize) (Cover, error) {
	return s.stores.Covers.Cover(ctx, bookID, size)
}

// SetCover takes an uploaded JPEG, PNG or WebP, makes its sizes anew and keeps them. It gives the cover's version.
func (s *Service) SetCover(ctx context.Context, bookID int64, upload []byte) (int32, error) {
	if _, err := s.stores.Books.Get(ctx, bookID); err != nil {
		return 0, err
	}
	select {
	case s.decoders <- struct{}{}:
		defer func() { <-s.decoders }()
	case <-ctx.Done():
		return 0, fmt.Errorf("wait to read a cover: %w", ctx.Err())
	}
	covers, err := s.settings.Cover.sizes(upload)
	if err != nil {
		return 0, err
	}
	return s.stores.Covers.SetCover(ctx, bookID, covers)
}

// RemoveCover takes a title's cover away.
func (s *Service) RemoveCover(ctx context.Context, bookID int64) error {
	if _, err := s.stores.Books.Get(ctx, bookID); err != nil {
		return err
	}
	return s.stores.Covers.RemoveCover(ctx, bookID)
}

// sizes decodes an upload and makes both sizes. Its measures are read first, so that a small file that claims a huge picture
// is refused before anything is decoded.
func (c CoverSettings) sizes(upload []byte) ([]Cover, error) {
	if int64(len(upload)) > c.MaxBytes {
		return nil, problem.New(problem.TooLarge, "cover_too_large", "A cover may be at most %d bytes.", c.MaxBytes)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(upload))
	if err != nil || !coverFormats[format] {
		return nil, problem.New(problem.UnsupportedMedia, "cover_format", "A cover is a JPEG, PNG or WebP picture; this is %s.", http.DetectContentType(upload))
	}
	if config.Width < c.MinimumSide || config.Height < c.MinimumSide || config.Width > c.MaxPixels/config.Height {
		return nil, problem.InvalidField("body", "a picture of %d x %d pixels: a cover has at least %d on each side and at most %d in all",
			config.Width, config.Height, c.MinimumSide, c.MaxPixels)
	}
	picture, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return nil, problem.InvalidField("body", "the picture is damaged or cut short").Because(err)
	}
	if format == "jpeg" {
		picture = upright(picture, orientationOf(upload))
	}
	large := fit(picture, c.LargeWidth, draw.CatmullRom)
	small := fit(large, c.SmallWidth, draw.CatmullRom)
	var out []Cover
	for size, img := range map[CoverSize]*image.RGBA{CoverLarge: large, CoverSmall: small} {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: c.Quality}); err != nil {
			return nil, fmt.Errorf("encode the %s cover: %w", size, err)
		}
		out = append(out, Cover{Size: size, ContentType: "image/jpeg", Width: img.Rect.Dx(), Height: img.Rect.Dy(), Image: b.Bytes()})
	}
	return out, nil
}

// fit scales a picture into width x 1.5 width, never up, on white where it is transparent.
func fit(src image.Image, width int, scaler draw.Scaler) *image.RGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if most := width * 3 / 2; w > width || h > most {
		if w*most > h*width {
			w, h = width, max(1, h*width/w)
		} else {
			w, h = max(1, w*most/h), most
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	scaler.Scale(out, out.Rect, src, b, draw.Over, nil)
	return out
}
