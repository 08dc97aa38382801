package modules

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"bookvault/migrations"
	borrowingpostgres "bookvault/modules/borrowing/postgres"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/housekeeping"
	"bookvault/platform/ledger"
)

// ErrTampered says that the ledger, or what was made of it, is not as it was written. What exactly was printed.
var ErrTampered = errors.New("the ledger is not as it was written")

// ErrDiffers says that tables do not hold what the ledger makes of them. What exactly was printed.
var ErrDiffers = errors.New("the tables differ from the ledger")

func anchorsOf(settings *config.Config, db *database.DB) *ledger.Anchors {
	key, folder := ledgerFiles(settings)
	return ledger.NewAnchors(db.Pool(), ledger.AnchorSettings{Schema: borrowingpostgres.Schema, KeyFile: key, Folder: folder, Every: settings.Ledger.AnchorEvery})
}

// anchoring is what housekeeping does for the ledger.
func anchoring(f Foundations) []housekeeping.Step {
	return []housekeeping.Step{{Name: "ledger_anchor", Run: anchorsOf(f.Settings, f.DB).Due}}
}

// progress tells now and then how far a long reading is.
func (h *House) progress() ledger.Progress {
	begun, said := time.Now(), time.Now()
	return func(events int64) {
		if now := time.Now(); now.Sub(said) >= 5*time.Second {
			said = now
			fmt.Fprintf(h.Err, "%d events, %.0f a second\n", events, float64(events)/now.Sub(begun).Seconds())
		}
	}
}

// withLedger lends a command the database of the ledger, with a schema that is up to date.
func (h *House) withLedger(ctx context.Context, work func(context.Context, *config.Config, *database.DB) error) error {
	return h.withStorage(ctx, func(ctx context.Context, settings *config.Config, store *storage, log *slog.Logger) error {
		if _, err := database.Migrate(ctx, store.direct, migrations.FS); err != nil {
			return store.explain(settings, err)
		}
		db, err := store.open(ctx, settings, log)
		if err != nil {
			return err
		}
		defer db.Close()
		return work(ctx, settings, db)
	})
}

// VerifyLedger reads the whole ledger and its anchors, and prints what is not as it was written. trust are public keys beside that of the
// library, whose signatures count too.
func (h *House) VerifyLedger(ctx context.Context, trust []string) error {
	return h.withLedger(ctx, func(ctx context.Context, settings *config.Config, db *database.DB) error {
		file, _ := ledgerFiles(settings)
		keys, err := trusted(file, trust)
		if err != nil {
			return err
		}
		begun, report := time.Now(), &ledger.Report{}
		err = ledger.InSnapshot(ctx, db.Pool(), func(tx ledger.Snapshot) error {
			if err := ledger.New(borrowingpostgres.Schema).Verify(ctx, tx, report, h.progress()); err != nil {
				return err
			}
			return anchorsOf(settings, db).Verify(ctx, tx, keys, report, h.progress())
		})
		if err != nil {
			return err
		}
		h.printFindings(report)
		fmt.Fprintf(h.Out, "read %d events in %d streams, %d anchors over %d events, in %s\n", report.Events, report.Streams, report.Anchors, report.Anchored, human(time.Since(begun)))
		if report.Behind > 0 {
			fmt.Fprintf(h.Out, "%d events are younger than the last anchor: their hashes fit, and nobody has signed them yet\n", report.Behind)
		}
		if report.Unchained > 0 {
			fmt.Fprintf(h.Out, "%d events wait for their hashes: the upgrade of the ledger goes on while the server runs\n", report.Unchained)
		}
		if !report.Intact() {
			return fmt.Errorf("%w; findings: %d", ErrTampered, report.Found)
		}
		fmt.Fprintln(h.Out, "intact: every event is as it was written")
		return nil
	})
}

// trusted gives the public keys whose signatures count. A library that never made an anchor has no key.
func trusted(file string, others []string) (keys []ed25519.PublicKey, err error) {
	key, err := ledger.PublicKey(file)
	switch {
	case err == nil:
		keys = append(keys, key)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	for _, text := range others {
		key, err := ledger.ParsePublicKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (h *House) printFindings(report *ledger.Report) {
	for _, f := range report.Findings {
		fmt.Fprintln(h.Out, f)
	}
	if more := report.Found - int64(len(report.Findings)); more > 0 {
		fmt.Fprintf(h.Out, "… and %d more\n", more)
	}
}

// ReplayLedger builds everything that the tables hold from the ledger alone, and prints in what they differ.
func (h *House) ReplayLedger(ctx context.Context) error {
	return h.withLedger(ctx, func(ctx context.Context, _ *config.Config, db *database.DB) error {
		begun, report := time.Now(), &ledger.Report{}
		done, err := borrowingpostgres.New(db).Replay(ctx, report, h.progress())
		if err != nil {
			return err
		}
		h.printFindings(report)
		fmt.Fprintf(h.Out, "replayed %d events in %d streams in %s: %d items, %d loans, %d holds and %d charges built and compared, %d titles and %d accounts' charges counted anew",
			report.Events, report.Streams, human(time.Since(begun)), done.Items, done.Loans, done.Holds, done.Charges, done.Titles, done.Accounts)
		if done.Forgotten > 0 {
			fmt.Fprintf(h.Out, "; %d charges were forgotten with who borrowed, and only their sums were checked", done.Forgotten)
		}
		fmt.Fprintf(h.Out, "\ndifferences: %d\n", report.Found)
		if !report.Intact() {
			return ErrDiffers
		}
		return nil
	})
}

// ShowLedger prints a stream, an event a paragraph, oldest first.
func (h *House) ShowLedger(ctx context.Context, stream string) error {
	return h.withLedger(ctx, func(ctx context.Context, _ *config.Config, db *database.DB) error {
		const atOnce = 500
		for after := -1; ; {
			events, err := ledger.New(borrowingpostgres.Schema).Read(ctx, db.Pool(), stream, after, atOnce)
			if err != nil {
				return err
			}
			if len(events) == 0 && after < 0 {
				return fmt.Errorf("there is no stream %s; one is named like loan/17, item/9, hold/4, title/1024, rules or calendar", stream)
			}
			for _, e := range events {
				after = e.Version
				fmt.Fprintf(h.Out, "%d  %s  %s  by %s", e.Version, e.At.Format(time.RFC3339Nano), e.Type, e.Actor)
				if e.RequestID != "" {
					fmt.Fprintf(h.Out, "  request %s", e.RequestID)
				}
				if e.Reason != "" {
					fmt.Fprintf(h.Out, "  because %q", e.Reason)
				}
				fmt.Fprintf(h.Out, "\n   %s\n", e.Data)
			}
			if len(events) < atOnce {
				return nil
			}
		}
	})
}

// AnchorLedger makes an anchor now.
func (h *House) AnchorLedger(ctx context.Context) error {
	return h.withLedger(ctx, func(ctx context.Context, settings *config.Config, db *database.DB) error {
		number, err := anchorsOf(settings, db).Make(ctx)
		if err != nil {
			return err
		}
		if number == 0 {
			_, err = fmt.Fprintln(h.Out, "nothing happened since the last anchor")
			return err
		}
		_, folder := ledgerFiles(settings)
		_, err = fmt.Fprintf(h.Out, "anchor %d is in %s\n", number, folder)
		return err
	})
}
