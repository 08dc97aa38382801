package modules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bookvault/platform/lifecycle"
)

// banner tells a person at the terminal how the start goes. Programs read the log instead.
type banner struct{ to io.Writer }

func newBanner(to io.Writer) *banner { return &banner{to} }

func (b *banner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.to, format, args...) // nobody may be looking
}

func (b *banner) title(version string) { b.say("\nBookVault %s\n\n", version) }

// step prints one line a step: its name, how long it took, and what it has to say.
func (b *banner) step(s lifecycle.Started) {
	if errors.Is(s.Err, context.Canceled) {
		b.say("  %-13s %8s  interrupted\n\n", s.Name, human(s.Took))
		return
	}
	if s.Err != nil {
		b.say("  %-13s %8s  failed\n\n", s.Name, human(s.Took))
		return
	}
	b.say("  %-13s %8s  %s\n", s.Name, human(s.Took), s.Note)
}

func (b *banner) ready(s *server, took time.Duration) {
	scheme := "http"
	if s.web.Encrypted() {
		scheme = "https"
	}
	b.say("\nReady after %s: %s://%s (API: /docs). Ctrl-C stops it.\n\n", human(took), scheme, s.web.Address())
	if len(s.signIns) == 0 {
		return
	}
	b.say("This is the demonstration library. Sign in with a card and its password (kept in %s):\n\n", s.library.demonstration.Record())
	for _, who := range s.signIns {
		b.say("  %-13s  %-10s %s\n", who.Role, who.Card, who.Password)
	}
	b.say("\n")
}

func (b *banner) stopping() { b.say("\nStopping: answering what was asked, then closing.\n") }

func (b *banner) stopped(took time.Duration) { b.say("Stopped after %s.\n", human(took)) }

// human writes a duration as a person would say it.
func human(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
