//go:build unix

package agent

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRun ends at a SIGTERM, though a connection is open, and although no
// address but one could be bound.
func TestRun(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	region(t, socket)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	ended := make(chan error)
	c := Config{Socket: socket, Token: "secret", Aliases: []Alias{{Name: "db", Address: "127.0.0.1", Port: int32(port)}}}
	go func() { ended <- Run(t.Context(), c, io.Discard) }()
	var conn net.Conn
	until(t, func() bool { conn, err = net.Dial("tcp", free.Addr().String()); return err == nil })
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if b, _ := io.ReadAll(conn); len(b) != 0 {
		t.Errorf("%q", b)
	}
	if err := Run(t.Context(), Config{}, io.Discard); err == nil {
		t.Error("an empty configuration was taken")
	}
}
