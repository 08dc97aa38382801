package modules

import (
	"context"
	"time"
)

// The grammar of the command line (main.go has its top): flags, what --help says of them, and which part of a House does the work.

// ServeCommand is bookvault serve.
type ServeCommand struct {
	Address string `placeholder:"HOST:PORT" help:"Where to listen (server.address), such as :8080 for every network."`
}

// Help gives the details and examples of bookvault serve --help.
func (ServeCommand) Help() string {
	return `Starts a private PostgreSQL in the data folder (or uses database.primary), brings its schema up to date, and answers
requests. A fresh library is filled with demonstration titles, and the sign-ins for it are printed.

Examples:

  bookvault
  bookvault --address :8080 --data /var/lib/bookvault
  BOOKVAULT_DATABASE_PRIMARY=postgres://library@db/library bookvault serve`
}

// Run serves until Ctrl-C.
func (ServeCommand) Run(ctx context.Context, house *House) error { return house.Serve(ctx) }

// MigrateCommand is bookvault migrate.
type MigrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply the migrations that the database does not have yet."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations, and when the database got each."`
}

// Help gives the details and examples of bookvault migrate --help.
func (MigrateCommand) Help() string {
	return `The server migrates by itself when it starts; this is for doing it beforehand, or for looking.

Examples:

  bookvault migrate status
  bookvault migrate up --data /var/lib/bookvault`
}

type migrateUpCommand struct{}

// Run applies the migrations.
func (migrateUpCommand) Run(ctx context.Context, house *House) error {
	return house.Migrate(ctx)
}

type migrateStatusCommand struct{}

// Run lists the migrations.
func (migrateStatusCommand) Run(ctx context.Context, house *House) error {
	return house.MigrationStatus(ctx)
}

// TokenCommand is bookvault token.
type TokenCommand struct {
	Role    string        `required:"" enum:"patron,desk,librarian,administrator" help:"What the token may do: ${enum}."`
	Card    string        `placeholder:"CARD" help:"Card of the member whose token it is. Without one: the demonstration member of that role, else a service member that is made for it."`
	Name    string        `default:"command line" help:"What it is for, as the list of tokens shows it."`
	Expires time.Duration `placeholder:"720h" help:"Life of the token, such as 12h. Without it: members.token_lifetime."`
}

// Help gives the details and examples of bookvault token --help.
func (TokenCommand) Help() string {
	return `The token is shown this once and kept only as a hash. It is sent as "Authorization: Bearer TOKEN".

Examples:

  bookvault token --role desk
  bookvault token --role librarian --card 29001000000017 --name import --expires 12h
  curl -H "Authorization: Bearer $(bookvault token --role desk)" http://127.0.0.1:8080/api/members/v1/me`
}

// Run prints the token.
func (c TokenCommand) Run(ctx context.Context, house *House) error {
	return house.Token(ctx, c.Role, c.Card, c.Name, c.Expires)
}

// QueueCommand is bookvault queue.
type QueueCommand struct {
	Status queueStatusCommand `cmd:"" help:"Tell what waits, and what was put aside with the reason."`
	Retry  queueRetryCommand  `cmd:"" help:"Have what was put aside written, now that what was wrong is mended."`
}

// Help gives the details and examples of bookvault queue --help.
func (QueueCommand) Help() string {
	return `Ratings, reading lists and counts are put on disk before they are answered, and written into the database behind. A record that the
database refuses is put aside with the reason, so that it holds up nothing. Trying one again that is written already changes nothing.

Examples:

  bookvault queue status
  bookvault queue retry --data /var/lib/bookvault`
}

type queueStatusCommand struct{}

// Run tells how the queue stands.
func (queueStatusCommand) Run(ctx context.Context, house *House) error {
	return house.QueueStatus(ctx)
}

type queueRetryCommand struct{}

// Run tries again what was put aside.
func (queueRetryCommand) Run(ctx context.Context, house *House) error {
	return house.QueueRetry(ctx)
}

// DoctorCommand is bookvault doctor.
type DoctorCommand struct {
	Ready bool `help:"Only ask the server of these settings whether it is ready: for a container's health check."`
}

// Help gives the details and examples of bookvault doctor --help.
func (DoctorCommand) Help() string {
	return `Prints a line for each thing that was looked at (ok, warn or bad) and what to do about it. It changes nothing. The exit
status is 0 when nothing is bad, else 1.

Examples:

  bookvault doctor
  bookvault doctor --config /etc/bookvault.yaml
  bookvault doctor --ready`
}

// Run examines the installation.
func (c DoctorCommand) Run(ctx context.Context, house *House) error {
	if c.Ready {
		return house.Ready(ctx)
	}
	return house.Doctor(ctx)
}

// VersionCommand is bookvault version.
type VersionCommand struct{}

// Help gives the details and examples of bookvault version --help.
func (VersionCommand) Help() string { return "Examples:\n\n  bookvault version" }

// Run prints the version and what the program was built with.
func (VersionCommand) Run(house *House) error { return house.PrintVersion() }
