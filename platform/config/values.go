package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
)

// set reads a raw value (a YAML scalar or list, or text from the environment or a flag) into the setting's field.
func (s setting) set(raw any, origin string) error {
	if raw == nil {
		return &Error{Key: s.key, Origin: origin, Problem: "has no value", Mend: "give one, or leave the key out"}
	}
	if s.value.Kind() == reflect.Slice {
		words, err := list(raw)
		if err != nil {
			return s.refuse(raw, origin, "is not a list", `write [a, b] or a,b`)
		}
		s.value.Set(reflect.ValueOf(words))
		return nil
	}
	switch raw.(type) {
	case []any, map[string]any:
		return s.refuse(raw, origin, "is not a single value", "write one value after the key")
	}
	text := strings.TrimSpace(fmt.Sprint(raw))
	problem, mend := s.parse(text)
	if problem != "" {
		return s.refuse(text, origin, problem, mend)
	}
	return nil
}

// parse reads text into a field that is no list; it answers what is wrong and the mend, or nothing.
func (s setting) parse(text string) (problem, mend string) {
	switch {
	case s.value.Type() == durationType:
		return parseBounded(s, text, time.ParseDuration, "is not a duration", "write a number with a unit, such as 500ms, 5s or 2m")
	case s.value.Type() == sizeType:
		return parseBounded(s, text, ParseSize, "is not a size", "write a whole number with a unit, such as 32KiB or 64MiB")
	case s.value.Kind() == reflect.Int:
		return parseBounded(s, text, strconv.Atoi, "is not a whole number", "write digits only, such as 100")
	case s.value.Kind() == reflect.Float64:
		number := func(t string) (float64, error) { return strconv.ParseFloat(t, 64) }
		return parseBounded(s, text, number, "is not a number", "write a number such as 0.5")
	case s.value.Kind() == reflect.Bool:
		truth, err := strconv.ParseBool(text)
		if err != nil {
			return "is neither true nor false", "write true or false"
		}
		s.value.SetBool(truth)
		return "", ""
	case s.value.Kind() == reflect.String:
		words := strings.Fields(s.tag.Get("oneof"))
		if len(words) > 0 && !slices.Contains(words, text) {
			return "is not one of the words for this setting", "write " + strings.Join(words, ", ")
		}
		s.value.SetString(text)
		return "", ""
	}
	panic("config: no reader for settings of type " + s.value.Type().String())
}

// parseBounded reads a number-like value and holds it to the field's min and max tags, written as a person would write it.
func parseBounded[T int | float64 | Size | time.Duration](s setting, text string, read func(string) (T, error), problem, mend string) (string, string) {
	value, err := read(text)
	if err != nil {
		return problem, mend
	}
	if low, set := s.tag.Lookup("min"); set {
		if bound, err := read(low); err != nil || value < bound {
			return "is too small", "the least is " + low
		}
	}
	if high, set := s.tag.Lookup("max"); set {
		if bound, err := read(high); err != nil || value > bound {
			return "is too large", "the most is " + high
		}
	}
	s.value.Set(reflect.ValueOf(value).Convert(s.value.Type()))
	return "", ""
}

// list reads a YAML list, or text: "[a, b]" as YAML (for values that hold commas), else split at commas.
func list(raw any) ([]string, error) {
	switch given := raw.(type) {
	case []any:
		words := make([]string, 0, len(given))
		for _, word := range given {
			words = append(words, fmt.Sprint(word))
		}
		return words, nil
	case string:
		text := strings.TrimSpace(given)
		if strings.HasPrefix(text, "[") {
			parsed, err := yaml.Parser().Unmarshal([]byte("list: " + text))
			if err != nil {
				return nil, fmt.Errorf("read list %q: %w", text, err)
			}
			return list(parsed["list"])
		}
		words := []string{}
		for word := range strings.SplitSeq(text, ",") {
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
		return words, nil
	}
	return nil, fmt.Errorf("a %T is no list", raw)
}

// refuse builds the error for a value; a secret's value stays unsaid.
func (s setting) refuse(raw any, origin, problem, mend string) error {
	value := fmt.Sprint(raw)
	if s.tag.Get("secret") == "true" {
		value = "(hidden)"
	}
	return &Error{Key: s.key, Value: value, Origin: origin, Problem: problem, Mend: mend}
}
