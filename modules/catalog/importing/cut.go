package importing

import "bytes"

// cutter finds the fields of one record. It knows RFC 4180 and what real files do besides: quotes inside a bare value are
// part of it; inside a quoted value a quote that neither ends it nor is doubled is part of it too, but remembered.
type cutter struct {
	delimiter byte
	eol       byte     // '\n' (with or without '\r' before it), or '\r' alone in old files
	fields    [][]byte // of the last record; good until the window moves
	oddQuotes bool     // a quote stood where RFC 4180 has none
	unescaped []byte
}

// cutResult says how cutting a record went.
type cutResult int

const (
	cutWhole    cutResult = iota // the record is there, with its line end
	cutShort                     // the record goes on behind the bytes that were given
	cutUnclosed                  // the file ended inside quotes
)

// record cuts the record at the start of data. It gives its length with the line end. ended means that nothing follows data.
func (c *cutter) record(data []byte, ended bool) (int, cutResult) {
	c.fields, c.unescaped, c.oddQuotes = c.fields[:0], c.unescaped[:0], false
	for at := 0; ; {
		start := at
		for start < len(data) && data[start] == ' ' {
			start++
		}
		var next int
		var how cutResult
		if start < len(data) && data[start] == '"' {
			next, how = c.quoted(data, start+1, ended)
		} else {
			next, how = c.plain(data, at, ended)
		}
		if how != cutWhole {
			return 0, how
		}
		if next >= len(data) || data[next] != c.delimiter { // a line end, or the end of the file
			return min(next+c.lineEnd(data[min(next, len(data)):]), len(data)), cutWhole
		}
		if at = next + 1; at == len(data) {
			if !ended {
				return 0, cutShort
			}
			c.fields = append(c.fields, nil) // the file ends behind a delimiter
			return at, cutWhole
		}
	}
}

// plain cuts a value without quotes around it and gives the place of the delimiter or line end behind it.
func (c *cutter) plain(data []byte, from int, ended bool) (int, cutResult) {
	for i := from; i < len(data); i++ {
		switch data[i] {
		case c.delimiter:
			c.fields = append(c.fields, data[from:i])
			return i, cutWhole
		case c.eol:
			end := i
			if end > from && data[end-1] == '\r' {
				end--
			}
			c.fields = append(c.fields, data[from:end])
			return end, cutWhole
		}
	}
	if !ended {
		return 0, cutShort
	}
	c.fields = append(c.fields, bytes.TrimRight(data[from:], "\r"))
	return len(data), cutWhole
}

// quoted cuts a value whose opening quote stands before from.
func (c *cutter) quoted(data []byte, from int, ended bool) (int, cutResult) {
	start := len(c.unescaped)
	for i := from; ; {
		q := bytes.IndexByte(data[i:], '"')
		if q < 0 {
			if ended {
				return 0, cutUnclosed
			}
			return 0, cutShort
		}
		q += i
		if q+1 == len(data) && !ended {
			return 0, cutShort
		}
		if q+1 < len(data) && data[q+1] == '"' {
			c.unescaped = append(c.unescaped, data[i:q+1]...)
			i = q + 2
			continue
		}
		next, closes, known := c.closing(data, q+1, ended)
		if !known {
			return 0, cutShort
		}
		if !closes {
			c.oddQuotes = true
			c.unescaped = append(c.unescaped, data[i:q+1]...)
			i = q + 1
			continue
		}
		if len(c.unescaped) == start { // nothing was unescaped: no copy is needed
			c.fields = append(c.fields, data[i:q])
		} else {
			c.unescaped = append(c.unescaped, data[i:q]...)
			c.fields = append(c.fields, c.unescaped[start:len(c.unescaped):len(c.unescaped)])
		}
		return next, cutWhole
	}
}

// closing says whether a quote before at ends its value: only spaces may stand between it and a delimiter or line end.
func (c *cutter) closing(data []byte, at int, ended bool) (next int, closes, known bool) {
	for at < len(data) && data[at] == ' ' && c.delimiter != ' ' {
		at++
	}
	if at == len(data) {
		return at, true, ended
	}
	switch {
	case data[at] == c.delimiter || data[at] == c.eol:
		return at, true, true
	case data[at] == '\r':
		if at+1 == len(data) {
			return at, true, ended
		}
		return at, data[at+1] == '\n', true
	}
	return at, false, true
}

// bare cuts one line with quotes as plain characters.
func (c *cutter) bare(line []byte) {
	c.fields, c.oddQuotes = c.fields[:0], false
	line = bytes.TrimRight(line, "\r\n")
	for {
		i := bytes.IndexByte(line, c.delimiter)
		if i < 0 {
			c.fields = append(c.fields, line)
			return
		}
		c.fields = append(c.fields, line[:i])
		line = line[i+1:]
	}
}

// lineEnd gives the length of the line end at the start of rest.
func (c *cutter) lineEnd(rest []byte) int {
	switch {
	case len(rest) == 0:
		return 0
	case rest[0] == '\r' && c.eol == '\n':
		return 2
	}
	return 1
}

// delimiters that a file may have, in the order in which a tie is decided.
var delimiters = []byte{',', '\t', ';', '|'}

// declaredDelimiter reads the line "sep=;" that spreadsheets put first, and gives its length.
func declaredDelimiter(head []byte) (delimiter byte, length int) {
	rest, ok := bytes.CutPrefix(head, []byte("sep="))
	if !ok || len(rest) < 2 {
		return 0, 0
	}
	end := bytes.IndexByte(rest, '\n')
	if end < 1 || len(bytes.TrimRight(rest[1:end], "\r")) > 0 || bytes.IndexByte(delimiters, rest[0]) < 0 {
		return 0, 0
	}
	return rest[0], len("sep=") + end + 1
}

// detectDelimiter cuts the first rows with each candidate and takes the one under which they have the same length, and
// among those the one that makes the most columns.
func detectDelimiter(head []byte, eol byte) byte {
	const rows = 20
	best, bestScore := delimiters[0], 0
	for _, d := range delimiters {
		c := cutter{delimiter: d, eol: eol}
		columns, same, seen := 0, 0, 0
		for rest := head; len(rest) > 0 && seen < rows; {
			n, how := c.record(rest, len(head) < 32<<10)
			if how != cutWhole || n == 0 {
				break
			}
			if seen == 0 {
				columns = len(c.fields)
			} else if len(c.fields) == columns {
				same++
			}
			seen++
			rest = rest[n:]
		}
		if columns < 2 {
			continue
		}
		if score := 1000*(same+1)/seen + min(columns, 100); score > bestScore {
			best, bestScore = d, score
		}
	}
	return best
}
