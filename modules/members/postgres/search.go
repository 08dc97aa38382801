package postgres

import (
	"context"
	"fmt"
	"strings"

	"bookvault/modules/members"
)

// Search lists members. The page's ids are found first, by the members alone; cards and blocks are read for those only. A search that has
// one way to match is a plain condition, so that PostgreSQL may walk in the order of names and stop early when much matches; several
// ways are united by their ids, each by its own index.
func (s *Store) Search(ctx context.Context, q members.Search) ([]members.Account, error) {
	where, args := []string{"TRUE"}, []any{}
	var ways []string
	if len(q.Words) > 0 {
		ways = append(ways, `p.name_words @@ ?::tsquery`)
		args = append(args, prefixQuery(q.Words))
	}
	if q.EmailPrefix != "" {
		ways = append(ways, `p.folded_email LIKE ?`)
		args = append(args, likePrefix(q.EmailPrefix))
	}
	if q.CardPrefix != "" {
		ways = append(ways, `p.id IN (SELECT member_id FROM members.cards WHERE card_key LIKE ?)`)
		args = append(args, q.CardPrefix+"%") // letters and digits only
	}
	switch {
	case len(ways) == 1:
		where = append(where, ways[0])
	case len(ways) > 1:
		where = append(where, `p.id IN (SELECT p.id FROM members.members p WHERE `+strings.Join(ways, ` UNION SELECT p.id FROM members.members p WHERE `)+`)`)
	}
	if q.After != nil {
		where = append(where, "(p.folded_name, p.id) > (?, ?)")
		args = append(args, q.After.FoldedName, q.After.ID)
	}
	page := `SELECT p.id FROM members.members p WHERE ` + strings.Join(where, " AND ") + ` ORDER BY p.folded_name, p.id LIMIT ?`
	var rows []memberRow
	err := s.db.Search(ctx).Raw(memberSelect+memberFrom+`WHERE m.id IN (`+page+`) ORDER BY m.folded_name, m.id`, append(args, q.Limit)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("search members: %w", err)
	}
	found := make([]members.Account, len(rows))
	for i, row := range rows {
		if found[i].Member, err = row.member(); err != nil {
			return nil, err
		}
		found[i].FoldedName, found[i].CardKey = row.FoldedName, row.CardKey
	}
	return found, nil
}

// prefixQuery makes the tsquery 'nguyen':* & 'th':*. Folded words hold letters and digits only, so that quoting is safe; doubling the
// quote and the backslash keeps it so should that change.
func prefixQuery(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(w) + "':*"
	}
	return strings.Join(quoted, " & ")
}

func likePrefix(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}
