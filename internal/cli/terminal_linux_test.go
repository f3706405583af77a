package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is typed goes into master, what the
// program prints comes out of it.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	size := &unix.Winsize{Row: 30, Col: 100}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// typing runs the command line on a terminal and answers each prompt, given by
// how it ends, with a line.
func typing(t *testing.T, home string, answers map[string]string, args ...string) (code int, screen string) {
	t.Helper()
	master, slave := terminal(t)
	done := make(chan string)
	go func() {
		var out bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			out.Write(buf[:n])
			for prompt, answer := range answers {
				if strings.HasSuffix(out.String(), prompt) {
					fmt.Fprintln(master, answer)
				}
			}
			if err != nil { // the other side is closed
				done <- out.String()
				return
			}
		}
	}()
	env := map[string]string{"ECSAIL_HOME": home, "TERM": "xterm"}
	code = Main(args, slave, slave, slave, func(k string) string { return env[k] })
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	screen = <-done
	if err := master.Close(); err != nil {
		t.Fatal(err)
	}
	return code, screen
}

func TestOnATerminal(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ecsail.yaml")
	text := "app: shop\nservices:\n  web: {image: \"ghcr.io/acme/web:1.0\", port: 8080, route: /}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-f", file, "--local", "--local-speed", "1000"}
	up, down := append([]string{"up"}, flags...), append([]string{"down"}, flags...)

	code, screen := typing(t, dir, map[string]string{"[y/N] ": "n"}, up...)
	if code != 1 || !strings.Contains(screen, "Nothing was changed.") {
		t.Fatalf("no: exit code %d\n%s", code, screen)
	}
	code, screen = typing(t, dir, map[string]string{"[y/N] ": "y"}, up...)
	if code != 0 || !strings.Contains(screen, "\x1b[32m+ create") || !strings.Contains(screen, "\x1b[J") {
		t.Fatalf("yes: exit code %d, in colour and redrawn?\n%s", code, screen)
	}
	if plain := ansi.Strip(screen); !strings.Contains(plain, "✓ create   LoadBalancer/main  done") || !strings.Contains(plain, "running, ") {
		t.Errorf("no live progress:\n%s", plain)
	}
	code, screen = typing(t, dir, map[string]string{"destroy it: ": "yes"}, down...)
	if code != 1 || !strings.Contains(screen, "Type dev to destroy it") {
		t.Errorf("down with yes: exit code %d\n%s", code, screen)
	}
	code, screen = typing(t, dir, map[string]string{"destroy it: ": "dev"}, down...)
	if code != 0 || !strings.Contains(screen, "nothing is left of shop (dev)") {
		t.Errorf("down: exit code %d\n%s", code, screen)
	}
}
