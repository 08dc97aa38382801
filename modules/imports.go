package modules

import (
	"context"
	"os"
	"path/filepath"

	"bookvault/modules/catalog/importing"
	"bookvault/platform/config"
	"bookvault/platform/telemetry"
)

// uploadsFolder is where uploaded files of titles wait for their import.
func uploadsFolder(c *config.Config) string {
	return filepath.Join(c.Database.Embedded.Data, "imports")
}

// ImportFile says which file bookvault import reads, and how.
type ImportFile struct {
	Path    string // "-" is standard input
	Mapping string // ours=theirs,…; empty for a known shape
	Refused string // file for the list of refused rows; empty for none
	Options importing.Options
}

// Import brings a file of titles into the catalogue. Progress goes to standard error; the last line of standard output says
// what came of it.
func (h *House) Import(ctx context.Context, file ImportFile) error {
	mapping, err := importing.ParseMapping(file.Mapping)
	if err != nil {
		return err
	}
	file.Options.Mapping = mapping
	if file.Path != "-" {
		if _, err := os.Stat(file.Path); err != nil {
			return err // before PostgreSQL is started for nothing
		}
	}
	settings, err := h.settings()
	if err != nil {
		return err
	}
	return h.withLibrary(ctx, func(ctx context.Context, library *Library) error {
		command := importing.Command{Jobs: library.Imports, Limits: importLimits(settings), Out: h.Out, Err: h.Err, Terminal: telemetry.Terminal(h.Err)}
		return command.Run(ctx, file.Path, file.Options, file.Refused)
	})
}
