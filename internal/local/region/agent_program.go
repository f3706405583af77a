package region

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// agentProgram is the executable that runs in every task: this program itself
// where it is one for the engine's system, else one that releases offer to be put
// beside it on other systems. It is copied, so that it stays what it is while
// this program is replaced.
func agentProgram(program, dir, system, arch string) (string, error) {
	beside := filepath.Join(filepath.Dir(program), "ecsail-"+system+"-"+arch)
	for _, path := range []string{program, beside} {
		if unfit(path, arch) == nil {
			return keepCopy(path, dir)
		}
	}
	return "", fmt.Errorf("no program for the tasks' containers: %w", unfit(program, arch))
}

// unfit says why a file cannot run in an empty container.
func unfit(path, arch string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is no Linux program (%w); put ecsail-linux-%s of the same release beside it", path, err, arch)
	}
	defer f.Close()
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	if f.Machine != machines[arch] {
		return fmt.Errorf("%s is for another processor than the engine's %s", path, arch)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs the libraries of this machine; build it with CGO_ENABLED=0", path)
		}
	}
	return nil
}

// keepCopy copies a file under a name of its own version, unless it is there.
func keepCopy(path, dir string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the agent's program: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return "", fmt.Errorf("read the agent's program: %w", err)
	}
	to := filepath.Join(dir, fmt.Sprintf("%x-%x", info.Size(), info.ModTime().UnixNano()))
	if _, err := os.Stat(to); err == nil {
		return to, nil
	}
	return to, writeProgram(to, in)
}

func writeProgram(to string, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("keep the agent's program: %w", err)
	}
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return fmt.Errorf("keep the agent's program: %w", err)
	}
	_, err = io.Copy(out, from)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("keep the agent's program: %w", err)
	}
	return os.Rename(to+".new", to)
}
