package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/members"
	"bookvault/modules/members/postgres"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

// With a replica that stands still, what proves somebody still holds at once, and what was taken away is gone at once: for readers too who
// bring no token of what they must see.
func TestProofsDoNotWaitForAReplica(t *testing.T) {
	db := dbtest.New(t, dbtest.Replicated())
	service, err := members.New(postgres.New(db), members.Settings{Hashing: members.Hashing{MemoryKiB: 64, Iterations: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	holdReplica(t)

	stranger := func() context.Context { // somebody of whom nothing is known, asking another process
		ctx, _ := database.WithReader(t.Context(), "")
		return ctx
	}
	m, err := service.Create(members.AsCommand(t.Context()), members.NewMember{Card: "NEW-1", Name: "New", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	started, err := service.SignIn(stranger(), members.SignIn{Login: "NEW-1", Password: password})
	if err != nil || started.Member.ID != m.ID {
		t.Fatalf("a new member signs in: %+v, %v", started, err)
	}
	p, err := service.BySession(stranger(), started.Token)
	if err != nil || p.MemberID != m.ID {
		t.Errorf("a new session: %+v, %v", p, err)
	}
	if me, _, err := service.Me(identity.WithPrincipal(stranger(), p)); err != nil || me.ID != m.ID {
		t.Errorf("who I am: %+v, %v", me, err)
	}
	secret, _, err := service.IssueToken(t.Context(), identity.Patron, "NEW-1", "new", 0)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := service.ByToken(stranger(), secret); err != nil || p.MemberID != m.ID {
		t.Errorf("a new token: %+v, %v", p, err)
	}
	blocks := []members.Block{{Code: "conduct"}}
	if _, err := service.Edit(members.AsCommand(t.Context()), "NEW-1", members.Change{Blocks: &blocks}); err != nil {
		t.Fatal(err)
	}
	if m, _, err := service.ByCard(stranger(), "NEW-1"); err != nil || len(m.Blocks) != 1 {
		t.Errorf("a block that was just set: %+v, %v", m, err)
	}
	if err := service.SignOut(t.Context(), started.Token); err != nil {
		t.Fatal(err)
	}
	if p, err := service.BySession(stranger(), started.Token); err != nil || p.SignedIn() {
		t.Errorf("a session that ended: %+v, %v", p, err)
	}
}

// holdReplica stops the replica's replay until the test ends.
func holdReplica(t *testing.T) {
	t.Helper()
	replica, err := pgx.Connect(t.Context(), dbtest.Replica(t).ReplicaAdminDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := replica.Exec(context.Background(), `SELECT pg_wal_replay_resume()`); err != nil {
			t.Error(err)
		}
		_ = replica.Close(context.Background())
	})
	if _, err := replica.Exec(t.Context(), `SELECT pg_wal_replay_pause()`); err != nil {
		t.Fatal(err)
	}
	for state := ""; state != "paused"; time.Sleep(5 * time.Millisecond) {
		if err := replica.QueryRow(t.Context(), `SELECT pg_get_wal_replay_pause_state()`).Scan(&state); err != nil {
			t.Fatal(err)
		}
	}
}
