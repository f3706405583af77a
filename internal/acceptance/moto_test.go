package acceptance

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startMoto serves an empty account of the independent emulator and returns its
// address. The wire tests never skip: without moto they fail and say how to
// get it.
func startMoto(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("moto_server")
	if err != nil {
		bin, err = filepath.Abs("../../.venv/bin/moto_server")
		if err == nil {
			_, err = os.Stat(bin)
		}
	}
	if err != nil {
		t.Fatal("moto_server is neither in PATH nor in .venv: run `make moto`")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // moto takes the port over; nobody else here listens on random ports
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(bin, "-H", "127.0.0.1", "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	url := "http://" + addr
	for range 300 {
		if resp, err := http.Get(url + "/moto-api/"); err == nil {
			_ = resp.Body.Close()
			return url
		}
		time.Sleep(100 * time.Millisecond) // another process starting: real time
	}
	t.Fatalf("moto did not answer at %s", url)
	return ""
}
