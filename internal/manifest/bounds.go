package manifest

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// outOfBounds returns the token at which a file goes beyond what is worth
// parsing: the parser recurses into what is nested, and its time grows with the
// square of the keys of one map.
func outOfBounds(tokens token.Tokens) (*token.Token, string) {
	var b bounds
	for i, tk := range tokens {
		if tk.Position.Line != b.line {
			b.line, b.row = tk.Position.Line, 0
		}
		if b.nest(tk); len(b.flow) > maxDepth || b.row > maxDepth || b.indent(tk) {
			return tk, fmt.Sprintf("nested more than %d levels deep", maxDepth)
		}
		if tk.Type == token.MappingValueType && i > 0 && b.key(tokens[i-1].Position.Column) > maxKeys {
			return tk, fmt.Sprintf("more than %d keys in one map", maxKeys)
		}
	}
	return nil, ""
}

// bounds follows the nesting of tokens.
type bounds struct {
	flow  []int       // keys so far in each open bracket
	block map[int]int // keys so far in the block map of each column
	deep  int         // the last block key's column
	line  int
	row   int // openers in a row on one line: "- - - a"
}

// nest follows brackets and what else opens a level.
func (b *bounds) nest(tk *token.Token) {
	switch tk.Type {
	case token.MappingStartType, token.SequenceStartType:
		b.flow = append(b.flow, 0)
	case token.MappingEndType, token.SequenceEndType:
		if len(b.flow) > 0 {
			b.flow = b.flow[:len(b.flow)-1]
		}
	case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType, token.MappingValueType:
		if len(b.flow) == 0 {
			b.row++
		}
	}
}

// indent reports a key further to the right than any nesting leads.
func (b *bounds) indent(tk *token.Token) bool {
	return tk.Type == token.MappingValueType && tk.Position.IndentNum > 4*maxDepth
}

// key counts a key and returns the keys of its map so far.
func (b *bounds) key(column int) int {
	if n := len(b.flow); n > 0 {
		b.flow[n-1]++
		return b.flow[n-1]
	}
	if b.block == nil {
		b.block = map[int]int{}
	}
	if column < b.deep {
		for c := range b.block {
			if c > column {
				delete(b.block, c)
			}
		}
	}
	b.deep = column
	b.block[column]++
	return b.block[column]
}
