// Package modules is where the library is put together: Assemble builds the modules from the platform, in order, and
// introduces them to each other. It is the only place in which two modules meet, so reading it shows every layer of every
// request.
//
// Around it, in this package, is what the commands do with the whole: serve.go (the process, step by step), house.go and
// storage.go (settings and PostgreSQL for any command), commands.go (everything but serving). main.go is the room above;
// below are modules/<name> and platform/.
package modules

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/rest"
)

// Foundations are what modules are built on.
type Foundations struct {
	Version  string
	Settings *config.Config
	DB       *database.DB
	Registry prometheus.Registerer // nil where nobody will ask for metrics
	Logger   *slog.Logger
}

// Library is the modules, built and introduced to each other.
type Library struct {
	// Handler answers the API and the pages.
	Handler http.Handler
}

// Assemble builds the library. It starts nothing and asks nothing of the database.
func Assemble(f Foundations) (*Library, error) {
	api := rest.New(rest.Settings{Version: f.Version, MaxBody: int64(f.Settings.Server.MaxBody), Logger: f.Logger})
	return &Library{Handler: api}, nil
}
