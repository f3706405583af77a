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
	doomed(w, t, t.Bad("With the data they hold"), data)
	doomed(w, t, t.Bold("Everything else"), rest)
	fmt.Fprintf(w, "%s\n", t.Bold(Count(len(p.Steps), "resource")+" to destroy."))
}

// doomed writes one part of what is destroyed, in columns.
func doomed(w io.Writer, t Theme, title string, steps []*engine.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintln(w, title)
	addrs := make([]string, len(steps))
	for i, s := range steps {
		addrs[i] = string(s.Addr)
	}
	width := longest(48, addrs)
	for i, s := range steps {
		fmt.Fprintf(w, "  %s  %s\n", t.Bad("- delete"), strings.TrimRight(pad(addrs[i], width)+"  "+physical(s), " "))
	}
	fmt.Fprintln(w)
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

// physical is the name of a step's resource on AWS, where it says more than the
// address.
func physical(s *engine.Step) string {
	l := s.Live()
	if l == nil {
		return ""
	}
	id := l.ARN
	if parts := strings.SplitN(id, ":", 6); parts[0] == "arn" && len(parts) == 6 {
		id = parts[5] // after partition, service, region and account
	}
	if strings.EqualFold(id, s.Addr.Name()) || strings.EqualFold(id, string(s.Addr)) {
		return ""
	}
	return id
}
