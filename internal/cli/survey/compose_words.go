package survey

import (
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"
)

// composeProblem puts what Compose's loader says of a file into words that need
// no knowledge of the loader.
func composeProblem(dir, file string, err error) error {
	file = filepath.Base(file)
	text := within(dir, err.Error())
	for _, noise := range []string{"validating " + file + ": ", "failed to parse " + file + ": ", "yaml: "} {
		text = strings.Replace(text, noise, "", 1)
	}
	if _, cause, ok := strings.Cut(text, " found by default file discovery is invalid: "); ok {
		text = cause
	}
	if key, ok := strings.CutSuffix(text, " false schema"); ok {
		text = "Compose has no key " + key
	}
	return wrong(file, text, "mend it; `docker compose config` checks it, too")
}

// within names the files of a text by their place in the directory.
func within(dir, text string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return text
	}
	return strings.ReplaceAll(text, abs+string(filepath.Separator), "")
}

// listen turns the loader's log lines, such as variables that are not set, into
// notes. The loader knows no logger but the process's.
func (f *Found) listen(dir string) (restore func()) {
	log := logrus.StandardLogger()
	out, hooks := log.Out, log.ReplaceHooks(logrus.LevelHooks{})
	log.SetOutput(discard{})
	log.AddHook(hook{f, dir})
	return func() {
		log.SetOutput(out)
		log.ReplaceHooks(hooks)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

type hook struct {
	f   *Found
	dir string
}

// Levels implements logrus.Hook.
func (hook) Levels() []logrus.Level { return []logrus.Level{logrus.WarnLevel, logrus.ErrorLevel} }

// Fire implements logrus.Hook.
func (h hook) Fire(e *logrus.Entry) error {
	if strings.Contains(e.Message, "the attribute `version` is obsolete") {
		return nil // true of every older file, and nothing to do with this
	}
	h.f.note("compose file: %s", within(h.dir, strings.TrimSpace(e.Message)))
	return nil
}
