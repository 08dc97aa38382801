// Command bookvault is a library in one program: its catalogue, its borrowing desk and its members. With no arguments it
// serves; the other commands work on the same library, beside a server that runs or without one.
//
// This file is the grammar of the command line and nothing else. What each command does is in modules/ (serve.go,
// commands.go) and, for the doctor, in platform/doctor; the way from here to the last layer of a request begins in
// modules/modules.go.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"bookvault/modules"
	"bookvault/modules/catalog/importing"
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

	Serve   serveCommand   `cmd:"" default:"withargs" help:"Start the library and answer requests until Ctrl-C (the default)."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date, or tell where it is."`
	Import  importCommand  `cmd:"" help:"Bring a file of titles into the catalogue: CSV or TSV, plain or .gz."`
	Seed    seedCommand    `cmd:"" help:"Fill the library with synthetic titles, items and members, for measuring."`
	Token   tokenCommand   `cmd:"" help:"Print a new API token, and nothing else, on standard output."`
	Queue   queueCommand   `cmd:"" help:"Show what waits to be written into the database, and try again what was put aside."`
	Doctor  doctorCommand  `cmd:"" help:"Check settings, PostgreSQL, disk, clock and ports: what is wrong, and the mend."`
	Ledger  ledgerCommand  `cmd:"" help:"Check what happened at the desk: verify, replay, show, anchor."`
	Backup  backupCommand  `cmd:"" help:"Make a backup while the library goes on working."`
	Restore restoreCommand `cmd:"" help:"Make a library of a backup, in an empty place, and check its ledger."`
	Version versionCommand `cmd:"" help:"Print the version."`
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

type serveCommand struct {
	Address string `placeholder:"HOST:PORT" help:"Where to listen (server.address), such as :8080 for every network."`
}

// Help gives the details and examples of bookvault serve --help.
func (serveCommand) Help() string {
	return `Starts a private PostgreSQL in the data folder (or uses database.primary), brings its schema up to date, and answers
requests. A fresh library is filled with demonstration titles, and the sign-ins for it are printed.

Examples:

  bookvault
  bookvault --address :8080 --data /var/lib/bookvault
  BOOKVAULT_DATABASE_PRIMARY=postgres://library@db/library bookvault serve`
}

// Run serves until Ctrl-C.
func (serveCommand) Run(ctx context.Context, house *modules.House) error { return house.Serve(ctx) }

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply the migrations that the database does not have yet."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations, and when the database got each."`
}

// Help gives the details and examples of bookvault migrate --help.
func (migrateCommand) Help() string {
	return `The server migrates by itself when it starts; this is for doing it beforehand, or for looking.

Examples:

  bookvault migrate status
  bookvault migrate up --data /var/lib/bookvault`
}

type migrateUpCommand struct{}

// Run applies the migrations.
func (migrateUpCommand) Run(ctx context.Context, house *modules.House) error {
	return house.Migrate(ctx)
}

type migrateStatusCommand struct{}

// Run lists the migrations.
func (migrateStatusCommand) Run(ctx context.Context, house *modules.House) error {
	return house.MigrationStatus(ctx)
}

type importCommand struct {
	File      string `arg:"" help:"The file; - is standard input."`
	Map       string `placeholder:"OURS=THEIRS,…" help:"Which of the file's columns is which of ours, for a file of no known shape."`
	Source    string `placeholder:"NAME" help:"Whose keys they are; needed when --map names a key column."`
	Encoding  string `placeholder:"NAME" help:"utf-8, latin-1, cp1252, utf-16le …; detected when not given."`
	Delimiter string `placeholder:"CHAR" help:"One of , ; | or tab; detected when not given."`
	DryRun    bool   `help:"Say what would happen and write no title."`
	Overwrite bool   `help:"Let changed rows replace titles that a librarian edited."`
	Refused   string `placeholder:"FILE" help:"Write every refused row, and every fact that was left out, to this file (CSV)."`
}

// Help gives the details and examples of bookvault import --help.
func (importCommand) Help() string {
	return `Known shapes are recognised by their header: goodbooks-10k, Project Gutenberg's metadata, Goodreads' export, and our own
(docs/IMPORT.md). Rows that cannot go in are listed with line, field and reason, and the rest goes in. The same file again
changes nothing; an import that was killed is completed by running it again. The last line on standard output is

  created C, changed H, unchanged U, refused R

Examples:

  bookvault import books.csv
  bookvault import --dry-run --refused refused.csv catalogue.csv.gz
  bookvault import --map title=Titel,authors=Autor,year=Jahr,key=Nr --source bestand --encoding latin-1 bestand.csv`
}

// Run imports the file.
func (c importCommand) Run(ctx context.Context, house *modules.House) error {
	return house.Import(ctx, modules.ImportFile{Path: c.File, Mapping: c.Map, Refused: c.Refused, Options: importing.Options{
		Encoding: c.Encoding, Delimiter: c.Delimiter, Source: c.Source, DryRun: c.DryRun, Overwrite: c.Overwrite}})
}

type seedCommand struct {
	Titles  int    `default:"1000000" help:"How many titles."`
	Items   int    `default:"2000000" help:"How many copies, spread over the titles: a few have many."`
	Members int    `default:"100000" help:"How many readers. They have cards and no passwords."`
	Seed    uint64 `default:"1" help:"What everything is made from: the same seed makes the same library."`
}

// Help gives the details and examples of bookvault seed --help.
func (seedCommand) Help() string {
	return `Words, authors and genres have the frequencies that real catalogues have, so that measuring means something. While it
works, an empty catalogue's indexes are down and nobody can lend; a seed that was killed is completed by running it again.

Examples:

  bookvault seed --data /var/tmp/measuring
  bookvault seed --titles 50000 --items 100000 --members 5000 --seed 2`
}

// Run seeds.
func (c seedCommand) Run(ctx context.Context, house *modules.House) error {
	if c.Titles < 1 || c.Titles > 50_000_000 || c.Items < 0 || c.Items > 200_000_000 || c.Members < 0 || c.Members > 50_000_000 {
		return errors.New("a seed has 1 to 50,000,000 titles, up to 200,000,000 items and up to 50,000,000 members")
	}
	return house.Seed(ctx, modules.SeedPlan{Seed: c.Seed, Titles: c.Titles, Items: c.Items, Members: c.Members})
}

type tokenCommand struct {
	Role    string        `required:"" enum:"patron,desk,librarian,administrator" help:"What the token may do: ${enum}."`
	Card    string        `placeholder:"CARD" help:"Card of the member whose token it is. Without one: the demonstration member of that role, else a service member that is made for it."`
	Name    string        `default:"command line" help:"What it is for, as the list of tokens shows it."`
	Expires time.Duration `placeholder:"720h" help:"Life of the token, such as 12h. Without it: members.token_lifetime."`
}

// Help gives the details and examples of bookvault token --help.
func (tokenCommand) Help() string {
	return `The token is shown this once and kept only as a hash. It is sent as "Authorization: Bearer TOKEN".

Examples:

  bookvault token --role desk
  bookvault token --role librarian --card 29001000000017 --name import --expires 12h
  curl -H "Authorization: Bearer $(bookvault token --role desk)" http://127.0.0.1:8080/api/members/v1/me`
}

// Run prints the token.
func (c tokenCommand) Run(ctx context.Context, house *modules.House) error {
	return house.Token(ctx, c.Role, c.Card, c.Name, c.Expires)
}

type queueCommand struct {
	Status queueStatusCommand `cmd:"" help:"Tell what waits, and what was put aside with the reason."`
	Retry  queueRetryCommand  `cmd:"" help:"Have what was put aside written, now that what was wrong is mended."`
}

// Help gives the details and examples of bookvault queue --help.
func (queueCommand) Help() string {
	return `Ratings, reading lists and counts are put on disk before they are answered, and written into the database behind. A record that the
database refuses is put aside with the reason, so that it holds up nothing. Trying one again that is written already changes nothing.

Examples:

  bookvault queue status
  bookvault queue retry --data /var/lib/bookvault`
}

type queueStatusCommand struct{}

// Run tells how the queue stands.
func (queueStatusCommand) Run(ctx context.Context, house *modules.House) error {
	return house.QueueStatus(ctx)
}

type queueRetryCommand struct{}

// Run tries again what was put aside.
func (queueRetryCommand) Run(ctx context.Context, house *modules.House) error {
	return house.QueueRetry(ctx)
}

type doctorCommand struct {
	Ready bool `help:"Only ask the server of these settings whether it is ready: for a container's health check."`
}

// Help gives the details and examples of bookvault doctor --help.
func (doctorCommand) Help() string {
	return `Prints a line for each thing that was looked at (ok, warn or bad) and what to do about it. It changes nothing. The exit
status is 0 when nothing is bad, else 1.

Examples:

  bookvault doctor
  bookvault doctor --config /etc/bookvault.yaml
  bookvault doctor --ready`
}

// Run examines the installation.
func (c doctorCommand) Run(ctx context.Context, house *modules.House) error {
	if c.Ready {
		return house.Ready(ctx)
	}
	return house.Doctor(ctx)
}

type ledgerCommand struct {
	Verify ledgerVerifyCommand `cmd:"" help:"Read every event and anchor: is anything not as it was written?"`
	Replay ledgerReplayCommand `cmd:"" help:"Build everything from the ledger alone: do the tables hold the same?"`
	Show   ledgerShowCommand   `cmd:"" help:"Print what happened to a loan, a hold, an item …"`
	Anchor ledgerAnchorCommand `cmd:"" help:"Sign what is there now, in between the daily anchors."`
}

// Help gives the details and examples of bookvault ledger --help.
func (ledgerCommand) Help() string {
	return `They work beside a running server and hold nobody up. Memory does not grow with the ledger; progress is told on standard
error. The exit status is 0 when all is as it should be, else 1, and each finding is a line on standard output.

Examples:

  bookvault ledger verify
  bookvault ledger verify --set ledger.anchors=/mnt/elsewhere/anchors
  bookvault ledger replay
  bookvault ledger show loan/17`
}

type ledgerVerifyCommand struct {
	Trust []string `placeholder:"KEY" help:"Public key of anchors, beside that of ledger.key: after the key was changed, or where it is not. May be repeated."`
}

// Run verifies.
func (c ledgerVerifyCommand) Run(ctx context.Context, house *modules.House) error {
	return house.VerifyLedger(ctx, c.Trust)
}

type ledgerReplayCommand struct{}

// Run replays.
func (ledgerReplayCommand) Run(ctx context.Context, house *modules.House) error {
	return house.ReplayLedger(ctx)
}

type ledgerShowCommand struct {
	Stream string `arg:"" help:"Such as loan/17, hold/4, item/9, title/1024, rules or calendar."`
}

// Run prints a stream.
func (c ledgerShowCommand) Run(ctx context.Context, house *modules.House) error {
	return house.ShowLedger(ctx, c.Stream)
}

type ledgerAnchorCommand struct{}

// Run makes an anchor.
func (ledgerAnchorCommand) Run(ctx context.Context, house *modules.House) error {
	return house.AnchorLedger(ctx)
}

type backupCommand struct {
	Folder  string `arg:"" optional:"" help:"New folder for the backup. Without one: backups/TIME in the data folder, better copied to another machine."`
	Logical bool   `help:"Dump the private PostgreSQL (pg_dump) instead of copying it: for moving to another server or major version."`
	NoKey   bool   `help:"Leave the private key of the ledger out, where whoever keeps backups shall not have it."`
}

// Help gives the details and examples of bookvault backup --help.
func (backupCommand) Help() string {
	return `A private PostgreSQL is copied with pg_basebackup and the copy is checked; a server of yours (database.primary) is dumped with pg_dump.
The anchors of the ledger and their key are in the backup too. The folder gets its name when the backup is whole, so one that is there
is a good one. With database.embedded.archive the private one can later be restored as of any second after its last backup
(docs/BACKUP.md). It holds what the library knows of its members: keep it as safe as the library, and no longer than you want to know.

Examples:

  bookvault backup /mnt/elsewhere/monday
  bookvault backup --logical /mnt/elsewhere/to-move
  BOOKVAULT_DATABASE_PRIMARY=postgres://library@db/library bookvault backup /mnt/elsewhere/monday`
}

// Run makes the backup.
func (c backupCommand) Run(ctx context.Context, house *modules.House) error {
	return house.Backup(ctx, modules.BackupPlan{Folder: c.Folder, Logical: c.Logical, NoKey: c.NoKey})
}

type restoreCommand struct {
	Folder  string    `arg:"" help:"Folder that bookvault backup wrote."`
	At      time.Time `placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00" help:"As of when, such as 2026-03-01T09:30:00+07:00. Needs the archived log. Without it: as late as that log reaches."`
	Archive string    `placeholder:"DIR" help:"Folder of the archived log, if it is not where it was."`
	Alone   bool      `help:"Without the archived log: what was there when the backup was made."`
}

// Help gives the details and examples of bookvault restore --help.
func (restoreCommand) Help() string {
	return `Nothing is restored over a library: give a data folder that holds none (--data), or an empty database (database.primary). The schema is
brought up to date and the ledger is verified; the exit status is 0 only when every event is as it was written. "bookvault ledger replay"
then compares the tables with it, and "bookvault --data …" serves the library.

Examples:

  bookvault restore /mnt/elsewhere/monday --data /var/lib/bookvault-new
  bookvault restore /mnt/elsewhere/monday --data /var/lib/bookvault-new --at 2026-03-01T09:30:00+07:00
  BOOKVAULT_DATABASE_PRIMARY=postgres://library@db/empty bookvault restore /mnt/elsewhere/to-move`
}

// Run restores the backup.
func (c restoreCommand) Run(ctx context.Context, house *modules.House) error {
	return house.Restore(ctx, modules.Restoration{Folder: c.Folder, Until: c.At, Archive: c.Archive, Alone: c.Alone})
}

type versionCommand struct{}

// Help gives the details and examples of bookvault version --help.
func (versionCommand) Help() string { return "Examples:\n\n  bookvault version" }

// Run prints the version and what the program was built with.
func (versionCommand) Run(house *modules.House) error { return house.PrintVersion() }
