package config

import "fmt"

// Error is a setting that cannot be used. Its text is one line for the person who wrote the setting.
type Error struct {
	Key     string // the setting, such as server.address
	Value   string // what was given; empty when the value is a secret or does not matter
	Origin  string // where it was given: a file, a variable, a flag
	Problem string // what is wrong with it
	Mend    string // what to do about it
}

// Error gives the line: where, which key, what is wrong, what to do.
func (e *Error) Error() string {
	text := e.Key
	if e.Value != "" {
		text += fmt.Sprintf(": %q", e.Value)
	}
	if e.Origin != "" {
		text += " (from " + e.Origin + ")"
	}
	return text + " " + e.Problem + "; " + e.Mend
}
