package cli

import (
	"errors"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/resource"
)

// compile makes the wanted graph; what the manifest asks and the facts do not
// allow comes back as problems of the manifest.
func compile(m *manifest.Manifest, f model.Facts) (*resource.Graph, error) {
	g, err := model.Compile(m, f)
	if problems := compileProblems(m, err); len(problems) > 0 {
		return nil, problems
	}
	return g, err
}

// compileProblems turns the compiler's joined errors into problems.
func compileProblems(m *manifest.Manifest, err error) diag.List {
	var list diag.List
	for _, e := range flatten(err) {
		var in *model.InputError
		if errors.As(e, &in) {
			list.Add(m.Locate(diag.Problem{File: m.File, Path: in.Path, Message: in.Message, Fix: in.Fix}))
		}
	}
	return list
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}
