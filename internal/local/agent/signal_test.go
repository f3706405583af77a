//go:build unix

package agent

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRun ends at a SIGTERM, though a connection is open.
func TestRun(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	region(t, socket)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	c := Config{Region: "unix:" + socket, Token: "secret"}
	asked := make(chan bool)
	go func() {
		ended <- run(t.Context(), c, io.Discard, func() (net.Listener, error) { return l, nil }, func(net.Conn) (netip.AddrPort, error) {
			asked <- true
			return netip.MustParseAddrPort(MetadataAddress), nil
		})
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	terminate(t, ended)
	if b, _ := io.ReadAll(conn); len(b) != 0 {
		t.Errorf("%q", b)
	}
	if err := Run(t.Context(), Config{}, io.Discard); err == nil {
		t.Error("an empty configuration was taken")
	}
}

func terminate(t *testing.T, ended chan error) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWithoutRules says what is missing, and stays all the same; on another
// system than Linux there is no sense in that.
func TestWithoutRules(t *testing.T) {
	var out safeBuffer
	c := Config{Region: "unix:s", Token: "secret"}
	ended := make(chan error)
	go func() {
		ended <- run(t.Context(), c, &out, func() (net.Listener, error) { return nil, errors.New("not permitted") }, nil)
	}()
	const want = "agent: the task has no metadata, no credentials and no Service Connect: not permitted\n"
	until(t, func() bool { return out.String() == want })
	terminate(t, ended)
	err := run(t.Context(), c, io.Discard, func() (net.Listener, error) { return nil, errSystem }, nil)
	if !errors.Is(err, errSystem) {
		t.Error(err)
	}
}
