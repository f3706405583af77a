package builder

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tonistiigi/fsutil"
)

// TestIgnore lists what is sent for various ignore files, to either builder.
func TestIgnore(t *testing.T) {
	files := map[string]string{"Dockerfile": "FROM scratch", "bin/web": "", "bin/other": "", "src/a.go": "", "src/deep/b.go": "", "src/deep/c.txt": "", "README.md": "", "x.log": ""}
	for ignore, want := range map[string]string{
		"":                                "Dockerfile README.md bin bin/other bin/web src src/a.go src/deep src/deep/b.go src/deep/c.txt x.log",
		"# all\n*\n!bin/web\n":            "bin bin/web",
		"*\n!bin/web\n!Dockerfile":        "Dockerfile bin bin/web",
		"*\n!**/*.go\n":                   "src src/a.go src/deep src/deep/b.go",
		"src\n*.log\n*.md\nDockerfile\n":  "bin bin/other bin/web",
		"**/*.go\n!src/a.go\n":            "Dockerfile README.md bin bin/other bin/web src src/a.go src/deep src/deep/c.txt x.log",
		"bin/*\nsrc/**\n!src/deep/c.txt ": "Dockerfile README.md bin src src/deep src/deep/c.txt x.log",
		"/src/\n./bin\n":                  "Dockerfile README.md x.log",
		"src/d??p\n!src/deep/b.go\nbin":   "Dockerfile README.md src src/a.go src/deep src/deep/b.go x.log",
	} {
		dir := write(t, files)
		put(t, dir, "Dockerfile.dockerignore", ignore)
		put(t, dir, ".dockerignore", "*\n")
		src, err := Prepare(t.Context(), Spec{Context: dir})
		ok(t, err)
		var listed []string
		for _, e := range src.entries {
			if !strings.HasSuffix(e.Path, ".dockerignore") {
				listed = append(listed, e.Path)
			}
		}
		if got := strings.Join(listed, " "); got != want {
			t.Errorf("%q\n got %s\nwant %s", ignore, got, want)
		}
		if got := tarred(t, src.archive()); !strings.Contains(got, "Dockerfile:FROM scratch") && !strings.Contains(got, ".dockerfile."+src.Tag+":FROM scratch") {
			t.Errorf("%q: the archive has no Dockerfile: %s", ignore, got)
		}
	}
}

// tarred is an archive as text.
func tarred(t *testing.T, a archive) string {
	t.Helper()
	r := a.stream()
	defer func() { ok(t, r.Close()) }()
	var out []string
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return strings.Join(out, " ")
		}
		ok(t, err)
		content, err := io.ReadAll(tr)
		ok(t, err)
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s has an owner", h.Name)
		}
		out = append(out, fmt.Sprintf("%s%s:%s", h.Name, h.Linkname, content))
	}
}

// TestArchiveHidesAForeignDockerfile sends a Dockerfile that is not part of the
// context such that the engine's builder does not copy it.
func TestArchiveHidesAForeignDockerfile(t *testing.T) {
	dir := write(t, map[string]string{"app/x": "1", "app/.dockerignore": "*.log", "Dockerfile": "FROM scratch"})
	src, err := Prepare(t.Context(), Spec{Context: dir + "/app", Dockerfile: "../Dockerfile"})
	ok(t, err)
	name := ".dockerfile." + src.Tag
	if got, want := tarred(t, src.archive()), name+":FROM scratch .dockerignore:"+name+"\n.dockerignore\n x:1"; got != want {
		t.Errorf("archive %q", got)
	}
	put(t, dir, "app/.dockerignore", ".dockerignore\n")
	if src, err = Prepare(t.Context(), Spec{Context: dir + "/app", Dockerfile: dir + "/Dockerfile"}); err != nil {
		t.Fatal(err)
	}
	name = ".dockerfile." + src.Tag
	if got, want := tarred(t, src.archive()), name+":FROM scratch .dockerignore:"+name+"\n.dockerignore\n x:1"; got != want {
		t.Errorf("archive %q", got)
	}
	put(t, dir, "app/sub/Dockerfile", "FROM x")
	if src, err = Prepare(t.Context(), Spec{Context: dir + "/app", Dockerfile: "sub/Dockerfile"}); err != nil {
		t.Fatal(err)
	}
	if a := src.archive(); a.name != "sub/Dockerfile" || a.extra != nil {
		t.Errorf("a Dockerfile of the context is sent as %+v", a)
	}
}

// TestWhatWasHashedIsSent changes a file after it was hashed.
func TestWhatWasHashedIsSent(t *testing.T) {
	for name, content := range map[string]string{"longer": "123456", "shorter": "12", "other": "321"} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{"Dockerfile": "FROM scratch", "x": "123"})
			src, err := Prepare(t.Context(), Spec{Context: dir})
			ok(t, err)
			put(t, dir, "x", content)
			want := fmt.Sprintf("%q changed while it was read: ", src.root+"/x")
			tree := src.tree()
			f, err := tree.Open("x")
			ok(t, err)
			_, err = io.Copy(io.Discard, f)
			if err == nil || !strings.HasPrefix(err.Error(), want) || !errors.Is(tree.failure(), err) {
				t.Errorf("read: %v, kept: %v", err, tree.failure())
			}
			if _, err := io.Copy(io.Discard, src.archive().stream()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("archive: %v", err)
			}
		})
	}
}

// TestTreeIsADirectory compares our list with the directory itself as BuildKit's
// own client walks it.
func TestTreeIsADirectory(t *testing.T) {
	dir := write(t, map[string]string{"Dockerfile": "FROM scratch", "a/b/c": "", "a/d": "", "a.txt": "", "a-b/x": "", "z": "->a", "e/": ""})
	src, err := Prepare(t.Context(), Spec{Context: dir})
	ok(t, err)
	plain, err := fsutil.NewFS(dir)
	ok(t, err)
	for _, target := range []string{"", "/", "a", "a/b", "/a/d", "z", "none"} {
		for _, skip := range []string{"", "a", "a/b", "a/d", "a.txt", "Dockerfile"} {
			if got, want := walked(t, src.tree(), target, skip), walked(t, plain, target, skip); got != want {
				t.Errorf("walk of %q skipping at %q\n got %s\nwant %s", target, skip, got, want)
			}
		}
	}
	if _, err := src.tree().Open("none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opened: %v", err)
	}
}

func walked(t *testing.T, f fsutil.FS, target, skip string) string {
	t.Helper()
	var out []string
	err := f.Walk(t.Context(), target, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		ok(t, err)
		out = append(out, fmt.Sprint(path, info.Mode(), info.Size(), d.IsDir()))
		if path == skip {
			return fs.SkipDir
		}
		return nil
	})
	ok(t, err)
	return strings.Join(slices.Clip(out), " ")
}
