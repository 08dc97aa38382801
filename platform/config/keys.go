package config

import (
	"reflect"
	"strings"
)

// EnvPrefix begins every environment variable that is a setting.
const EnvPrefix = "BOOKVAULT_"

// FileVariable names a settings file, as --config does; it is the one variable with the prefix that is no key.
const FileVariable = EnvPrefix + "CONFIG"

// setting is one leaf of Config: its full key, its field and the field's tags.
type setting struct {
	key   string
	value reflect.Value
	tag   reflect.StructTag
}

// settings lists every leaf of the configuration, in the order of the file.
func settings(c *Config) []setting {
	return walk(reflect.ValueOf(c).Elem(), "")
}

func walk(section reflect.Value, prefix string) []setting {
	var found []setting
	for i := range section.NumField() {
		field := section.Type().Field(i)
		name, named := field.Tag.Lookup("key")
		if !named {
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			found = append(found, walk(section.Field(i), prefix+name+".")...)
			continue
		}
		found = append(found, setting{key: prefix + name, value: section.Field(i), tag: field.Tag})
	}
	return found
}

// Keys lists every key that a file, the environment or a flag may set.
func Keys() []string {
	var keys []string
	for _, s := range settings(&Config{}) {
		keys = append(keys, s.key)
	}
	return keys
}

// EnvName gives the environment variable of a key: server.address is BOOKVAULT_SERVER_ADDRESS.
func EnvName(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// nearest finds the candidate that takes the fewest edits from word, or "" when all are too far to be what was meant.
func nearest(word string, candidates []string) string {
	best, fewest := "", len(word)/2+1
	for _, candidate := range candidates {
		if edits := distance(word, candidate); edits < fewest {
			best, fewest = candidate, edits
		}
	}
	return best
}

// distance is Levenshtein's: insertions, deletions and replacements of one byte between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
