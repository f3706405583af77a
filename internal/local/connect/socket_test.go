package connect

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// TestStrangers answers nothing to who has no token.
func TestStrangers(t *testing.T) {
	l := start(t)
	for _, p := range []agent.Preface{{Token: "guess", Kind: agent.Metadata}, {Kind: agent.Connect, Name: "catalog"}} {
		if _, err := l.dial(p); !errors.Is(err, io.EOF) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	c, err := net.Dial("unix", l.socket)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if b, err := io.ReadAll(c); len(b) != 0 && err == nil {
		t.Errorf("%q", b)
	}
	if c, err := l.dial(agent.Preface{Token: Token(key, web), Kind: "strange"}); err == nil {
		if b, _ := io.ReadAll(c); len(b) != 0 {
			t.Errorf("%q", b)
		}
	}
}

// TestListen replaces a dead socket only.
func TestListen(t *testing.T) {
	path := t.TempDir() + "/run/agent.sock"
	first, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("a living one: %v", err)
	}
	// A region that was killed leaves its file.
	_ = first.(*socket).UnixListener.Close()
	second, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = first.Close() // must not take the successor's file
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	_ = second.Close()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
	if _, err := Listen("/" + strings.Repeat("x", 200)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long path: %v", err)
	}
}
