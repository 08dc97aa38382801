// Command bookvault is a library in one program: its catalogue, its borrowing desk and its members. With no arguments it
// serves; the other commands work on the same library, beside a server that runs or without one.
//
// This file is the top of the command line's grammar and nothing else. The commands are in modules/ (commandline.go), what they do is
// beside them (serve.go, commands.go) and, for the doctor, in platform/doctor; the way from here to the last layer of a request begins in
// modules/modules.go.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"bookvault/modules"
	"bookvault/platform/config"
	"bookvault/platform/doctor"
	"bookvault/platform/lifecycle"
)

// version is set for releases by the linker: -ldflags "-X main.version=1.2.3".
var version = "0.1.0-dev"

//go:embed config.yaml
var defaults []byte

// Exit statuses, so that scripts can tell a mistake in the call from a failure of the work.
const (
	succeeded = 0
	failed    = 1
	misused   = 2 // the command line, or a setting
)

// commandLine is the grammar. Flags here are for every command.
type commandLine struct {
	Config string            `placeholder:"FILE" help:"Settings file that lies over the built-in config.yaml; it needs to hold only what you change. Also: BOOKVAULT_CONFIG."`
	Data   string            `placeholder:"DIR" help:"Folder of the private PostgreSQL and of what is generated (database.embedded.data)."`
	Set    map[string]string `placeholder:"KEY=VALUE" mapsep:"none" help:"Any setting of config.yaml, such as --set library.currency=EUR. May be repeated."`

	Serve   modules.ServeCommand   `cmd:"" default:"withargs" help:"Start the library and answer requests until Ctrl-C (the default)."`
	Migrate modules.MigrateCommand `cmd:"" help:"Bring the database's schema up to date, or tell where it is."`
	Import  modules.ImportCommand  `cmd:"" help:"Bring a file of titles into the catalogue: CSV or TSV, plain or .gz."`
	Seed    modules.SeedCommand    `cmd:"" help:"Fill the library with synthetic titles, items and members, for measuring."`
	Token   modules.TokenCommand   `cmd:"" help:"Print a new API token, and nothing else, on standard output."`
	Queue   modules.QueueCommand   `cmd:"" help:"Show what waits to be written into the database, and try again what was put aside."`
	Doctor  modules.DoctorCommand  `cmd:"" help:"Check settings, PostgreSQL, disk, clock and ports: what is wrong, and the mend."`
	Ledger  modules.LedgerCommand  `cmd:"" help:"Check what happened at the desk: verify, replay, show, anchor."`
	Backup  modules.BackupCommand  `cmd:"" help:"Make a backup while the library goes on working."`
	Restore modules.RestoreCommand `cmd:"" help:"Make a library of a backup, in an empty place, and check its ledger."`
	Version modules.VersionCommand `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run()) }

// run does what the command line says and gives the exit status. It returns, rather than exits, so that defers run.
func run() int {
	var line commandLine
	parser := kong.Must(&line, kong.Name("bookvault"),
		kong.Description("A library in one program: catalogue, borrowing desk, members. With no arguments it serves, on a private PostgreSQL of its own."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}), kong.Exit(os.Exit))
	call, err := parser.Parse(os.Args[1:])
	if err != nil {
		return report(fmt.Errorf("%w; see bookvault --help", err), misused)
	}
	house, ctx, release := line.house()
	defer release()
	call.BindTo(ctx, (*context.Context)(nil))
	err = call.Run(house)
	if _, badSetting := errors.AsType[*config.Error](err); badSetting {
		return report(err, misused)
	}
	if errors.Is(err, doctor.ErrIll) {
		return failed // the doctor has said what
	}
	if err != nil {
		return report(err, failed)
	}
	return succeeded
}

// report says on standard error what went wrong, in one line, and gives back the status.
func report(err error, status int) int {
	fmt.Fprintln(os.Stderr, "bookvault:", err)
	return status
}

// house is what every command works with: the settings' sources, and where to print. Ctrl-C ends the context that comes
// with it; the second Ctrl-C cuts what is still being answered, and the third ends the process where it stands.
func (line *commandLine) house() (*modules.House, context.Context, func()) {
	flags := line.Set
	if flags == nil {
		flags = map[string]string{}
	}
	if line.Data != "" {
		flags["database.embedded.data"] = line.Data
	}
	if line.Serve.Address != "" {
		flags["server.address"] = line.Serve.Address
	}
	hurry, cut := context.WithCancel(context.Background())
	ctx, release := lifecycle.Signals(context.Background(), func() {
		if hurry.Err() != nil {
			os.Exit(failed)
		}
		cut()
	})
	return &modules.House{
		Version: version,
		Sources: config.Sources{Defaults: defaults, File: line.Config, Environ: os.Environ(), Flags: flags},
		Out:     os.Stdout,
		Err:     os.Stderr,
		Hurry:   hurry,
	}, ctx, func() { release(); cut() }
}
