package modules

import (
	"context"
	"errors"
	"time"

	"bookvault/modules/catalog/importing"
)

// The commands that bring a library in or take it out, and check what happened in it.

// ImportCommand is bookvault import.
type ImportCommand struct {
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
func (ImportCommand) Help() string {
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
func (c ImportCommand) Run(ctx context.Context, house *House) error {
	return house.Import(ctx, ImportFile{Path: c.File, Mapping: c.Map, Refused: c.Refused, Options: importing.Options{
		Encoding: c.Encoding, Delimiter: c.Delimiter, Source: c.Source, DryRun: c.DryRun, Overwrite: c.Overwrite}})
}

// SeedCommand is bookvault seed.
type SeedCommand struct {
	Titles  int    `default:"1000000" help:"How many titles."`
	Items   int    `default:"2000000" help:"How many copies, spread over the titles: a few have many."`
	Members int    `default:"100000" help:"How many readers. They have cards and no passwords."`
	Seed    uint64 `default:"1" help:"What everything is made from: the same seed makes the same library."`
}

// Help gives the details and examples of bookvault seed --help.
func (SeedCommand) Help() string {
	return `Words, authors and genres have the frequencies that real catalogues have, so that measuring means something. While it
works, an empty catalogue's indexes are down and nobody can lend; a seed that was killed is completed by running it again.

Examples:

  bookvault seed --data /var/tmp/measuring
  bookvault seed --titles 50000 --items 100000 --members 5000 --seed 2`
}

// Run seeds.
func (c SeedCommand) Run(ctx context.Context, house *House) error {
	if c.Titles < 1 || c.Titles > 50_000_000 || c.Items < 0 || c.Items > 200_000_000 || c.Members < 0 || c.Members > 50_000_000 {
		return errors.New("a seed has 1 to 50,000,000 titles, up to 200,000,000 items and up to 50,000,000 members")
	}
	return house.Seed(ctx, SeedPlan{Seed: c.Seed, Titles: c.Titles, Items: c.Items, Members: c.Members})
}

// LedgerCommand is bookvault ledger.
type LedgerCommand struct {
	Verify ledgerVerifyCommand `cmd:"" help:"Read every event and anchor: is anything not as it was written?"`
	Replay ledgerReplayCommand `cmd:"" help:"Build everything from the ledger alone: do the tables hold the same?"`
	Show   ledgerShowCommand   `cmd:"" help:"Print what happened to a loan, a hold, an item …"`
	Anchor ledgerAnchorCommand `cmd:"" help:"Sign what is there now, in between the daily anchors."`
}

// Help gives the details and examples of bookvault ledger --help.
func (LedgerCommand) Help() string {
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
func (c ledgerVerifyCommand) Run(ctx context.Context, house *House) error {
	return house.VerifyLedger(ctx, c.Trust)
}

type ledgerReplayCommand struct{}

// Run replays.
func (ledgerReplayCommand) Run(ctx context.Context, house *House) error {
	return house.ReplayLedger(ctx)
}

type ledgerShowCommand struct {
	Stream string `arg:"" help:"Such as loan/17, hold/4, item/9, title/1024, rules or calendar."`
}

// Run prints a stream.
func (c ledgerShowCommand) Run(ctx context.Context, house *House) error {
	return house.ShowLedger(ctx, c.Stream)
}

type ledgerAnchorCommand struct{}

// Run makes an anchor.
func (ledgerAnchorCommand) Run(ctx context.Context, house *House) error {
	return house.AnchorLedger(ctx)
}

// BackupCommand is bookvault backup.
type BackupCommand struct {
	Folder  string `arg:"" optional:"" help:"New folder for the backup. Without one: backups/TIME in the data folder, better copied to another machine."`
	Logical bool   `help:"Dump the private PostgreSQL (pg_dump) instead of copying it: for moving to another server or major version."`
	NoKey   bool   `help:"Leave the private key of the ledger out, where whoever keeps backups shall not have it."`
}

// Help gives the details and examples of bookvault backup --help.
func (BackupCommand) Help() string {
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
func (c BackupCommand) Run(ctx context.Context, house *House) error {
	return house.Backup(ctx, BackupPlan(c))
}

// RestoreCommand is bookvault restore.
type RestoreCommand struct {
	Folder  string    `arg:"" help:"Folder that bookvault backup wrote."`
	At      time.Time `placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00" help:"As of when, such as 2026-03-01T09:30:00+07:00. Needs the archived log. Without it: as late as that log reaches."`
	Archive string    `placeholder:"DIR" help:"Folder of the archived log, if it is not where it was."`
	Alone   bool      `help:"Without the archived log: what was there when the backup was made."`
}

// Help gives the details and examples of bookvault restore --help.
func (RestoreCommand) Help() string {
	return `Nothing is restored over a library: give a data folder that holds none (--data), or an empty database (database.primary). The schema is
brought up to date and the ledger is verified; the exit status is 0 only when every event is as it was written. "bookvault ledger replay"
then compares the tables with it, and "bookvault --data …" serves the library.

Examples:

  bookvault restore /mnt/elsewhere/monday --data /var/lib/bookvault-new
  bookvault restore /mnt/elsewhere/monday --data /var/lib/bookvault-new --at 2026-03-01T09:30:00+07:00
  BOOKVAULT_DATABASE_PRIMARY=postgres://library@db/empty bookvault restore /mnt/elsewhere/to-move`
}

// Run restores the backup.
func (c RestoreCommand) Run(ctx context.Context, house *House) error {
	return house.Restore(ctx, Restoration{Folder: c.Folder, Until: c.At, Archive: c.Archive, Alone: c.Alone})
}
