package modules

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"bookvault/platform/database/embedded"
	"bookvault/platform/doctor"
)

// asideShown is how many records that were put aside are listed.
const asideShown = 20

// QueueStatus tells what waits to be written behind answers, and what was put aside. It changes nothing.
func (h *House) QueueStatus(ctx context.Context) error {
	settings, err := h.settings()
	if err != nil {
		return err
	}
	return h.withLibrary(ctx, func(ctx context.Context, library *Library) error {
		if settings.Queue.URL != "" {
			depth, err := library.Behind.Look(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(h.Out, "external NATS: %d messages, %d bytes%s\n", depth.Messages, depth.Bytes, since(depth.Oldest))
		} else {
			stores, err := library.Behind.Stores(ctx)
			if err != nil {
				return err
			}
			if len(stores) == 0 {
				fmt.Fprintf(h.Out, "no queue in %s\n", queueFolder(settings))
			}
			for _, s := range stores {
				if s.Held {
					fmt.Fprintf(h.Out, "store %d: held by a process that runs, %d bytes of files\n", s.Number, s.Bytes)
					continue
				}
				fmt.Fprintf(h.Out, "store %d: of a process that ended, %d messages%s; the next server that starts writes them\n", s.Number, s.Messages, since(s.Oldest))
			}
			address := settings.Server.Address
			if state, running := embedded.Running(privateFolder(settings)); running && state.Address != "" {
				address = state.Address
			}
			if said, err := doctor.Part(ctx, address, "queue"); err == nil {
				fmt.Fprintf(h.Out, "server at %s: %s\n", address, said)
			}
		}
		n, err := library.writes.aside.Count(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(h.Out, "put aside: %d records\n", n)
		kept, err := library.writes.aside.List(ctx, asideShown)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(h.Out, 0, 0, 2, ' ', 0)
		for _, k := range kept {
			fmt.Fprintf(table, "  %d\t%s\t%s\t%d bytes\tretried %d times\t%s\n", k.ID, k.Topic, k.At.In(settings.Library.Location).Format("2006-01-02 15:04:05 MST"), k.Bytes, k.Tries, k.Reason)
		}
		return table.Flush()
	})
}

func since(oldest time.Time) string {
	if oldest.IsZero() {
		return ""
	}
	return fmt.Sprintf(", the oldest %s old", human(time.Since(oldest)))
}

// QueueRetry has what was put aside written, and fails when some of it is refused again.
func (h *House) QueueRetry(ctx context.Context) error {
	return h.withLibrary(ctx, func(ctx context.Context, library *Library) error {
		written, refused, err := library.writes.aside.Retry(ctx, library.Behind.Apply)
		fmt.Fprintf(h.Out, "written %d, refused %d\n", written, refused)
		if err == nil && refused > 0 {
			err = fmt.Errorf("%d records are refused again; bookvault queue status says why", refused)
		}
		return err
	})
}
