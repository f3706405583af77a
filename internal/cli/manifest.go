package cli

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/util/suggest"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/ui"
)

// load reads the manifest as the chosen environment sees it and shows its
// warnings. Its errors are a diag.List.
func (a *app) load(images []string) (*manifest.Manifest, error) {
	byService, err := parseImages(images)
	if err != nil {
		return nil, err
	}
	m, problems := manifest.Load(a.flags.file, manifest.Options{Env: a.flags.env, Region: a.flags.region, Images: byService})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	ui.Problems(a.err, a.errTheme, problems)
	return m, nil
}

// parseImages reads --image NAME=REF.
func parseImages(flags []string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range flags {
		name, ref, ok := strings.Cut(f, "=")
		if !ok || name == "" || ref == "" {
			return nil, inputf("--image %s: write it as NAME=REF, such as web=ghcr.io/acme/web:1.4", f)
		}
		if _, twice := out[name]; twice {
			return nil, inputf("--image %s: the service %s has an image already", f, name)
		}
		out[name] = ref
	}
	return out, nil
}

// unknownService is the error of a flag that names no service.
func unknownService(flag, name string, m *manifest.Manifest) error {
	if name == "" || slices.Contains(m.ServiceNames(), name) {
		return nil
	}
	if best, ok := suggest.Search(name, m.ServiceNames(), false); ok {
		return inputf("--%s %s: there is no such service; did you mean %s?", flag, name, best)
	}
	return inputf("--%s %s: there is no such service, only %s", flag, name, strings.Join(m.ServiceNames(), ", "))
}

// unbuilt are the services that have a build and no image yet.
func unbuilt(m *manifest.Manifest) []string {
	return slices.DeleteFunc(m.ServiceNames(), func(n string) bool { return m.Services[n].Image != "" })
}

// needImages refuses services that only have a build.
func needImages(m *manifest.Manifest) error {
	var list diag.List
	for _, n := range unbuilt(m) {
		list.Add(m.Locate(diag.Problem{File: m.File, Path: "services." + n + ".build",
			Message: "images are built with --local only, so far, and this service has no image",
			Fix:     "pass --image " + n + "=REF, or write `image:` in place of `build:`"}))
	}
	return list.Err()
}
