package cdn

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// importMap is the one of a page, with the digest of its text as policies write it.
type importMap struct {
	Imports, Integrity map[string]string
	digest             string
}

// mapOf reads a page's import map and checks that the policy lets it be read by browsers.
func mapOf(t *testing.T, page, policy string) importMap {
	t.Helper()
	found := regexp.MustCompile(`<script type="importmap">(.*?)</script>`).FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("%d import maps in\n%s", len(found), page)
	}
	var m importMap
	if err := json.Unmarshal([]byte(found[0][1]), &m); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(found[0][1]))
	m.digest = "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	if !strings.Contains(policy, "'"+m.digest+"'") {
		t.Errorf("the policy does not let the import map in: %s", policy)
	}
	return m
}

func TestAPolicyIsWidenedByWhatIsNeededAndNoMore(t *testing.T) {
	for _, test := range []struct{ policy, scripts, origin, want string }{
		{"default-src 'self'", "'sha256-x'", "", "default-src 'self'; script-src 'self' 'sha256-x'"},
		{"default-src 'self'; script-src 'none'", "'sha256-x'", "", "default-src 'self'; script-src 'sha256-x'"},
		{"default-src 'none'; script-src 'self';", "'sha256-x'", "https://c", "default-src 'none'; script-src 'self' 'sha256-x' https://c; style-src https://c; img-src https://c; font-src https://c"},
		{"default-src 'self'", "", "", "default-src 'self'"},
		{"frame-ancestors 'none'", "'sha256-x'", "https://c", "frame-ancestors 'none'"},
	} {
		if got := widen(test.policy, test.scripts, test.origin); got != test.want {
			t.Errorf("%s\nbecame\n%s\nwant\n%s", test.policy, got, test.want)
		}
	}
}
