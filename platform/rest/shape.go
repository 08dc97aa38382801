package rest

import (
	"fmt"
	"reflect"
	"time"
)

// checkShape panics where an operation's input or output embeds a struct whose type is not exported. encoding/json reads and writes the
// fields of such a one, but huma passes over it: parameters would never arrive, and the document would not show what is answered.
func checkShape(route Route, t reflect.Type) { walkShape(route, t, map[reflect.Type]bool{}) }

func walkShape(route Route, t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || seen[t] {
		return
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && !f.IsExported() && f.Type.Kind() == reflect.Struct {
			panic(fmt.Sprintf("rest: %s %s: %s embeds %s, which is not exported, so its fields would be passed over", route.Method, route.Path, t, f.Name))
		}
		if f.IsExported() {
			walkShape(route, f.Type, seen)
		}
	}
}
