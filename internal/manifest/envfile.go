package manifest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/ecsail/ecsail/internal/diag"
)

// maxEnvFile is the largest env file read: a task definition has 64 KB in all.
const maxEnvFile = 64 << 10

// envPair is one line of an env file.
type envPair struct {
	key, value string
	line       int
}

// readEnvFile reads a file of KEY=value lines in Compose's notation:
// https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
func (c *checker) readEnvFile(name string, p *path) []envPair {
	full := name
	if !filepath.IsAbs(name) {
		full = filepath.Join(c.dir, name)
	}
	data, err := readBounded(full)
	if err != nil {
		c.errf(p, "the path is relative to the manifest", "the env file %q cannot be read: %v", name, unwrapPath(err))
		return nil
	}
	pairs, bad := parseEnvFile(string(data))
	for _, b := range bad {
		c.list.Add(diag.Problem{File: full, Line: b.line, Column: 1, Message: b.value, Fix: "write KEY=value, one a line; # starts a comment"})
	}
	for _, pair := range pairs {
		c.checkPlainValue(pair.key, pair.value, func(message, fix string) {
			c.list.Add(diag.Problem{File: full, Line: pair.line, Column: 1, Path: p.String(), Message: message, Fix: fix})
		})
	}
	return pairs
}

// readBounded reads a file that has to be small.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxEnvFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxEnvFile:
		return nil, fmt.Errorf("it is larger than %d KB, and so is every task definition that would hold it", maxEnvFile>>10)
	case !utf8.Valid(data):
		return nil, errors.New("it is not UTF-8 text")
	}
	return data, nil
}

// parseEnvFile reads the lines; bad holds a message by line for those that are
// no assignment. Values are literal: nothing in them is interpolated.
func parseEnvFile(text string) (pairs, bad []envPair) {
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i := 0; i < len(lines); i++ {
		number := i + 1
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		key = strings.TrimSpace(key)
		if !ok || !formats["env-key"].fits(key) {
			bad = append(bad, envPair{line: number, value: "this line is not KEY=value"})
			continue
		}
		value = strings.TrimSpace(value)
		for openQuote(value) && i+1 < len(lines) {
			i++
			value += "\n" + strings.TrimSuffix(lines[i], "\r")
		}
		if openQuote(value) {
			bad = append(bad, envPair{line: number, value: "the quotes that start on this line have no end"})
			continue
		}
		pairs = append(pairs, envPair{key: key, value: unquote(value), line: number})
	}
	return pairs, bad
}

// closing is the index of the quote that ends a quoted value, or -1.
func closing(value string) int {
	for i := 1; i < len(value); i++ {
		switch {
		case value[i] == '\\' && value[0] == '"':
			i++
		case value[i] == value[0]:
			return i
		}
	}
	return -1
}

// quotedValue reports a value that starts with a quote.
func quotedValue(value string) bool {
	return value != "" && (value[0] == '"' || value[0] == '\'')
}

// openQuote reports a quoted value that goes on in the next line.
func openQuote(value string) bool { return quotedValue(value) && closing(value) < 0 }

// unquote drops quotes, escapes within double ones, and a trailing comment.
func unquote(value string) string {
	if !quotedValue(value) {
		if at := strings.Index(value, " #"); at >= 0 {
			value = strings.TrimSpace(value[:at])
		}
		return value
	}
	inner := value[1:closing(value)]
	if value[0] == '\'' {
		return inner
	}
	return strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`).Replace(inner)
}
