package modules

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/migrations"
	"bookvault/modules/demonstration"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/embedded"
	"bookvault/platform/gateway"
	"bookvault/platform/lifecycle"
	"bookvault/platform/memory"
	"bookvault/platform/telemetry"
)

// closingTime is the part of server.shutdown_timeout that is kept for closing connections and stopping PostgreSQL.
const closingTime = 2 * time.Second

// server is one run of the serving process. Its fields are filled by the steps below, in their order.
type server struct {
	version  string
	settings *config.Config
	log      *slog.Logger
	logs     *telemetry.Logs
	registry *prometheus.Registry
	health   *telemetry.Health

	web     *gateway.Server
	storage storage
	db      *database.DB
	library *Library
	metrics *telemetry.MetricsServer
	signIns []demonstration.SignIn
}

// Serve runs the library until ctx ends: it starts everything in order, says on Err how long each step took and where the
// library is, and stops everything in reverse within server.shutdown_timeout.
func (h *House) Serve(ctx context.Context) error {
	settings, err := h.settings()
	if err != nil {
		return err
	}
	defer memory.Roomy(int64(settings.Server.Heap))()
	begin := time.Now()
	logs := openLogs(h.Out, settings.Telemetry)
	defer logs.Close()
	log := logs.Logger
	defer closeTraces(h.Version, settings.Telemetry.Traces, log)()
	s := &server{version: h.Version, settings: settings, log: log, logs: logs, registry: telemetry.NewRegistry(h.Version), health: telemetry.NewHealth(log)}
	banner := newBanner(h.Err)
	banner.title(h.Version)
	steps := s.steps(banner)
	if err := steps.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C while starting: everything is down again, as was asked
		}
		return err
	}
	banner.ready(s, time.Since(begin))

	<-ctx.Done()
	banner.stopping()
	s.health.Stopping()
	closing := time.Now()
	within, cancel := context.WithTimeout(h.Hurry, settings.Server.ShutdownTimeout)
	defer cancel()
	err = steps.Stop(within)
	banner.stopped(time.Since(closing))
	return err
}

// steps lists what is started, from the first to the last; it is stopped the other way round. The address comes first, so
// that a busy port is known before PostgreSQL is woken; requests are answered last, when all is there.
func (s *server) steps(banner *banner) *lifecycle.Stack {
	stack := lifecycle.New(banner.step)
	closing := closingTime / 2
	stack.Add(lifecycle.Step{Name: "address", Start: s.takeAddress, Stop: func(ctx context.Context) error { return s.web.Stop(ctx) }})
	stack.Add(lifecycle.Step{Name: "PostgreSQL", Start: s.startStorage, Stop: func(ctx context.Context) error { return s.storage.stop(ctx) }, StartWithin: 2 * time.Minute})
	stack.Add(lifecycle.Step{Name: "schema", Start: s.migrate, StartWithin: 10 * time.Minute})
	stack.Add(lifecycle.Step{Name: "database", Start: s.openDatabase, Stop: s.closeDatabase, StartWithin: 30 * time.Second, StopWithin: closing})
	stack.Add(lifecycle.Step{Name: "library", Start: s.assemble, Stop: func(ctx context.Context) error { return s.library.Stop(ctx) }, StopWithin: closing})
	stack.Add(lifecycle.Step{Name: "demonstration", Start: s.loadDemonstration, StartWithin: 5 * time.Minute})
	stack.Add(lifecycle.Step{Name: "metrics", Start: s.serveMetrics, Stop: func(ctx context.Context) error { return s.metrics.Stop(ctx) }, StopWithin: closing})
	stack.Add(lifecycle.Step{Name: "requests", Start: s.answer, Stop: s.stopAnswering,
		StopWithin: s.settings.Server.ShutdownTimeout - closingTime})
	return stack
}

func (s *server) takeAddress(context.Context) (string, error) {
	c := s.settings.Server
	web, err := gateway.Listen(c.Address, gateway.ServerSettings{
		HeaderTimeout: c.HeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, IdleTimeout: c.IdleTimeout,
		MaxHeader: int(c.MaxHeader), MaxConnections: c.MaxConnections, Logger: s.log,
		TLS: gateway.TLSSettings{Certificate: c.TLS.Certificate, Key: c.TLS.Key, Hosts: c.TLS.ACMEHosts, Email: c.TLS.ACMEEmail, Directory: c.TLS.ACMEDirectory,
			Folder: filepath.Join(s.settings.Database.Embedded.Data, "acme")},
		MaxPerAddress: c.MaxConnectionsPerAddress, Unlimited: networks(slices.Concat(c.TrustedProxies, s.settings.RateLimit.Exempt)),
	})
	if err != nil && c.TLS.On() && !isAddressError(err) {
		return "", &config.Error{Key: "server.tls.certificate", Value: c.TLS.Certificate, Problem: "cannot be used: " + err.Error(), Mend: "name the certificate's and the key's PEM files, which this user may read"}
	}
	if err != nil {
		return "", s.explainAddress(err)
	}
	s.web = web
	return web.Address(), nil
}

// isAddressError tells a failure to listen from one of the certificate.
func isAddressError(err error) bool {
	_, of := errors.AsType[*net.OpError](err)
	return of
}

// explainAddress words why the address cannot be listened on; most often BookVault runs already.
func (s *server) explainAddress(err error) error {
	refused := &config.Error{Key: "server.address", Value: s.settings.Server.Address, Problem: "cannot be listened on: " + err.Error(),
		Mend: "give another one (--address, " + config.EnvName("server.address") + ")"}
	if errors.Is(err, syscall.EADDRINUSE) {
		refused.Problem = "is in use by another program"
		if state, running := embedded.Running(privateFolder(s.settings)); running && s.settings.Database.Private() {
			refused.Problem = fmt.Sprintf("is in use, and BookVault runs on this data folder already, as process %d", state.PID)
			if state.Address != "" {
				refused.Problem += " at http://" + state.Address
			}
		}
		refused.Mend = "stop that one, or give another address: --address 127.0.0.1:8081 or " + config.EnvName("server.address")
	}
	return refused
}

func (s *server) startStorage(ctx context.Context) (note string, err error) {
	s.storage, err = startStorage(ctx, s.settings, s.log)
	return s.storage.note, err
}

func (s *server) migrate(ctx context.Context) (string, error) {
	applied, err := database.Migrate(ctx, s.storage.direct, migrations.FS)
	if err != nil {
		return "", s.storage.explain(s.settings, err)
	}
	if len(applied) == 0 {
		return "up to date", nil
	}
	return fmt.Sprintf("%d migrations applied, now at %s", len(applied), applied[len(applied)-1].Name), nil
}

func (s *server) openDatabase(ctx context.Context) (note string, err error) {
	if s.db, err = s.storage.open(ctx, s.settings, s.log); err != nil {
		return "", err
	}
	s.registry.MustRegister(s.db)
	s.health.Add("database", true, s.primaryHealth)
	for i := range s.storage.replicas {
		s.health.Add(fmt.Sprintf("replica-%d", i+1), false, s.replicaHealth(i+1))
	}
	return fmt.Sprintf("a primary, %d to read from beside it; %s", len(s.storage.replicas), s.db.Sizes()), nil
}

// closeDatabase waits for connections in use, but not longer than it may: the end of PostgreSQL, or of this process, ends them.
func (s *server) closeDatabase(ctx context.Context) error {
	closed := make(chan struct{})
	go func() {
		s.db.Close()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return errors.New("connections to the database were still in use")
	}
}

func (s *server) assemble(ctx context.Context) (note string, err error) {
	f := Foundations{Version: s.version, Settings: s.settings, DB: s.db, Registry: s.registry, Logger: s.log, LogLevel: s.logs.Level}
	telemetry.CountLeftOut(s.registry, s.logs)
	if err := f.openWays(); err != nil {
		return "", err
	}
	if s.library, err = Assemble(f); err != nil {
		return "", err
	}
	s.health.Add("housekeeping", false, s.library.Housekeeping.Health)
	s.health.Add("figures", false, s.library.Figures.Health)
	s.health.Add("queue", false, s.library.Behind.Health)
	if s.library.Remote != nil {
		s.health.Add("remote-cache", false, s.library.Remote.Health)
	}
	for _, dependency := range s.library.policies.stacks {
		if dependency.Breaker() != nil {
			s.health.Add("breaker "+dependency.Name(), false, breakerHealth(dependency))
		}
	}
	return "", s.library.Start(ctx)
}

// serveMetrics opens the metrics' own address. Without it the library works as well, so a busy one is said and not refused.
func (s *server) serveMetrics(context.Context) (note string, err error) {
	address := s.settings.Telemetry.MetricsAddress
	if address == "" {
		return "off", nil
	}
	if s.metrics, err = telemetry.ServeMetrics(address, s.registry); err != nil {
		s.log.Warn("no metrics are served: telemetry.metrics_address cannot be listened on", "address", address, "error", err)
		return "off: " + address + " is in use; give another telemetry.metrics_address", nil
	}
	return "http://" + s.metrics.Address() + "/metrics", nil
}

// answer opens the door: everything behind it is there.
func (s *server) answer(context.Context) (string, error) {
	s.health.Serving()
	handler := s.handler()
	s.web.Serve(handler, s.library.ready(s.settings.GatewayCache))
	s.registry.MustRegister(s.web)
	if s.storage.cluster == nil {
		return "", nil
	}
	return "", s.storage.cluster.Announce(s.web.Address())
}

// stopAnswering waits for requests that are under way. Streams of events would never end by themselves.
func (s *server) stopAnswering(ctx context.Context) error {
	s.library.live.Close()
	return s.web.Stop(ctx)
}

// handler is the gateway's chain around the library and the process's own answers about its health.
func (s *server) handler() http.Handler {
	// Not a ServeMux: that one answers paths with a double slash by a redirect, before the API can say what is wrong.
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			s.health.Live(w, r)
		case "/readyz":
			s.health.Ready(w, r)
		default:
			s.library.Handler.ServeHTTP(w, r)
		}
	})
	return gateway.Chain(inner, GatewaySettings(s.settings, s.library, s.registry, s.log))
}

// closeTraces opens the traces, and gives what ends them.
func closeTraces(version string, t config.Traces, log *slog.Logger) func() {
	end := telemetry.OpenTraces(telemetry.TraceSettings{Endpoint: t.Endpoint, Share: t.Share, Version: version, Logger: log})
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), closingTime/2)
		defer cancel()
		if err := end(ctx); err != nil {
			log.Warn("the last traces are lost", "error", err)
		}
	}
}
