package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"bookvault/platform/problem"
)

// change is a field of a PATCH body (RFC 7396): left out, null, or a value.
type change[T any] struct {
	given, null bool
	value       T
}

// UnmarshalJSON notes that the field was given; encoding/json calls it for null too.
func (c *change[T]) UnmarshalJSON(data []byte) error {
	c.given, c.null = true, string(data) == "null"
	if c.null {
		return nil
	}
	return json.Unmarshal(data, &c.value)
}

// Schema is the value's, and null.
func (c change[T]) Schema(r huma.Registry) *huma.Schema {
	schema := *r.Schema(reflect.TypeFor[T](), true, "")
	schema.Nullable = true
	return &schema
}

// orZero gives nil when the field was left out, and the zero value for null.
func (c change[T]) orZero() *T {
	if !c.given {
		return nil
	}
	return &c.value
}

// needed is orZero for a field that cannot be null.
func (c change[T]) needed(path string) (*T, error) {
	if c.null {
		return nil, problem.InvalidField(path, "cannot be null")
	}
	return c.orZero(), nil
}
