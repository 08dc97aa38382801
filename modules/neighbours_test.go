package modules

import (
	"testing"

	"bookvault/modules/members"
	"bookvault/platform/database/dbtest"
)

// A block that the members module sets is heard by borrowing, which passes over the holds of whoever is blocked.
func TestBorrowingHearsOfAMembersStanding(t *testing.T) {
	db := dbtest.New(t)
	library := assembled(t, db)
	ctx := members.AsCommand(t.Context())
	m, err := library.Members.Create(ctx, members.NewMember{Card: "R-1", Name: "A Reader"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(ctx, `INSERT INTO borrowing.accounts (member_id) VALUES ($1)`, m.ID); err != nil {
		t.Fatal(err)
	}
	for _, blocks := range [][]members.Block{{{Code: "lost_card"}}, {}} {
		if _, err := library.Members.Edit(ctx, "R-1", members.Change{Blocks: &blocks}); err != nil {
			t.Fatal(err)
		}
		var category string
		var blocked bool
		if err := db.Pool().QueryRow(ctx, `SELECT category, blocked FROM borrowing.accounts WHERE member_id = $1`, m.ID).Scan(&category, &blocked); err != nil {
			t.Fatal(err)
		}
		if category != "adult" || blocked != (len(blocks) > 0) {
			t.Errorf("with %d blocks borrowing knows category %q, blocked %v", len(blocks), category, blocked)
		}
	}
}
