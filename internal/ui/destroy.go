package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/ecsail/ecsail/internal/engine"
)

// Destruction writes what a plan of deletions destroys: first each thing that
// holds data, by name, then the rest by kind.
func Destruction(w io.Writer, t Theme, h Header, p *engine.Plan) {
	fmt.Fprintf(w, "%s\n\n", t.Bold("To be destroyed: "+h.String()))
	data, rest := split(p)
	if len(data) > 0 {
		fmt.Fprintln(w, t.Bad("With the data they hold"))
		for _, s := range data {
			fmt.Fprintf(w, "  %s  %s\n", t.Bad("- delete"), described(s))
		}
		fmt.Fprintln(w)
	}
	if len(rest) > 0 {
		fmt.Fprintln(w, t.Bold("Everything else"))
		for _, s := range rest {
			fmt.Fprintf(w, "  %s  %s\n", t.Bad("- delete"), described(s))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s\n", t.Bold(Count(len(p.Steps), "resource")+" to destroy."))
}

func split(p *engine.Plan) (data, rest []*engine.Step) {
	for _, s := range p.Steps {
		if s.Data {
			data = append(data, s)
		} else {
			rest = append(rest, s)
		}
	}
	return data, rest
}

// described names a step's resource: its address and, where the two differ, its
// name on AWS.
func described(s *engine.Step) string {
	text := string(s.Addr)
	l := s.Live()
	if l == nil || l.ARN == "" {
		return text
	}
	id := l.ARN
	if parts := strings.SplitN(id, ":", 6); parts[0] == "arn" && len(parts) == 6 {
		id = parts[5] // after partition, service, region and account
	}
	if id == "" || strings.EqualFold(id, s.Addr.Name()) || strings.EqualFold(id, text) {
		return text
	}
	return text + "  " + id
}
