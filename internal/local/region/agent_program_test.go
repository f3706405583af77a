package region

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program writes a file with an ELF header of a processor and, where it needs
// the system's loader, a program header that says so.
func program(t *testing.T, path string, machine elf.Machine, dynamic bool) string {
	t.Helper()
	h := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	p := elf.Prog64{Type: uint32(elf.PT_LOAD)}
	if dynamic {
		p.Type = uint32(elf.PT_INTERP)
	}
	var b bytes.Buffer
	for _, part := range []any{h, p} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return text(t, path, b.String())
}

func text(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnfit(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct{ path, arch, want string }{
		"static":             {program(t, at("static"), elf.EM_X86_64, false), "amd64", ""},
		"static for arm":     {program(t, at("arm"), elf.EM_AARCH64, false), "arm64", ""},
		"dynamic":            {program(t, at("dynamic"), elf.EM_X86_64, true), "amd64", "/dynamic needs the libraries of this machine; build it with CGO_ENABLED=0"},
		"wrong processor":    {program(t, at("wrong"), elf.EM_AARCH64, false), "amd64", "/wrong is for another processor than the engine's amd64"},
		"unknown processor":  {at("static"), "riscv64", "/static is for another processor than the engine's riscv64"},
		"not ELF":            {text(t, at("script"), "#!/bin/sh\necho hello, this is no program at all\n"), "arm64", "put ecsail-linux-arm64 of the same release beside it"},
		"the beginning only": {text(t, at("short"), "\x7fELF"), "amd64", "/short is no Linux program"},
		"missing":            {at("none"), "amd64", "/none is no Linux program"},
	} {
		err := unfit(c.path, c.arch)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestTheAgentsProgramIsCopiedOnce(t *testing.T) {
	dir, keep := t.TempDir(), filepath.Join(t.TempDir(), "agent")
	ours := program(t, filepath.Join(dir, "ecsail"), elf.EM_X86_64, false)
	first := wantAgent(t, ours, keep, "amd64", ours)
	if info, err := os.Stat(first); err != nil || info.Mode().Perm()&0o555 != 0o555 {
		t.Errorf("a task cannot run it: %v %v", info.Mode(), err)
	}
	text(t, first, "touched") // so that a second copy would show
	second, err := agentProgram(ours, keep, "linux", "amd64")
	if err != nil || second != first {
		t.Fatalf("%s, then %s: %v", first, second, err)
	}
	if data, err := os.ReadFile(first); err != nil || string(data) != "touched" {
		t.Errorf("copied again: %v", err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(ours, later, later); err != nil {
		t.Fatal(err)
	}
	if third := wantAgent(t, ours, keep, "amd64", ours); third == first {
		t.Error("another build has the same copy")
	}
	if left, err := filepath.Glob(filepath.Join(keep, "*.new")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q %v", left, err)
	}
}

// wantAgent compares the agent's program with a file, and returns its path.
func wantAgent(t *testing.T, ours, keep, arch, want string) string {
	t.Helper()
	path, err := agentProgram(ours, keep, "linux", arch)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(path) != keep || !bytes.Equal(got, data) {
		t.Errorf("%s is not %s", path, want)
	}
	return path
}

func TestTheAgentsProgramBesideOurs(t *testing.T) {
	dir := t.TempDir()
	ours := program(t, filepath.Join(dir, "ecsail"), elf.EM_X86_64, true)
	_, err := agentProgram(ours, t.TempDir(), "linux", "amd64")
	if want := "no program for the tasks' containers: " + ours + " needs the libraries of this machine; build it with CGO_ENABLED=0"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	arm := program(t, filepath.Join(dir, "ecsail-linux-arm64"), elf.EM_AARCH64, false)
	wantAgent(t, ours, t.TempDir(), "arm64", arm)
	static := program(t, filepath.Join(dir, "ecsail-linux-amd64"), elf.EM_X86_64, false)
	wantAgent(t, ours, t.TempDir(), "amd64", static)
}
