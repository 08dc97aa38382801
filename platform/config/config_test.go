package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// defaults is the file that is built into the program.
func defaults(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEveryKeyHasAFieldAndEveryFieldAKey(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal(defaults(t), &document); err != nil {
		t.Fatal(err)
	}
	written := map[string]*yaml.Node{}
	leafNodes(document.Content[0], "", written)
	known := Keys()
	for key := range written {
		if !slices.Contains(known, key) {
			t.Errorf("config.yaml has %s, which no field of Config reads", key)
		}
	}
	for _, key := range known {
		if written[key] == nil {
			t.Errorf("Config has %s, which config.yaml does not show with its default", key)
		}
	}
}

func TestEveryKeyIsExplained(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal(defaults(t), &document); err != nil {
		t.Fatal(err)
	}
	written := map[string]*yaml.Node{}
	leafNodes(document.Content[0], "", written)
	sentence := regexp.MustCompile(`^# .{20,}\.$`)
	for key, node := range written {
		lines := strings.Split(node.HeadComment, "\n")
		if !sentence.MatchString(lines[len(lines)-1]) {
			t.Errorf("%s has no line above it that says what it is and why, ending with a full stop: %q", key, node.HeadComment)
		}
	}
}

// leafNodes collects the key node (which carries the comment) of every leaf below a mapping.
func leafNodes(mapping *yaml.Node, prefix string, found map[string]*yaml.Node) {
	for i := 0; i < len(mapping.Content); i += 2 {
		name, value := mapping.Content[i], mapping.Content[i+1]
		if value.Kind == yaml.MappingNode {
			leafNodes(value, prefix+name.Value+".", found)
			continue
		}
		found[prefix+name.Value] = name
	}
}

func TestNoTwoKeysShareAVariable(t *testing.T) {
	seen := map[string]string{}
	for _, key := range Keys() {
		if other, taken := seen[EnvName(key)]; taken {
			t.Errorf("%s and %s are both %s", key, other, EnvName(key))
		}
		seen[EnvName(key)] = key
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{
		"server.adress":          "server.address",
		"sever.address":          "server.address",
		"library.timezone":       "library.time_zone",
		"telemetry.loglevel":     "telemetry.log_level",
		"database.embedded.date": "database.embedded.data",
		"zzz":                    "",
	} {
		if got := nearest(word, Keys()); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
