package database

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// How many connections there are is derived, where nobody says, from this machine's cores and from what the server lets in. More than a
// few a core only queue inside PostgreSQL instead of here; and the server has others to serve: a second process of ours while one is
// replaced by the next, the migrations, whoever looks at it by hand.
const (
	mainPerCore       = 8
	searchPerCore     = 4
	backgroundDefault = 4
	shareOfServer     = 0.4
)

// Sizes are the connections of each role, and what they were derived from.
type Sizes struct {
	Main, Replica, Search, Background int32
	Cores                             int
	ServerLimit                       int // the server's max_connections, less those kept for its superuser
}

// String says them in a line.
func (s Sizes) String() string {
	return fmt.Sprintf("connections at most: %d to the primary, %d to each replica, %d to each for searches, %d for background work (%d cores here; the server lets %d in)",
		s.Main, s.Replica, s.Search, s.Background, s.Cores, s.ServerLimit)
}

// Sizes gives those in force.
func (db *DB) Sizes() Sizes { return db.settings.sizes }

// sized asks the server how many connections it lets in, and derives those that were not said.
func (s Settings) sized(ctx context.Context) (Settings, error) {
	limit, err := s.serverLimit(ctx)
	if err != nil {
		return s, err
	}
	s.sizes = derive(Sizes{Main: s.MaxConns, Replica: s.ReplicaMaxConns, Search: s.SearchMaxConns, Background: s.BackgroundMaxConns}, runtime.NumCPU(), limit)
	s.MaxConns, s.ReplicaMaxConns, s.SearchMaxConns, s.BackgroundMaxConns = s.sizes.Main, s.sizes.Replica, s.sizes.Search, s.sizes.Background
	return s, nil
}

// derive fills in the sizes that are 0.
func derive(said Sizes, cores, limit int) Sizes {
	share := func(perCore, least, most int) int32 { return int32(min(max(perCore*cores, least), most)) }
	main, search := share(mainPerCore, 10, 64), share(searchPerCore, 4, 32)
	if fits := int32(shareOfServer*float64(limit)) - backgroundDefault; limit > 0 && main+search > fits {
		search = max(1, fits/3)
		main = max(2, fits-search)
	}
	s := Sizes{Main: cmp.Or(said.Main, main), Search: cmp.Or(said.Search, search), Background: cmp.Or(said.Background, backgroundDefault), Cores: cores, ServerLimit: limit}
	s.Replica = cmp.Or(said.Replica, s.Main)
	return s
}

// serverLimit asks the primary, which must answer.
func (s Settings) serverLimit(ctx context.Context) (int, error) {
	c, err := pgx.ParseConfig(s.Primary)
	if err != nil {
		return 0, fmt.Errorf("database.primary: reading the address of a database: %w", err)
	}
	primaryOnly.validate(c)
	s.configure(c, nil)
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("database.primary does not answer: %w", err)
	}
	defer func() {
		bye, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(bye) // it has said what it was asked
	}()
	var limit, standbys string
	if err := conn.QueryRow(ctx, `SELECT (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int)::text,
		current_setting('synchronous_standby_names')`).Scan(&limit, &standbys); err != nil {
		return 0, fmt.Errorf("ask database.primary for its limits: %w", err)
	}
	if s.Synchronous && standbys == "" {
		return 0, ErrNotSynchronous
	}
	return strconv.Atoi(limit)
}
