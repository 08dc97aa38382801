package main

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"bookvault/bench/harness"
)

// Yardsticks run as children of the bench, which is then called again with these in its environment.
const (
	baselineName    = "BENCH_BASELINE"
	baselineAddress = "BENCH_ADDRESS"
	baselineOf      = "BENCH_OF"
)

// baselines are the yardsticks that are programs of ours.
var baselines = map[string]func(of string) (http.Handler, error){"bare": bare, "gin": ginAndPgx}

// baseline starts one.
func (b *readBench) baseline(name, of string) (*harness.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	p, err := harness.Start(b.ctx, b.dir, name, address, []string{baselineName + "=" + name, baselineAddress + "=" + address, baselineOf + "=" + of}, self)
	if err != nil {
		return nil, err
	}
	if err := p.Ready(b.ctx, "/healthz", 20*time.Second); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// runBaseline is what the child does.
func runBaseline(ctx context.Context, name string) error {
	handler, err := baselines[name](os.Getenv(baselineOf))
	if err != nil {
		return err
	}
	// The same time limits as BookVault's own server, which no server should be without: what is compared is what handles requests.
	server := &http.Server{Addr: os.Getenv(baselineAddress), Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 90 * time.Second,
		IdleTimeout: 2 * time.Minute}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bare writes answers that were recorded, and does nothing else.
func bare(file string) (http.Handler, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	answers := map[string]recorded{}
	if err := gob.NewDecoder(f).Decode(&answers); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, there := answers[r.URL.Path]
		if !there {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		for name, values := range answer.Header {
			h[name] = values
		}
		_, _ = w.Write(answer.Body)
	}), nil
}

// plainTitle is a title as the plain program reads and writes it.
type plainTitle struct {
	ID             int64           `json:"id"`
	Version        int32           `json:"version"`
	Title          string          `json:"title"`
	Subtitle       string          `json:"subtitle,omitempty"`
	Authors        json.RawMessage `json:"authors"`
	ISBN13         *string         `json:"isbn13,omitempty"`
	Language       string          `json:"language,omitempty"`
	PublishedYear  *int            `json:"published_year,omitempty"`
	Publisher      string          `json:"publisher,omitempty"`
	Genres         json.RawMessage `json:"genres,omitempty"`
	Subjects       json.RawMessage `json:"subjects,omitempty"`
	Description    string          `json:"description,omitempty"`
	Pages          *int            `json:"pages,omitempty"`
	Series         string          `json:"series,omitempty"`
	SeriesPosition string          `json:"series_position,omitempty"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

// ginAndPgx answers a title as most programs do: gin, one query of pgx on a pool of 16, JSON by gin.
func ginAndPgx(dsn string) (http.Handler, error) {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	c.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/healthz", func(c *gin.Context) { c.Status(http.StatusOK) })
	engine.GET("/api/catalog/v1/books/:id", func(c *gin.Context) {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		var t plainTitle
		err = pool.QueryRow(c.Request.Context(), `SELECT id, version, title, subtitle, authors, isbn13, language, published_year, publisher, genres, subjects, description, pages,
			series, series_position, created_at, updated_at FROM catalog.books WHERE shard = $1 AND id = $2 AND deleted_at IS NULL`, id&1023, id).
			Scan(&t.ID, &t.Version, &t.Title, &t.Subtitle, &t.Authors, &t.ISBN13, &t.Language, &t.PublishedYear, &t.Publisher, &t.Genres, &t.Subjects, &t.Description, &t.Pages,
				&t.Series, &t.SeriesPosition, &t.CreatedAt, &t.UpdatedAt)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			c.Status(http.StatusNotFound)
		case err != nil:
			c.String(http.StatusInternalServerError, err.Error())
		default:
			c.Header("ETag", fmt.Sprintf(`"%d"`, t.Version))
			c.JSON(http.StatusOK, t)
		}
	})
	return engine, nil
}

func cutAddress(address string) (host, port string, err error) { return net.SplitHostPort(address) }

// popular gives the most frequent words of titles.
func (b *readBench) popular() ([]string, error) {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return nil, err
	}
	defer conn.Close(b.ctx)
	rows, err := conn.Query(b.ctx, `SELECT word FROM (SELECT regexp_split_to_table(title_key, ' ') AS word FROM catalog.books TABLESAMPLE SYSTEM (5) LIMIT 20000) w
		WHERE word ~ '^[a-z]{4,}$' GROUP BY word ORDER BY count(*) DESC LIMIT 50`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
