package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// broken is a stream that takes nothing.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

// A full disk must not look like success; a reader that has had enough is none.
func TestLostOutputIsAFailure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ecsail.yaml")
	if err := os.WriteFile(file, []byte("app: shop\nservices: {web: {image: \"nginx:1\"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"check", "--json"}, {"graph"}, {"graph", "--format", "dot"}, {"schema"}, {"version"}, {"help"}, {"help", "up"}} {
		if args[0] != "help" {
			args = append(args, "-f", file)
		}
		if code, said := into(broken{syscall.ENOSPC}, args); code != 1 || !strings.Contains(said, "no space left on device") || strings.Count(said, "\n") != 1 {
			t.Errorf("%v: exit code %d, said %q", args, code, said)
		}
	}
	if code, said := into(broken{syscall.EPIPE}, []string{"graph", "-f", file}); code != 0 || said != "" {
		t.Errorf("graph into a closed pipe: exit code %d, said %q", code, said)
	}
	o := output{w: broken{errors.New("first")}}
	_, _ = o.Write(nil)
	o.w = broken{errors.New("second")}
	if _, _ = o.Write(nil); o.failure().Error() != "write the output: first" {
		t.Errorf("%v", o.failure())
	}
}

func into(out broken, args []string) (code int, said string) {
	var e bytes.Buffer
	code = Main(args, strings.NewReader(""), out, &e, func(string) string { return "" })
	return code, e.String()
}
