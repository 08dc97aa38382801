package modules

import (
	"context"
	"log/slog"
	"strings"

	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// The level of the log, changed while the library runs: GET and PUT /api/ops/v1/log.

type logBody struct {
	Level string `json:"level" enum:"debug,info,warn,error" doc:"The least level that is logged, by this process until it ends."`
}

type logOut struct{ Body logBody }

type logIn struct{ Body logBody }

// registerLog adds the routes of the log's level. Without a level there is nothing to change.
func registerLog(api *rest.API, level *slog.LevelVar, log *slog.Logger) {
	if level == nil {
		level = new(slog.LevelVar) // of a command, whose routes nobody asks
	}
	now := func() *logOut { return &logOut{logBody{strings.ToLower(level.Level().String())}} }
	rest.Register(api, rest.Route{Method: "GET", Path: "/api/ops/v1/log", ID: "read-log-level", Tag: "operations", Who: identity.Administrator,
		Summary: "What this process logs"},
		func(context.Context, *struct{}) (*logOut, error) { return now(), nil })
	rest.Register(api, rest.Route{Method: "PUT", Path: "/api/ops/v1/log", ID: "change-log-level", Tag: "operations", Who: identity.Administrator,
		Summary: "Change what is logged while the library runs", Detail: "It holds for this process until it ends; telemetry.log_level holds from the next start on."},
		func(ctx context.Context, in *logIn) (*logOut, error) {
			var wanted slog.Level
			if err := wanted.UnmarshalText([]byte(in.Body.Level)); err != nil {
				return nil, err // the schema lets only these four through
			}
			was := level.Level()
			level.Set(wanted)
			if was != wanted {
				who, _ := identity.FromContext(ctx)
				log.LogAttrs(ctx, slog.LevelWarn, "the log's level was changed", slog.String("from", was.String()), slog.String("to", wanted.String()), slog.Int64("by", who.MemberID))
			}
			return now(), nil
		})
}
