package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/ecsail/ecsail/internal/diag"
)

// DefaultFile is the manifest's usual name.
const DefaultFile = "ecsail.yaml"

// DefaultEnv is the environment when none is chosen.
const DefaultEnv = "dev"

// Options choose what a manifest is read for.
type Options struct {
	Env    string            // environment; empty: dev
	Region string            // overrides the file's
	Images map[string]string // image by service, in place of the file's image or build
}

// Load reads a manifest file as one environment sees it. The manifest is nil
// when the list holds an error; warnings alone leave it usable.
func Load(path string, opts Options) (*Manifest, diag.List) {
	r := newReporter(path)
	data, ok := r.readFile(path)
	if !ok {
		return nil, r.list
	}
	return r.load(data, filepath.Dir(path), opts)
}

// Parse is Load for bytes at hand; dir is where relative paths start.
func Parse(name string, data []byte, dir string, opts Options) (*Manifest, diag.List) {
	return newReporter(name).load(data, dir, opts)
}

// readFile reads little more than the bound, however large the file is.
func (r *reporter) readFile(path string) ([]byte, bool) {
	f, err := os.Open(path)
	switch {
	case path == "":
		r.whole("the manifest's name is empty", "name the file with `--file FILE`; without it that is "+DefaultFile)
		return nil, false
	case errors.Is(err, fs.ErrNotExist):
		r.whole("there is no such file", "run `ecsail init` to write one, or name the file with `--file FILE`")
		return nil, false
	case err != nil:
		return nil, r.unreadable(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		r.whole("this is a directory and not a file", "name the file in it: `-f "+filepath.Join(path, DefaultFile)+"`")
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, r.unreadable(err)
	}
	return data, true
}

// unreadable reports a file that is there and that cannot be read.
func (r *reporter) unreadable(err error) bool {
	r.whole("the file cannot be read: "+unwrapPath(err).Error(), "mend that, or name another file with `--file FILE`")
	return false
}

// unwrapPath drops the operation and the path, which the problem names itself.
func unwrapPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// load is the way of a manifest: bytes, tree, overlay, defaults, schema types,
// resolved manifest, validation.
func (r *reporter) load(data []byte, dir string, opts Options) (*Manifest, diag.List) {
	tree := r.parseYAML(bytes.TrimPrefix(data, []byte("\ufeff")))
	if tree == nil {
		return nil, r.done()
	}
	tree = normalise(tree, reflect.TypeFor[rawManifest]())
	d := &decoder{reporter: r, bad: map[*node]bool{}}
	d.known = names{app: scalarText(tree.get("app")), env: d.chooseEnv(tree, opts.Env)}
	d.decodeAlone(tree)

	merged := withDefaults(withOverlay(tree, tree.get("environments").get(d.known.env)))
	var raw rawManifest
	d.decode(merged, reflect.ValueOf(&raw).Elem(), &keyMeta{}, nil)

	c := &checker{reporter: r, tree: merged, bad: d.bad, raw: &raw, dir: dir}
	c.m = c.resolve(opts, d.known.env)
	c.m.Environments = declared(tree)
	c.validate(opts)
	if r.list.HasErrors() {
		return nil, r.done()
	}
	c.m.splitRoutes()
	c.m.origin = &origin{r, merged}
	return c.m, r.done()
}

// decodeAlone looks at the file without its overlays, and at each overlay by
// itself, so that what another environment overrides or adds is checked too.
// What it finds again in the merged file is reported once.
func (d *decoder) decodeAlone(tree *node) {
	d.partial = true
	defer func() { d.partial = false }()
	chosen := d.known.env
	for _, e := range tree.get("environments").pairs() {
		d.known.env = e.name
		d.checkOverlay(e, tree.get("services"))
		var body rawBody
		if e.value.kind != nullKind {
			own := e.value
			if own.kind == mapKind {
				own = own.filtered(func(k entry) bool { return bodyKey(k.name) })
			}
			d.decode(own, reflect.ValueOf(&body).Elem(), &keyMeta{}, root("environments", e.name))
		}
	}
	d.known.env = chosen
	var raw rawManifest
	base := *tree
	base.entries = append([]entry(nil), tree.entries...)
	if tree.get("environments").pairs() != nil {
		base.drop("environments")
	}
	d.decode(&base, reflect.ValueOf(&raw).Elem(), &keyMeta{}, nil)
}

// checkOverlay checks an environment's name and that it only overrides services.
func (d *decoder) checkOverlay(e entry, services *node) {
	if form := formats["env-name"]; !form.fits(e.name) {
		d.add(e.pos, root("environments", e.name), "", form.complaint(e.name), form.hint)
	}
	for _, key := range []string{"app", "environments"} {
		if n := e.value.get(key); n != nil {
			d.add(n.keyed(), root("environments", e.name, key), "", fmt.Sprintf("`%s` cannot differ between environments", key), "remove it here")
		}
	}
	for _, s := range e.value.get("services").pairs() {
		if services.get(s.name) == nil {
			d.add(s.pos, root("environments", e.name, "services", s.name), "",
				fmt.Sprintf("the service %q is not declared under `services`; an environment overrides services and adds none, because their image repositories are shared", s.name),
				firstOf(didYouMeanOnly(s.name, keysOf(services)), "declare it under `services`, and set `count: 0` where it shall not run"))
		}
	}
}

// chooseEnv is the environment to load.
func (d *decoder) chooseEnv(tree *node, asked string) string {
	envs := declared(tree)
	env := asked
	if env == "" {
		env = DefaultEnv
	}
	at := tree.get("environments")
	switch {
	case len(envs) == 0 && asked == "":
	case len(envs) == 0:
		if form := formats["env-name"]; !form.fits(env) {
			d.whole(form.complaint(env), form.hint)
		}
	case at.get(env) != nil:
	case asked == "":
		d.add(at.keyed(), root("environments"), "", fmt.Sprintf("no environment is chosen and the default, %s, is not declared here", DefaultEnv),
			"choose one with -e: "+strings.Join(envs, ", "))
	default:
		d.add(at.keyed(), root("environments"), asked, fmt.Sprintf("there is no environment %q", asked), didYouMean(asked, envs))
	}
	return env
}

// declared are the names under environments, in order.
func declared(tree *node) []string {
	names := keysOf(tree.get("environments"))
	if len(names) == 0 {
		return nil
	}
	return names
}

// pairs are the entries of a map; anything else has none.
func (n *node) pairs() []entry {
	if n == nil {
		return nil
	}
	return n.entries
}

// keysOf are the keys of a map in order.
func keysOf(n *node) []string {
	seen := map[string]bool{}
	for _, e := range n.pairs() {
		seen[e.name] = true
	}
	return sortedKeys(seen)
}

// scalarText is a scalar's text, or nothing.
func scalarText(n *node) string {
	if n == nil || !n.scalar() {
		return ""
	}
	return n.text
}

// didYouMeanOnly suggests the nearest word and nothing else.
func didYouMeanOnly(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf("did you mean `%s`?", best)
	}
	return ""
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
