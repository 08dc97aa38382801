package rest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"bookvault/platform/problem"
)

// Page is every list of the API: the items, and the cursor of the next page, null on the last.
type Page[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Send it back as cursor for the next page; null on the last one."`
}

// Command is embedded by the input of every operation that may be sent again safely.
type Command struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"Made up by the client for one command: sent again with the same key, it has one effect and the same answer."`
}

// cursorSum is how many bytes of a hash guard a cursor.
const cursorSum = 9

// EncodeCursor seals the place where a page ended, v, for the list named by scope (everything that decides the list: route,
// filters, order). A cursor is no secret; the seal finds those that were cut, made up, or belong to another list.
func EncodeCursor(scope string, v any) string {
	place, err := json.Marshal(v)
	if err != nil {
		panic("rest: a cursor that is not JSON: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(append(seal(scope, place), place...))
}

// DecodeCursor opens a cursor of the list named by scope into v. The error is a problem that names query.cursor.
func DecodeCursor(scope, cursor string, v any) error {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= cursorSum || string(seal(scope, raw[cursorSum:])) != string(raw[:cursorSum]) || json.Unmarshal(raw[cursorSum:], v) != nil {
		return problem.Invalid("invalid_cursor", "This cursor does not belong to this list. Start again without one.",
			problem.Field{Field: "query.cursor", Detail: "must be a next_cursor of the same list"})
	}
	return nil
}

func seal(scope string, place []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "bookvault cursor 1\n%d\n%s\n", len(scope), scope)
	h.Write(place)
	return h.Sum(nil)[:cursorSum]
}

// NextLink is the Link header (RFC 8288) of the page after this one: the same address with the cursor; "" for none.
func NextLink(ctx context.Context, cursor *string) string {
	r, ok := ctx.Value(requestKey{}).(request)
	if !ok || cursor == nil {
		return ""
	}
	query := r.url.Query()
	query.Set("cursor", *cursor)
	return "<" + r.url.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
}

// ETag of a row version: "7".
func ETag(version int32) string { return `"` + strconv.Itoa(int(version)) + `"` }

var versionTag = regexp.MustCompile(`^(?:W/)?"?(\d{1,9})(?:-[a-z]+)?"?$`)

// IfMatch reads the row version from an If-Match header: "7", "7-gzip" (as a compressed answer was tagged), W/"7" or 7. An
// empty header is answered by PreconditionRequired, since an edit without it could undo another's; * gives 0, "any version".
func IfMatch(header string) (int32, error) {
	header = strings.TrimSpace(header)
	switch header {
	case "":
		return 0, problem.New(problem.PreconditionRequired, "if_match_needed",
			"Send If-Match with the version that you edited (its ETag), so that nobody's change is lost.")
	case "*":
		return 0, nil
	}
	m := versionTag.FindStringSubmatch(header)
	if m == nil {
		return 0, problem.InvalidField("header.If-Match", "must be one ETag as this resource answered it")
	}
	n, _ := strconv.Atoi(m[1]) // at most nine digits
	return int32(n), nil
}

// NoneMatch tells whether an If-None-Match header names the given ETag, by weak comparison (RFC 9110, 13.1.2).
func NoneMatch(header, etag string) bool {
	for _, candidate := range strings.Split(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
