package survey

import (
	"path/filepath"
	"slices"
	"strings"
)

// The longest names that a manifest takes.
const (
	maxApp     = 24
	maxService = 40
)

// appName is the directory's name as an application's.
func appName(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	return name(filepath.Base(abs), "app", maxApp)
}

// name makes of any text a name that a manifest takes: lower-case letters,
// digits and single hyphens, a letter first.
func name(text, fallback string, max int) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', b.Len() > 0 && r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := b.String()
	if len(out) > max {
		out = out[:max]
	}
	if out = strings.Trim(out, "-"); out == "" {
		return fallback
	}
	return out
}

func sorted(words []string) []string {
	slices.Sort(words)
	return words
}
