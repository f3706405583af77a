package manifest

import (
	"bytes"
	"path/filepath"
	"reflect"

	"github.com/ecsail/ecsail/internal/diag"
)

// View is a manifest as one environment sees it.
type View struct {
	Env      string
	Manifest *Manifest // nil when there are errors
	Problems diag.List
}

// LoadEvery reads a manifest as each of its environments sees it, or only as
// the one that the options choose. There is always at least one view.
func LoadEvery(path string, opts Options) []View {
	r := newReporter(path)
	data, ok := r.readFile(path)
	if !ok {
		return []View{{Env: opts.Env, Problems: r.list}}
	}
	names := []string{opts.Env}
	if found := environmentsOf(path, data); opts.Env == "" && len(found) > 0 {
		names = found
	}
	var views []View
	for _, env := range names {
		opts.Env = env
		m, problems := Parse(path, data, filepath.Dir(path), opts)
		views = append(views, View{Env: firstOf(env, DefaultEnv), Manifest: m, Problems: problems})
	}
	return views
}

// environmentsOf are the environments that a file declares, as far as it can be
// read; its problems are reported when it is read for each of them.
func environmentsOf(path string, data []byte) []string {
	tree := newReporter(path).parseYAML(bytes.TrimPrefix(data, []byte("\ufeff")))
	return declared(normalise(tree, reflect.TypeFor[rawManifest]()))
}

// Locate gives a problem of this manifest the place of its path, or of the
// nearest thing above it.
func (m *Manifest) Locate(p diag.Problem) diag.Problem { return m.origin.locate(p) }
