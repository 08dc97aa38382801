package postgres

import (
	"context"
	"fmt"
	"strings"

	"bookvault/modules/members"
)

// Search lists members. Each way of finding has its index, and the union of their ids is ordered by name.
func (s *Store) Search(ctx context.Context, q members.Search) ([]members.Account, error) {
	where, args := []string{"TRUE"}, []any{}
	var ways []string
	if len(q.Words) > 0 {
		ways = append(ways, `SELECT id FROM members.members WHERE name_words @@ ?::tsquery`)
		args = append(args, prefixQuery(q.Words))
	}
	if q.CardPrefix != "" {
		ways = append(ways, `SELECT member_id FROM members.cards WHERE card_key LIKE ?`)
		args = append(args, q.CardPrefix+"%") // letters and digits only
	}
	if q.EmailPrefix != "" {
		ways = append(ways, `SELECT id FROM members.members WHERE folded_email LIKE ?`)
		args = append(args, likePrefix(q.EmailPrefix))
	}
	if len(ways) > 0 {
		where = append(where, "m.id IN ("+strings.Join(ways, " UNION ALL ")+")")
	}
	if q.After != nil {
		where = append(where, "(m.folded_name, m.id) > (?, ?)")
		args = append(args, q.After.FoldedName, q.After.ID)
	}
	var rows []memberRow
	err := s.db.Search(ctx).Raw(memberSelect+memberFrom+`WHERE `+strings.Join(where, " AND ")+` ORDER BY m.folded_name, m.id LIMIT ?`,
		append(args, q.Limit)...).Scan(&rows).Error
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
