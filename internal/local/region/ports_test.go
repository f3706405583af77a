package region

import (
	"os"
	"path/filepath"
	"testing"
)

func opened(t *testing.T, path string) *ports {
	t.Helper()
	p, err := openPorts(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantPort(t *testing.T, p *ports, balancer string, port int, secure bool, want int) {
	t.Helper()
	if got := p.of(balancer, port, secure); got != want {
		t.Errorf("%s:%d (secure %v) is %d, want %d", balancer, port, secure, got, want)
	}
}

func TestPortsStayWhatTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.json")
	p := opened(t, path)
	for range 2 {
		wantPort(t, p, "a", 80, false, 8080)
		wantPort(t, p, "a", 443, true, 8443)
		wantPort(t, p, "a", 8080, false, 8081)
		wantPort(t, p, "b", 80, false, 8082)
		wantPort(t, p, "b", 443, true, 8444)
		p = opened(t, path) // the next process
	}
	wantPort(t, p, "a", 80, true, 8080) // it was HTTP when it got its port
}

func TestPortsThatOthersHaveAreSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.json")
	p := opened(t, path)
	wantPort(t, p, "a", 80, false, 8080)
	wantPort(t, p, "b", 80, false, 8081)
	if err := p.skip("a", "127.0.0.1:8080"); err != nil {
		t.Fatal(err)
	}
	wantPort(t, p, "b", 80, false, 8081)
	wantPort(t, p, "a", 80, false, 8082)
	wantPort(t, opened(t, path), "a", 80, false, 8082)
	p.free("b")
	wantPort(t, p, "c", 80, false, 8081)
	for _, address := range []string{"8080", "127.0.0.1:http"} {
		if p.skip("a", address) == nil {
			t.Errorf("%s is no address and port", address)
		}
	}
}

func TestPortsAreFreed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.json")
	p := opened(t, path)
	wantPort(t, p, "a", 80, false, 8080)
	wantPort(t, p, "b", 80, false, 8081)
	p.free("a")
	p = opened(t, path)
	wantPort(t, p, "c", 80, false, 8080)
	wantPort(t, p, "a", 80, false, 8082)
	wantPort(t, p, "b", 80, false, 8081)
}

// A file that nobody can read costs the old addresses only.
func TestPortsOfACorruptFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.json")
	for _, text := range []string{"", "{", `{"a":{"80":8090},`, `{"a":[8090]}`, "null", `{"a":null}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantPort(t, opened(t, path), "a", 80, false, 8080)
		wantPort(t, opened(t, path), "b", 80, false, 8081)
	}
	if _, err := openPorts(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

// Where nothing can be kept, ports are given all the same.
func TestPortsWithoutAPlace(t *testing.T) {
	p := opened(t, filepath.Join(t.TempDir(), "missing", "ports.json"))
	wantPort(t, p, "a", 80, false, 8080)
	wantPort(t, p, "b", 80, false, 8081)
}
