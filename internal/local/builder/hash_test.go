package builder

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tagOf is the tag of a spec, which must be well formed.
func tagOf(t *testing.T, spec Spec) string {
	t.Helper()
	tag, err := Hash(t.Context(), spec)
	ok(t, err)
	if !regexp.MustCompile(`^[0-9a-f]{20}$`).MatchString(tag) {
		t.Errorf("tag %q", tag)
	}
	return tag
}

// shop is a context with some of everything.
func shop() map[string]string {
	return map[string]string{
		"Dockerfile": "FROM scratch\nCOPY . /\n", "main.go": "package main", "a/b.txt": "b", "a/empty/": "", "link": "->main.go",
		"node_modules/x/index.js": "x", ".dockerignore": "node_modules\n.dockerignore\n",
	}
}

// TestHashFollowsTheImage changes one thing at a time, and says whether the tag
// may stay as it is.
func TestHashFollowsTheImage(t *testing.T) {
	for name, c := range map[string]struct {
		same   bool
		change func(t *testing.T, dir string, s *Spec)
	}{
		"nothing":              {true, func(*testing.T, string, *Spec) {}},
		"default Dockerfile":   {true, func(_ *testing.T, _ string, s *Spec) { s.Dockerfile = "Dockerfile" }},
		"times":                {true, func(t *testing.T, d string, _ *Spec) { ok(t, os.Chtimes(d+"/main.go", time.Now(), time.Unix(1, 0))) }},
		"an ignored file":      {true, func(t *testing.T, d string, _ *Spec) { put(t, d, "node_modules/y.js", "y") }},
		"a comment in ignore":  {true, func(t *testing.T, d string, _ *Spec) { put(t, d, ".dockerignore", "# x\nnode_modules\n.dockerignore") }},
		"a socket":             {true, socket},
		"a hard link":          {true, hardLink},
		"content":              {false, func(t *testing.T, d string, _ *Spec) { put(t, d, "main.go", "package mine") }},
		"content, same time":   {false, sameTime},
		"a new file":           {false, func(t *testing.T, d string, _ *Spec) { put(t, d, "new", "") }},
		"a new directory":      {false, func(t *testing.T, d string, _ *Spec) { put(t, d, "new/", "") }},
		"a file gone":          {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Remove(d+"/a/b.txt")) }},
		"an empty folder gone": {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Remove(d+"/a/empty")) }},
		"a name":               {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Rename(d+"/main.go", d+"/Main.go")) }},
		"executable":           {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Chmod(d+"/main.go", 0o755)) }},
		"readable by less":     {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Chmod(d+"/main.go", 0o600)) }},
		"a link's target":      {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Remove(d+"/link")); put(t, d, "link", "->a") }},
		"a file for a link":    {false, func(t *testing.T, d string, _ *Spec) { ok(t, os.Remove(d+"/link")); put(t, d, "link", "main.go") }},
		"what is ignored":      {false, func(t *testing.T, d string, _ *Spec) { put(t, d, ".dockerignore", ".dockerignore\n") }},
		"Dockerfile":           {false, func(t *testing.T, d string, _ *Spec) { put(t, d, "Dockerfile", "FROM scratch\n") }},
		"another Dockerfile": {false, func(t *testing.T, d string, s *Spec) {
			put(t, d, "node_modules/D", "FROM x")
			s.Dockerfile = "node_modules/D"
		}},
		"target":                {false, func(_ *testing.T, _ string, s *Spec) { s.Target = "x" }},
		"platform":              {false, func(_ *testing.T, _ string, s *Spec) { s.Platform = "linux/arm64" }},
		"an argument":           {false, func(_ *testing.T, _ string, s *Spec) { s.Args = map[string]string{"A": "1", "B": "3"} }},
		"arguments cut else":    {false, func(_ *testing.T, _ string, s *Spec) { s.Args = map[string]string{"A": "1B", "": "2"} }},
		"no arguments":          {false, func(_ *testing.T, _ string, s *Spec) { s.Args = nil }},
		"target for a platform": {false, func(_ *testing.T, _ string, s *Spec) { s.Target, s.Platform = s.Platform, s.Target }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, shop())
			spec := Spec{Context: dir, Platform: "linux/amd64", Args: map[string]string{"A": "1", "B": "2"}}
			before := tagOf(t, spec)
			c.change(t, dir, &spec)
			if after := tagOf(t, spec); (after == before) != c.same {
				t.Errorf("before %s, after %s", before, after)
			}
		})
	}
}

func socket(t *testing.T, dir string, _ *Spec) {
	ln, err := net.Listen("unix", dir+"/s")
	ok(t, err)
	t.Cleanup(func() { _ = ln.Close() })
}

func hardLink(t *testing.T, dir string, _ *Spec) {
	ok(t, os.Remove(dir+"/a/b.txt"))
	put(t, dir, "node_modules/b", "b")
	ok(t, os.Link(dir+"/node_modules/b", dir+"/a/b.txt"))
}

func sameTime(t *testing.T, dir string, _ *Spec) {
	info, err := os.Stat(dir + "/main.go")
	ok(t, err)
	put(t, dir, "main.go", "package mine"[:len("package main")])
	ok(t, os.Chtimes(dir+"/main.go", info.ModTime(), info.ModTime()))
}

// TestHashDependsOnContentOnly makes random trees, twice each in another order
// and place, and never the same tag for two trees.
func TestHashDependsOnContentOnly(t *testing.T) {
	seen := map[string]string{}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		files := map[string]string{"Dockerfile": "FROM scratch"}
		for range rng.IntN(20) {
			path := fmt.Sprintf("d%d/d%d/f%d", rng.IntN(3), rng.IntN(3), rng.IntN(5))
			files[path] = strings.Repeat("x", rng.IntN(4))
		}
		one, two := t.TempDir(), t.TempDir()
		paths := slices.Sorted(maps.Keys(files))
		for _, p := range paths {
			put(t, one, p, files[p])
		}
		rng.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
		for _, p := range paths {
			put(t, two, p, files[p])
		}
		a, b := tagOf(t, Spec{Context: one}), tagOf(t, Spec{Context: two})
		if a != b {
			t.Errorf("seed %d: %s and %s for %v", seed, a, b, files)
		}
		if other, twice := seen[a]; twice && other != fmt.Sprint(files) {
			t.Errorf("seed %d: the tag of %s and of %v", seed, other, files)
		}
		seen[a] = fmt.Sprint(files)
	}
}

func TestPrepareExplains(t *testing.T) {
	dir := write(t, map[string]string{"Dockerfile": "FROM scratch", "file": "", "bad/Dockerfile": "FROM scratch", "bad/.dockerignore": "!\n"})
	ok(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Context: dir + "/none"}, `build context "DIR/none" does not exist: create it, or correct build.context`},
		{Spec{Context: dir + "/file"}, `build context "DIR/file" is not a directory: correct build.context`},
		{Spec{Context: dir, Dockerfile: "x/Dockerfile"}, `"DIR/x/Dockerfile" does not exist: create it, or say in build.dockerfile which file it is`},
		{Spec{Context: dir}, `"DIR/pipe" is a device or a pipe: exclude it in .dockerignore`},
		{Spec{Context: dir + "/bad"}, `DIR/bad/.dockerignore: illegal exclusion pattern: "!"`},
	} {
		_, err := Prepare(t.Context(), c.spec)
		if got := strings.ReplaceAll(fmt.Sprint(err), dir, "DIR"); got != c.want {
			t.Errorf("%+v\n got %s\nwant %s", c.spec, got, c.want)
		}
	}
	got := unreadable("x", fmt.Errorf("walk: %w", &os.PathError{Op: "open", Path: "/app/key", Err: os.ErrPermission})).Error()
	if want := `"/app/key" cannot be read (permission denied): allow it, or exclude it in .dockerignore`; got != want {
		t.Errorf("unreadable: %s", got)
	}
}
