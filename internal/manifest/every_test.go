package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), DefaultFile)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoadEvery(t *testing.T) {
	file := write(t, `
app: shop
environments: {prod: {services: {web: {cpu: 300}}}, staging: {}}
services: {web: {image: "nginx:1"}}
`)
	views := LoadEvery(file, Options{})
	if len(views) != 2 || views[0].Env != "prod" || views[1].Env != "staging" {
		t.Fatalf("views: %+v", views)
	}
	if views[0].Manifest != nil || !strings.Contains(views[0].Problems.Error(), "300 is no Fargate CPU size") {
		t.Errorf("prod: %+v", views[0])
	}
	if m := views[1].Manifest; m == nil || m.Env != "staging" || views[1].Problems.HasErrors() {
		t.Errorf("staging: %+v", views[1])
	}
	if one := LoadEvery(file, Options{Env: "staging"}); len(one) != 1 || one[0].Env != "staging" || one[0].Manifest == nil {
		t.Errorf("only staging: %+v", one)
	}
	none := LoadEvery(write(t, "app: shop\nservices: {web: {image: \"nginx:1\"}}\n"), Options{})
	if len(none) != 1 || none[0].Env != DefaultEnv || none[0].Manifest == nil {
		t.Errorf("without environments: %+v", none)
	}
}

func TestWhatCannotBeReadSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		"":                         "the manifest's name is empty|name the file",
		dir:                        "this is a directory and not a file|" + filepath.Join(dir, DefaultFile),
		filepath.Join(dir, "none"): "there is no such file|ecsail init",
		write(t, strings.Repeat("a: b\n", 1<<18)): "larger than a manifest may be|is this the right file?",
		filepath.Join(write(t, ""), "below"):      "the file cannot be read: not a directory|mend that",
	} {
		message, fix, _ := strings.Cut(want, "|")
		for _, v := range LoadEvery(path, Options{}) {
			if p := v.Problems[0]; !strings.Contains(p.Message, message) || !strings.Contains(p.Fix, fix) {
				t.Errorf("%s: %s (%s)", path, p.Message, p.Fix)
			}
		}
	}
}
