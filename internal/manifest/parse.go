package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. They are far above any real manifest and keep a hostile one
// (an alias bomb, a million brackets) from eating the machine.
const (
	maxBytes = 1 << 20
	maxDepth = 64
	maxNodes = 200_000
	maxKeys  = 2_000 // of one map
)

// parseYAML turns the bytes into a tree, or reports why it cannot.
func (r *reporter) parseYAML(data []byte) *node {
	if !r.checkBytes(data) {
		return nil
	}
	file, err := parseFile(string(data))
	if err != nil {
		r.syntaxError(err)
		return nil
	}
	body := r.onlyDocument(file)
	if body == nil {
		return nil
	}
	c := &converter{reporter: r, anchors: map[string]*node{}, open: map[string]bool{}}
	tree := c.convert(body, 0)
	if c.refused {
		return nil
	}
	r.parsed = true
	if tree.kind != mapKind {
		r.problem(tree, nil, fmt.Sprintf("the file holds %s where a map with keys is needed", tree.kind),
			"start with `app: NAME` and `services:`; `ecsail init` writes a first manifest")
		return nil
	}
	return tree
}

// checkBytes refuses what is not worth parsing and keeps the lines for messages.
func (r *reporter) checkBytes(data []byte) bool {
	if len(data) > maxBytes {
		r.whole(fmt.Sprintf("the file is larger than a manifest may be, %d bytes (1 MiB)", maxBytes),
			"is this the right file? Large values belong in an env_file or in Parameter Store")
		return false
	}
	r.lines = strings.Split(string(data), "\n")
	for i, line := range r.lines {
		if utf8.ValidString(line) && !strings.ContainsRune(line, 0) {
			continue
		}
		col := utf8.RuneCountInString(line[:invalidAt(line)]) + 1
		r.add(pos{i + 1, col, 1}, nil, "", "the file is not UTF-8 text", "save it as UTF-8")
		if bytes.ContainsRune(data, 0) {
			r.lines = nil // UTF-16 or no text at all: no part of it can be shown
		}
		return false
	}
	if len(bytes.TrimSpace(data)) == 0 {
		r.whole("the file is empty", "`ecsail init` writes a first manifest")
		return false
	}
	return true
}

// invalidAt is the index of the first byte that is no text.
func invalidAt(line string) int {
	for i, c := range line {
		if c == 0 || c == utf8.RuneError {
			return i
		}
	}
	return 0
}

// parseFile runs the YAML parser after a look at the bounds.
func parseFile(text string) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, fmt.Errorf("the YAML parser gives up on this file: %v", p)
		}
	}()
	tokens := lexer.Tokenize(text)
	if tk, message := outOfBounds(tokens); tk != nil {
		return nil, &yaml.SyntaxError{Message: message, Token: tk}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// onlyDocument returns the body of the one document of the file.
func (r *reporter) onlyDocument(file *ast.File) ast.Node {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if _, ok := doc.Body.(*ast.DirectiveNode); ok {
			continue
		}
		if body != nil {
			tk := firstToken(doc.Body)
			r.add(pos{tk.Position.Line, tk.Position.Column, 1}, nil, "", "a second YAML document starts here; a manifest is one document",
				"remove the `---` line, or keep each application in its own file and choose it with `-f`")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		r.whole("the file holds only comments", "`ecsail init` writes a first manifest")
	}
	return body
}

// firstToken is the token that a node starts with.
func firstToken(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return firstToken(m.Values[0].Key)
	}
	return n.GetToken()
}

// syntaxError explains what the parser refused.
func (r *reporter) syntaxError(err error) {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil {
		r.whole(err.Error(), "")
		return
	}
	if line, col, ok := r.tabIndent(); ok {
		r.add(pos{line, col, 1}, nil, "", "a tab indents this line; YAML allows only spaces", "replace each tab with two spaces")
		return
	}
	at := syntax.Token.Position
	fix := ""
	for _, known := range syntaxFixes {
		if fix == "" && strings.Contains(syntax.Message, known.part) {
			fix = known.fix
		}
	}
	r.add(pos{at.Line, max(at.Column, 1), 1}, nil, "", "this is no valid YAML: "+syntax.Message, fix)
}

// syntaxFixes turns the parser's messages into advice.
var syntaxFixes = []struct{ part, fix string }{
	{"mapping value is not allowed", "put the value in quotes if it contains `: `, or start the nested map on its own line"},
	{"value is not allowed in this context", "indent this line like the other keys of its map"},
	{"non-map value", "a map's keys cannot be mixed with list items; check the indentation"},
	{"end token", "close the bracket"},
	{"end character of", "close the quotes"},
	{"reserved character", "put the value in quotes"},
	{"nested", "nothing in a manifest is nested that deep"},
	{"keys in one map", "nothing in a manifest has so many"},
}

// tabIndent finds the first line that a tab indents.
func (r *reporter) tabIndent() (line, col int, ok bool) {
	for i, text := range r.lines {
		indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		if at := strings.IndexByte(indent, '\t'); at >= 0 && len(indent) < len(strings.TrimRight(text, "\r")) {
			return i + 1, at + 1, true
		}
	}
	return 0, 0, false
}
