package seeding

import (
	"fmt"
	"strings"
)

const (
	givenNames = `James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard Susan Joseph Jessica
Thomas Sarah Charles Karen Daniel Lisa Matthew Nancy Anthony Betty Mark Sandra Paul Ashley Steven Emily Andrew Donna Kenneth Carol
George Michelle Joshua Amanda Kevin Melissa Brian Deborah Edward Stephanie Ronald Rebecca Timothy Laura Jason Helen Jeffrey Sharon
Ryan Cynthia Jacob Kathleen Gary Amy Nicholas Angela Eric Shirley Jonathan Anna Stephen Ruth Larry Brenda Justin Pamela Scott Nicole
Brandon Katherine Benjamin Virginia Samuel Catherine Gregory Christine Frank Emma Raymond Claire Patrick Alice Jack Julia Dennis Rose`
	surnameRoots = `Smith Brown Taylor Wilson Clark Walker Young Allen King Wright Hill Green Adams Baker Nelson Carter Mitchell Turner
Parker Collins Edwards Stewart Morris Murphy Cook Rogers Morgan Cooper Reed Bailey Bell Kelly Howard Ward Cox Richardson Wood Watson
Brooks Bennett Gray Hughes Price Long Foster Ross Powell Jenkins Perry Russell Sullivan Fisher Henderson Cole West Jordan Owens Reynolds`
	surnameEnds = ` |son|man|field|ton|well|ford|by|wood|worth|ley|stone|berg|ham|land|house|croft|brook|gate|more`

	familyNames = `Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý`
	middleNames = `Văn Thị Minh Ngọc Thanh Quang Hữu Đức Thu Kim Xuân Hoài Bảo Gia Anh Khánh Quốc Hồng Mỹ Thế Công Tuấn Như Phương Đình`
	callNames   = `Anh Bình Châu Chi Cường Dũng Dung Giang Hà Hải Hạnh Hiền Hiếu Hoa Hòa Hùng Hương Khang Khoa Lan Linh Long Mai Nam Nga
Nghĩa Nhung Phong Phúc Phương Quân Quỳnh Sơn Tâm Thảo Thành Thủy Tiến Trang Trung Tú Tuấn Uyên Vân Việt Vinh Yến Đạt Điệp Ân`
)

var (
	given    = strings.Fields(givenNames)
	surnames = madeSurnames()
	families = strings.Fields(familyNames)
	middles  = strings.Fields(middleNames)
	calls    = strings.Fields(callNames)
)

func madeSurnames() []string {
	var list []string
	for _, end := range strings.Split(surnameEnds, "|") {
		for _, root := range strings.Fields(surnameRoots) {
			list = append(list, root+strings.TrimSpace(end))
		}
	}
	return list
}

// personName gives the i-th name; each is there once. Every fifth is Vietnamese.
func personName(i int) string {
	if i%5 == 0 {
		return vietnameseName(i / 5)
	}
	i -= i/5 + 1
	kinds := len(given) * len(surnames)
	surname := scatter(i%len(surnames), len(surnames))
	name := given[(i/len(surnames)+31*surname)%len(given)] + " "
	if round := i / kinds; round > 0 { // past the plain names come initials
		name += fmt.Sprintf("%c. ", 'A'+round%26)
		if round >= 26 {
			name += fmt.Sprintf("%c. ", 'A'+round/26%26)
		}
	}
	return name + surnames[surname]
}

func vietnameseName(i int) string {
	call := i % len(calls)
	middle := (i/len(calls) + 7*call) % len(middles)
	rest := i / (len(calls) * len(middles))
	// The family names hold repetitions, for their frequency; a second middle name keeps the full names apart.
	name := families[(i+rest)%len(families)] + " "
	if rest > 0 {
		name += middles[rest%len(middles)] + " "
	}
	if more := rest / len(middles); more > 0 {
		name += calls[more%len(calls)] + " "
	}
	return name + middles[middle] + " " + calls[call]
}

func publisherName(i int) string {
	if i%6 == 0 {
		return "Nhà xuất bản " + calls[i/6%len(calls)] + " " + calls[(i/6/len(calls)+i/6*3)%len(calls)]
	}
	return surnames[scatter(i%len(surnames), len(surnames))] + []string{" Press", " & Co.", " Books", " House", " Editions"}[i%5]
}

// Member is a synthetic reader.
type Member struct {
	Card, Name, Email, Category string
}

// Cards and barcodes look like printed ones (14 digits, 2 for people and 3 for copies), of a range of their own for each seed
// of a thousand: 28 and 38 in front, which libraries' printers do not give out.

// Barcode gives the barcode of the i-th copy.
func (l *Library) Barcode(i int) string { return fmt.Sprintf("38%03d%09d", l.seed%1000, i) }

// Member makes the i-th reader, from 0.
func (l *Library) Member(i int) Member {
	r := l.random(memberStream, i)
	m := Member{Card: fmt.Sprintf("28%03d%09d", l.seed%1000, i), Name: personName(r.IntN(200_000)), Category: "adult"}
	switch n := r.IntN(20); {
	case n < 5:
		m.Category = "student"
	case n < 8:
		m.Category = "child"
	case n < 10:
		m.Category = "senior"
	}
	if r.IntN(3) > 0 {
		m.Email = fmt.Sprintf("reader%d.%d@example.org", l.seed, i)
	}
	return m
}

// Condition gives the i-th copy's: most can be lent, a few wait to be, or are out of order or missing. at chooses among a
// number of branches, the first of which has most.
func (l *Library) Condition(i, branches int) (status string, at int) {
	r := l.random(copyStream, i)
	if branches > 1 && r.IntN(3) == 0 {
		at = 1 + r.IntN(branches-1)
	}
	switch n := r.IntN(200); {
	case n < 3:
		return "in_process", at
	case n < 4:
		return "on_order", at
	case n < 5:
		return "damaged", at
	case n < 7:
		return "missing", at
	}
	return "available", at
}

// Copies says how many copies the i-th title has when the library has a number of them in all: popular titles have many, most
// have one or two, and the sum is exact.
func (l *Library) Copies(total int) func(i int) int {
	of := share(l.titles, total, 0.5, 50)
	return func(i int) int { return of(scatter(i, l.titles)) }
}
