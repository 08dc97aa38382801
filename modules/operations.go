package modules

import (
	"context"
	"log/slog"
	"slices"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// What an operator asks of the process as a whole: /api/ops/v1.

// patternBody is one switch as it is answered.
type patternBody struct {
	Name       string `json:"name" doc:"As in config.yaml (patterns.NAME.enabled) and in docs/PATTERNS.md."`
	Enabled    bool   `json:"enabled" doc:"Now, in this process."`
	Configured bool   `json:"configured" doc:"At its next start."`
	Fixed      bool   `json:"fixed,omitempty" doc:"true: a foundation, which has no switch."`
	Gain       string `json:"gain,omitempty" doc:"What it gained when last measured, as docs/PATTERNS.md has it; left out where that was not done yet."`
}

type patternsOut struct{ Body rest.Page[patternBody] }

type switchIn struct {
	Name string `path:"name" maxLength:"64"`
	Body struct {
		Enabled bool `json:"enabled" doc:"false lets requests take the plain way, from the next one on."`
	}
}

type switchOut struct{ Body patternBody }

// registerOperations adds the operator's routes.
func registerOperations(api *rest.API, p *Patterns) {
	rest.Register(api, rest.Route{Method: "GET", Path: "/api/ops/v1/patterns", ID: "list-patterns", Tag: "operations", Who: identity.Administrator,
		Summary: "The performance patterns, and how they stand"},
		func(context.Context, *struct{}) (*patternsOut, error) {
			out := &patternsOut{}
			for _, s := range p.switches() {
				out.Body.Items = append(out.Body.Items, p.body(s))
			}
			for _, name := range foundations {
				out.Body.Items = append(out.Body.Items, patternBody{Name: name, Enabled: true, Configured: true, Fixed: true, Gain: gains[name]})
			}
			return out, nil
		})
	rest.Register(api, rest.Route{Method: "PUT", Path: "/api/ops/v1/patterns/{name}", ID: "switch-pattern", Tag: "operations", Who: identity.Administrator,
		Summary: "Switch a pattern on or off while the library runs", Detail: "It holds for this process until it ends; what config.yaml says holds from the next start on."},
		func(ctx context.Context, in *switchIn) (*switchOut, error) {
			all := p.switches()
			i := slices.IndexFunc(all, func(s namedSwitch) bool { return s.name == in.Name })
			if i < 0 {
				return nil, problem.NotFound("pattern_not_found", "There is no pattern %q to switch; GET /api/ops/v1/patterns lists them.", in.Name)
			}
			if all[i].on() != in.Body.Enabled {
				all[i].turn(in.Body.Enabled)
				who, _ := identity.FromContext(ctx)
				p.log.LogAttrs(ctx, slog.LevelInfo, "a pattern was switched", slog.String("pattern", in.Name), slog.Bool("enabled", in.Body.Enabled), slog.Int64("by", who.MemberID))
			}
			return &switchOut{p.body(all[i])}, nil
		})
}

func (p *Patterns) body(s namedSwitch) patternBody {
	return patternBody{Name: s.name, Enabled: s.on(), Configured: p.configured[s.name], Gain: gains[s.name]}
}
