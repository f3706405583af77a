package diag

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func sample() List {
	var l List
	l.Add(Problem{Severity: Warning, File: "ecsail.yaml", Line: 20, Column: 3, Path: "services.web", Message: "later in the file"})
	l.Add(Problem{File: "ecsail.yaml", Line: 12, Column: 10, Path: "services.web.cpu", Value: "300", Message: "300 is no Fargate CPU size",
		Fix: "use 256 or 512", Source: "    cpu: 300", Width: 3})
	l.Add(Problem{File: "ecsail.yaml", Message: "the whole file"})
	l.Add(Problem{File: "ecsail.yaml", Message: "the whole file"})
	l.Sort()
	return l
}

func TestRender(t *testing.T) {
	var b strings.Builder
	if err := Render(&b, sample()); err != nil {
		t.Fatal(err)
	}
	want := `ecsail.yaml: error: the whole file
ecsail.yaml:12:10: error: services.web.cpu: 300 is no Fargate CPU size
      cpu: 300
           ^^^
  fix: use 256 or 512
ecsail.yaml:20:3: warning: services.web: later in the file
2 errors, 1 warning
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestRenderOfNothing(t *testing.T) {
	var b strings.Builder
	if err := Render(&b, nil); err != nil || b.String() != "" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// failing is a writer whose disk is full.
type failing struct{}

var errFull = errors.New("full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestRenderReportsWriteErrors(t *testing.T) {
	if err := Render(failing{}, sample()); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := map[string]struct {
		p             Problem
		source, caret string
	}{
		"tabs keep their width":    {Problem{Source: "\ta: b", Column: 5, Width: 1}, "\ta: b", "\t   ^"},
		"letters count, not bytes": {Problem{Source: "é: é", Column: 4, Width: 1}, "é: é", "   ^"},
		"width ends with the line": {Problem{Source: "a: b", Column: 4, Width: 99}, "a: b", "   ^"},
		"after the end":            {Problem{Source: "a:", Column: 3}, "a:", "  ^"},
		"column beyond the line":   {Problem{Source: "a:", Column: 9}, "", ""},
		"no column":                {Problem{Source: "a:"}, "", ""},
		"no source":                {Problem{Column: 1}, "", ""},
		"carriage return":          {Problem{Source: "a\r\n", Column: 1}, "a", "^"},
		"terminal codes":           {Problem{Source: "a\x1b[31m", Column: 1}, "a\ufffd[31m", "^"},
		"start of a long line":     {Problem{Source: long, Column: 1}, long[:120], "^"},
		"middle of a long line":    {Problem{Source: long, Column: 200}, long[:120], strings.Repeat(" ", 60) + "^"},
	}
	for name, tt := range tests {
		if source, caret := tt.p.Excerpt(); source != tt.source || caret != tt.caret {
			t.Errorf("%s: got\n%q\n%q, want\n%q\n%q", name, source, caret, tt.source, tt.caret)
		}
	}
}

func TestJSON(t *testing.T) {
	out, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	var back List
	if err := json.Unmarshal(out, &back); err != nil {
		t.Fatal(err)
	}
	if len(back) != 3 || back[1].Severity != Error || back[2].Severity != Warning || back[1].Line != 12 || back[1].Value != "300" {
		t.Errorf("came back as %+v", back)
	}
	if out, err := json.Marshal(List(nil)); err != nil || string(out) != "[]" {
		t.Errorf("nothing is %s, %v", out, err)
	}
	var s Severity
	if err := s.UnmarshalText([]byte("fatal")); err == nil {
		t.Error("an unknown severity was read")
	}
}

func TestErr(t *testing.T) {
	warnings := sample().Of(Warning)
	if warnings.Err() != nil || warnings.HasErrors() || len(warnings) != 1 {
		t.Errorf("warnings count as errors: %v", warnings.Err())
	}
	var l List
	l.Append(sample())
	l.Append(sample())
	if err := l.Err(); err == nil || len(l) != 3 || strings.Count(err.Error(), "\n") != 2 || l.Count(Error) != 2 {
		t.Errorf("got %v", err)
	}
}
