package balancer

import "strings"

// pattern is a compiled comparison string in which * stands for any number of
// characters and ? for exactly one.
type pattern struct {
	text    string
	wild    []bool // which bytes of text are wildcards
	literal bool   // none is
	fold    bool   // compare without regard to case
}

// newPattern compiles a comparison string. With escapes, a backslash takes a
// following wildcard's meaning away, as query string conditions have it.
func newPattern(s string, fold, escapes bool) pattern {
	if fold {
		s = lower(s)
	}
	p := pattern{fold: fold, literal: true}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, wild := s[i], s[i] == '*' || s[i] == '?'
		if escapes && c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0 {
			i++
			c = s[i]
		}
		b.WriteByte(c)
		p.wild = append(p.wild, wild)
		p.literal = p.literal && !wild
	}
	p.text = b.String()
	return p
}

// match reports whether the whole of s is what the pattern says. It goes back
// to the last star only, so it takes at most len(s)*len(pattern) steps.
func (p pattern) match(s string) bool {
	if p.fold {
		s = lower(s)
	}
	if p.literal {
		return s == p.text
	}
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case j < len(p.text) && p.wild[j] && p.text[j] == '*':
			star, mark = j, i
			j++
		case j < len(p.text) && (p.wild[j] || p.text[j] == s[i]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p.text) && p.wild[j] && p.text[j] == '*' {
		j++
	}
	return j == len(p.text)
}

// lower folds ASCII only: rules apply to visible ASCII characters.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return fold(s)
		}
	}
	return s
}

func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
