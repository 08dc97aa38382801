package demonstration

import (
	"fmt"
	"strings"
	"time"

	"bookvault/platform/identity"
)

// readers are the members that are not sign-ins: name, category, and what is special about them. They are nobody: ordinary
// names of the countries whose books stand here.
var readers = []struct{ name, category, special string }{
	{"Nguyễn Thị Minh Anh", "adult", ""},
	{"Trần Quốc Bảo", "adult", ""},
	{"Lê Hoàng Châu", "student", ""},
	{"Phạm Thùy Dung", "student", ""},
	{"Hoàng Gia Đạt", "child", ""},
	{"Vũ Khánh Hà", "child", ""},
	{"Võ Thanh Hải", "adult", "expired"},
	{"Đặng Ngọc Hân", "student", ""},
	{"Bùi Đức Hiếu", "adult", "lost_card"},
	{"Đỗ Thị Hòa", "senior", ""},
	{"Hồ Văn Hùng", "senior", ""},
	{"Ngô Mai Hương", "adult", ""},
	{"Dương Tuấn Kiệt", "student", "expired"},
	{"Lý Bích Lan", "adult", ""},
	{"Phan Nhật Linh", "child", ""},
	{"Trịnh Công Lực", "adult", "conduct"},
	{"Mai Thị Mận", "senior", ""},
	{"Đinh Quang Nam", "adult", ""},
	{"Tạ Hồng Ngân", "adult", ""},
	{"Lâm Bảo Ngọc", "child", ""},
	{"Cao Thiện Nhân", "student", ""},
	{"Châu Yến Nhi", "student", ""},
	{"Huỳnh Tấn Phát", "adult", ""},
	{"Tô Hoài Phương", "adult", "expired"},
	{"Đoàn Minh Quân", "staff", ""},
	{"Thái Thị Quyên", "staff", ""},
	{"Anna Schmidt", "adult", ""},
	{"Carlos Herrera", "adult", ""},
	{"Chloé Laurent", "student", ""},
	{"Emeka Obi", "adult", ""},
	{"Fatima Zahra Benali", "adult", ""},
	{"Grace Whitfield", "senior", ""},
	{"Hiroshi Tanaka", "adult", ""},
	{"Ingrid Solberg", "adult", "lost_card"},
	{"Joana Ferreira", "student", ""},
	{"Kim Seo-yeon", "student", ""},
	{"Oleg Petrov", "adult", ""},
	{"Zhang Wei", "adult", ""},
	{"Trường Tiểu học Bờ Sông", "institution", ""},
	{"Câu lạc bộ Đọc sách Trung tâm", "institution", ""},
}

var blockNotes = map[string]string{
	"lost_card": "The card was reported lost; a new one is at the desk.",
	"conduct":   "Took scissors to the newspapers. Ask a librarian.",
}

// members gives the readers, with cards D1001, D1002 … Memberships that ended did so a month ago; all others follow their category.
func members(now time.Time) []Person {
	people := make([]Person, 0, len(readers))
	for i, r := range readers {
		p := Person{
			Card: fmt.Sprintf("D%d", 1001+i), Name: r.name, Category: r.category, Role: identity.Patron,
			Email: fmt.Sprintf("reader%d@example.org", 1001+i),
		}
		switch r.special {
		case "":
		case "expired":
			ended := now.AddDate(0, -1, 0)
			p.ExpiresOn = &ended
		default:
			p.Block, p.BlockNote = r.special, blockNotes[r.special]
		}
		people = append(people, p)
	}
	return people
}

// borrowers gives the cards of readers who may borrow, in order.
func borrowers() []string {
	var cards []string
	for i, r := range readers {
		if r.special == "" {
			cards = append(cards, fmt.Sprintf("D%d", 1001+i))
		}
	}
	return cards
}

// patronCard is the card of the demonstration patron, who has loans and a hold of their own.
const patronCard = "patron"

// staff gives the four people to sign in as, with the passwords of the sign-ins.
func staff(signIns []SignIn) []Person {
	names := map[identity.Role]string{
		identity.Patron: "Nguyễn Văn Độc Giả", identity.Desk: "Trần Thị Quầy", identity.Librarian: "Lê Thủ Thư",
		identity.Administrator: "Phạm Quản Trị",
	}
	people := make([]Person, 0, len(signIns))
	for _, s := range signIns {
		role, _ := identity.ParseRole(s.Role)
		category := "staff"
		if role == identity.Patron {
			category = "adult"
		}
		people = append(people, Person{
			Card: s.Card, Name: names[role], Category: category, Role: role, Password: s.Password,
			Email: strings.ToLower(s.Card) + "@example.org",
		})
	}
	return people
}
