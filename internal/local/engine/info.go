package engine

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"
)

// Info is what the engine says about itself.
type Info struct {
	Name    string // of its machine
	Version string
	OS      string // as in GOOS
	Arch    string // as in GOARCH
	// BuildKit: the engine builds with BuildKit unless told otherwise.
	BuildKit bool
	// Distant: it runs in a virtual machine. Unix sockets in shared directories do
	// not work there, and its loopback is not ours, but for published ports.
	Distant bool
	CPUs    int
	Memory  int64 // bytes
}

// Info asks the engine what it is.
func (e *Engine) Info(ctx context.Context) (Info, error) {
	ping, err := e.api.Ping(ctx, client.PingOptions{})
	if err != nil {
		return Info{}, fmt.Errorf("engine: %w", err)
	}
	res, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return Info{}, fmt.Errorf("engine: %w", err)
	}
	i := res.Info
	return Info{Name: i.Name, Version: i.ServerVersion, OS: i.OSType, Arch: goArch(i.Architecture), BuildKit: ping.BuilderVersion == "2",
		Distant: distant(kernel(), i.KernelVersion, i.OperatingSystem),
		CPUs:    i.NCPU, Memory: i.MemTotal}, nil
}

// distant goes by the kernel: containers have the machine's. Docker Desktop has a
// virtual machine on Linux, too.
func distant(ours, theirs, system string) bool {
	return ours == "" || theirs != ours || system == "Docker Desktop"
}

// goArch turns a machine's name as the kernel says it into Go's.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}
