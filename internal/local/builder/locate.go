package builder

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// instructions parses the Dockerfile; nil if it cannot be parsed.
func (s *Source) instructions() []*parser.Node {
	r, err := parser.Parse(bytes.NewReader(s.dockerfile.content))
	if err != nil {
		return nil
	}
	return r.AST.Children
}

// classicLine is the line of the classic builder's step k, which counts all
// instructions, and after them the labels that we add.
func (s *Source) classicLine(k int) int {
	all := s.instructions()
	if k < 1 || k > len(all) {
		return 0
	}
	return all[k-1].StartLine
}

// stepName splits a name like "[linux/amd64 build  2/12] RUN make".
var stepName = regexp.MustCompile(`^\[(?:\S+/\S+ +)?(?:([a-z][\w.-]*) +)? *(\d+)/(\d+)\]`)

// buildKitLine is the line of a step as BuildKit names it: the stage, and the
// how-manieth of those of the stage's instructions that make a layer.
func (s *Source) buildKitLine(name string) int {
	m := stepName.FindStringSubmatch(name)
	if m == nil {
		return 0
	}
	for i, st := range stages(s.instructions()) {
		if m[1] != "" && m[1] != st.name(i) {
			continue
		}
		if k := number(m[2]); k >= 1 && k <= len(st.steps) && len(st.steps) == number(m[3]) {
			return st.steps[k-1].StartLine
		}
	}
	return 0
}

// stage is a part of a Dockerfile that begins with FROM.
type stage struct {
	as    string
	steps []*parser.Node
}

func (s stage) name(i int) string {
	if s.as != "" {
		return s.as
	}
	return "stage-" + strconv.Itoa(i)
}

// stages counts steps as BuildKit does: FROM is one if it fetches an image.
// https://github.com/moby/buildkit/blob/v0.31.2/frontend/dockerfile/dockerfile2llb/convert.go
func stages(all []*parser.Node) []stage {
	var out []stage
	names := map[string]bool{"scratch": true}
	for _, n := range all {
		switch strings.ToLower(n.Value) {
		case "from":
			words := words(n)
			st := stage{}
			if len(words) == 3 && strings.EqualFold(words[1], "as") {
				st.as = strings.ToLower(words[2])
			}
			if len(words) > 0 && !names[strings.ToLower(words[0])] {
				st.steps = append(st.steps, n)
			}
			names[st.as] = true
			out = append(out, st)
		case "run", "copy", "add", "workdir":
			if len(out) > 0 {
				out[len(out)-1].steps = append(out[len(out)-1].steps, n)
			}
		}
	}
	return out
}

// words are an instruction's arguments.
func words(n *parser.Node) []string {
	var out []string
	for w := n.Next; w != nil; w = w.Next {
		out = append(out, w.Value)
	}
	return out
}
