package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
)

// Sources are the places that settings come from, weakest first.
type Sources struct {
	Defaults []byte            // config.yaml as built into the program
	File     string            // a settings file, or "" for the one that FileVariable names, if any
	Environ  []string          // NAME=value, as os.Environ gives it
	Flags    map[string]string // key -> value, from the command line
}

// Load merges the sources, refuses keys that do not exist and values that cannot be, and returns the whole configuration.
// Every error is an *Error: one line that names the key and the mend.
func Load(s Sources) (*Config, error) {
	merged := loader{tree: koanf.New("."), origins: map[string]string{}}
	if err := merged.yaml(s.Defaults, "config.yaml"); err != nil {
		return nil, err
	}
	if err := merged.file(s.fileName()); err != nil {
		return nil, err
	}
	if err := merged.environment(s.Environ); err != nil {
		return nil, err
	}
	if err := merged.flags(s.Flags); err != nil {
		return nil, err
	}
	c := &Config{}
	for _, setting := range settings(c) {
		if err := setting.set(merged.tree.Get(setting.key), merged.origins[setting.key]); err != nil {
			return nil, err
		}
	}
	if err := c.check(merged.origins); err != nil {
		return nil, err
	}
	return c, nil
}

func (s Sources) fileName() string {
	if s.File != "" {
		return s.File
	}
	for _, variable := range s.Environ {
		if value, found := strings.CutPrefix(variable, FileVariable+"="); found {
			return value
		}
	}
	return ""
}

// loader lays one source over the others and remembers which one set each key.
type loader struct {
	tree    *koanf.Koanf
	origins map[string]string
}

func (l *loader) yaml(text []byte, origin string) error {
	layer := koanf.New(".")
	if err := layer.Load(rawbytes.Provider(text), yaml.Parser()); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return &Error{Key: origin, Problem: "is not YAML: " + first, Mend: "mend that line"}
	}
	return l.lay(layer, func(string) string { return origin })
}

func (l *loader) file(name string) error {
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Key: name, Problem: "does not exist",
			Mend: "give the path of a settings file to --config or " + FileVariable}
	}
	if err != nil {
		return &Error{Key: name, Problem: "cannot be read: " + err.Error(), Mend: "give the user who runs BookVault the right to read it"}
	}
	return l.yaml(text, name)
}

func (l *loader) environment(environ []string) error {
	keys := map[string]string{}
	for _, key := range Keys() {
		keys[EnvName(key)] = key
	}
	var unknown []string
	provider := env.Provider(".", env.Opt{
		Prefix:      EnvPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, known := keys[name]
			if !known && name != FileVariable {
				unknown = append(unknown, name)
			}
			return key, value
		},
	})
	layer := koanf.New(".")
	if err := layer.Load(provider, nil); err != nil {
		return fmt.Errorf("read settings from the environment: %w", err)
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return unknownKey(unknown[0], "the environment", slices.Sorted(maps.Keys(keys)))
	}
	return l.lay(layer, func(key string) string { return EnvName(key) })
}

func (l *loader) flags(flags map[string]string) error {
	values := map[string]any{}
	for key, value := range flags {
		values[key] = value
	}
	layer := koanf.New(".")
	if err := layer.Load(confmap.Provider(values, "."), nil); err != nil {
		return fmt.Errorf("read settings from the command line: %w", err)
	}
	return l.lay(layer, func(string) string { return "the command line" })
}

// lay puts a layer on top, once all its keys are known ones.
func (l *loader) lay(layer *koanf.Koanf, origin func(key string) string) error {
	known := Keys()
	for _, key := range layer.Keys() {
		if slices.Contains(known, key) {
			l.origins[key] = origin(key)
			continue
		}
		if emptySection(key, layer, known) {
			layer.Delete(key)
			continue
		}
		return unknownKey(key, origin(key), known)
	}
	if err := l.tree.Merge(layer); err != nil {
		return fmt.Errorf("merge settings of %s: %w", origin(""), err)
	}
	return nil
}

// emptySection tells a section whose keys are all commented out (server: with nothing under it) from a wrong key.
func emptySection(key string, layer *koanf.Koanf, known []string) bool {
	inside := func(k string) bool { return strings.HasPrefix(k, key+".") }
	return layer.Get(key) == nil && slices.ContainsFunc(known, inside)
}

func unknownKey(key, origin string, known []string) error {
	mend := "see config.yaml for the keys"
	if meant := nearest(key, known); meant != "" {
		mend = "did you mean " + meant + "?"
	}
	return &Error{Key: key, Origin: origin, Problem: "is no setting of BookVault", Mend: mend}
}
