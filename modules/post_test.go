package modules

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	borrowingpostgres "bookvault/modules/borrowing/postgres"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/housekeeping"
	"bookvault/platform/mail"
	"bookvault/platform/mail/mailtest"
)

// lentTo has a member borrow a copy that is due on a day.
func lentTo(t *testing.T, db *database.DB, member int64, due string) {
	t.Helper()
	for _, query := range []string{
		`INSERT INTO borrowing.titles (book_id, items) VALUES (1024, 1) ON CONFLICT DO NOTHING`,
		`INSERT INTO borrowing.items (barcode, book_id, home_branch, current_branch, item_type, status, created_at) VALUES ('B-%[1]d', 1024, 'main', 'main', 'book', 'checked_out', now())`,
		`INSERT INTO borrowing.borrower_refs VALUES (gen_random_uuid(), %[1]d)`,
		`INSERT INTO borrowing.loans (borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, collected_at, due_on, due_at, terms, explanation)
			SELECT borrower_ref, member_id, (SELECT max(id) FROM borrowing.items), 1024, 'book', 'main', 'desk', 'open', '2026-01-01', '2026-01-01', '%[2]s', '%[2]s', '{}', '{}'
			FROM borrowing.borrower_refs WHERE member_id = %[1]d`,
	} {
		if strings.Contains(query, "%[") {
			query = fmt.Sprintf(query, member, due)
		}
		if _, err := db.Pool().Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANoticeGoesOutOnceByARealMailServer(t *testing.T) {
	db, server := dbtest.New(t), mailtest.New(t)
	library := assembled(t, db)
	ctx := members.AsCommand(t.Context())
	m, err := library.Members.Create(ctx, members.NewMember{Card: "R-1", Name: "Nguyễn Ánh", Email: "anh@example.org", Language: "vi"})
	if err != nil {
		t.Fatal(err)
	}
	lentTo(t, db, m.ID, "2026-03-23")
	sender, err := mail.New(server.Settings())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 22, 10, 0, 0, 0, time.UTC)
	desk := borrowing.New(borrowingpostgres.New(db), deskMembers{library.Members}, deskTitles{library.Catalog}, borrowing.Settings{
		Clock: func() time.Time { return now }, Notices: borrowing.NoticeSettings{DueSoonDays: 2, Library: "Thư viện", Language: "en", Mailer: letterbox{sender}}})
	round := func() {
		t.Helper()
		if err := housekeeping.Once(t.Context(), desk.Housekeeping()); err != nil {
			t.Fatal(err)
		}
	}
	notice := func(want string) {
		t.Helper()
		var got string
		if err := db.Pool().QueryRow(t.Context(), `SELECT concat_ws(' ', status, attempts, failure) FROM borrowing.notices`).Scan(&got); err != nil || !strings.HasPrefix(got, want) || strings.Contains(got, "@") {
			t.Errorf("the notice is %q, want %q, %v", got, want, err)
		}
	}
	server.Refuse(450, "come back later")
	round()
	notice("waiting 1 ")
	server.Refuse(0, "")
	server.HangUp(true) // it takes the letter, and nobody hears of it
	now = now.Add(time.Hour)
	round()
	notice("waiting 2 ")
	server.HangUp(false)
	now = now.Add(time.Hour)
	for range 3 {
		round()
	}
	notice("sent 2")
	got := server.Accepted()
	if len(got) != 2 || got[0].Header.Get("Message-Id") != got[1].Header.Get("Message-Id") {
		t.Fatalf("accepted %+v", got)
	}
	if got[1].To != "anh@example.org" || got[1].Subject != "Thư viện: sắp đến hạn trả" || !strings.Contains(got[1].Body, "B-") || !strings.Contains(got[1].Body, "hạn trả: thứ Hai, ngày 23 tháng 3 năm 2026") {
		t.Errorf("mail %+v", got[1])
	}
}

func TestARefusedAddressIsForTheDesk(t *testing.T) {
	db, server := dbtest.New(t), mailtest.New(t)
	library := assembled(t, db)
	sender, err := mail.New(server.Settings())
	if err != nil {
		t.Fatal(err)
	}
	server.Refuse(550, "no such user")
	answers := letterbox{sender}.Send(t.Context(), []borrowing.Letter{{ID: "a", To: "x@example.org"}})
	if answers[0].Verdict != borrowing.Refused || !strings.Contains(answers[0].Words, "no such user") {
		t.Errorf("answer %+v", answers[0])
	}
	gone := server.Settings()
	gone.Port = 1
	if sender, err = mail.New(gone); err != nil {
		t.Fatal(err)
	}
	if answers = (letterbox{sender}).Send(t.Context(), []borrowing.Letter{{ID: "a", To: "x@example.org"}}); answers[0].Verdict != borrowing.NoPost {
		t.Errorf("answer %+v", answers[0])
	}

	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	line, err := library.notices(t.Context(), settings)
	if err != nil || line.Mend != "" || line.Says != "no letters are sent (notices.smtp.host is empty): 0 notices wait, 0 failed, for the desk to tell" {
		t.Errorf("the doctor says %+v, %v", line, err)
	}
	settings.Notices.SMTP = config.SMTP{Host: "127.0.0.1", Port: 1, Username: "u", Password: mailtest.Password, TLS: "starttls", From: "l@example.org"}
	if line, err = library.notices(t.Context(), settings); err != nil || line.Mend == "" || !strings.HasPrefix(line.Says, "no letters can be sent by 127.0.0.1") || strings.Contains(line.Says, mailtest.Password) {
		t.Errorf("the doctor says %+v, %v", line, err)
	}
}
