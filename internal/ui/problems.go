package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/ecsail/ecsail/internal/diag"
)

// Problems writes every problem with its source line, and counts them.
func Problems(w io.Writer, t Theme, list diag.List) {
	for _, p := range list {
		problem(w, t, p)
	}
	if len(list) > 0 {
		fmt.Fprintln(w, list.Summary())
	}
}

func problem(w io.Writer, t Theme, p diag.Problem) {
	kind := t.Bad(p.Severity.String() + ":")
	if p.Severity == diag.Warning {
		kind = t.Warn(p.Severity.String() + ":")
	}
	parts := []string{kind, p.Message}
	if p.Path != "" {
		parts = []string{kind, p.Path + ":", p.Message}
	}
	if at := p.Position(); at != "" {
		parts = append([]string{t.Bold(at + ":")}, parts...)
	}
	fmt.Fprintln(w, strings.Join(parts, " "))
	if source, caret := p.Excerpt(); source != "" {
		fmt.Fprintf(w, "  %s\n  %s\n", source, t.Bad(caret))
	}
	if p.Fix != "" {
		fmt.Fprintf(w, "  %s %s\n", t.Good("fix:"), strings.ReplaceAll(p.Fix, "\n", "\n       "))
	}
}
