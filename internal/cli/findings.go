package cli

import (
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
)

// found is a problem and where it is one: in these of the environments that
// were checked, or in all of them when none is named.
type found struct {
	diag.Problem
	Environments []string `json:"environments,omitempty"`
}

// findings are the problems of a manifest in every environment, each once.
type findings struct {
	order diag.List
	in    map[diag.Problem][]string // the environments that have it
	of    map[diag.Problem]int      // how many were asked
}

// look collects the problems of the file and, where it can be read, what does
// not fit together once it is compiled, and the warnings of readiness.
func look(views []manifest.View) *findings {
	f := &findings{in: map[diag.Problem][]string{}, of: map[diag.Problem]int{}}
	readable := 0
	for _, v := range views {
		if v.Manifest != nil {
			readable++
		}
	}
	for _, v := range views {
		f.add(v.Env, v.Problems, len(views))
		if v.Manifest == nil {
			continue
		}
		_, err := model.Compile(v.Manifest, model.OfflineFacts(v.Manifest))
		f.add(v.Env, compileProblems(v.Manifest, err), readable)
		f.add(v.Env, manifest.Readiness(v.Manifest), readable)
	}
	f.order.Sort()
	return f
}

func (f *findings) add(env string, list diag.List, asked int) {
	for _, p := range list {
		if !slices.Contains(f.in[p], env) {
			f.in[p] = append(f.in[p], env)
		}
		f.of[p] = max(f.of[p], asked)
		f.order.Add(p)
	}
}

// list is every problem with its environments, strictly or as it is.
func (f *findings) list(strict bool) []found {
	out := []found{}
	for _, p := range f.order {
		one := found{Problem: p}
		if len(f.in[p]) < f.of[p] {
			one.Environments = f.in[p]
		}
		if strict {
			one.Severity = diag.Error
		}
		out = append(out, one)
	}
	return out
}

// texts are the problems for people, who read in the message where it is one.
func texts(list []found) diag.List {
	var out diag.List
	for _, p := range list {
		if len(p.Environments) > 0 {
			p.Message += " (only in " + strings.Join(p.Environments, ", ") + ")"
		}
		out = append(out, p.Problem)
	}
	return out
}
