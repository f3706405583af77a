package awsx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
)

// machineID tells whether a process id of a lease means one of ours. A host
// name is not enough: containers and laptops share names, so the boot, the
// process namespace and the network cards count too.
var machineID = sync.OnceValue(func() string {
	h := sha256.New()
	name, _ := os.Hostname() // the rest identifies well enough without it
	h.Write([]byte(name))
	if boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		h.Write(boot)
	}
	if ns, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		h.Write([]byte(ns))
	}
	if cards, err := net.Interfaces(); err == nil {
		for _, c := range cards {
			if c.Flags&net.FlagLoopback == 0 && physical(c.HardwareAddr) {
				h.Write(c.HardwareAddr)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
})

// physical leaves out the locally administered addresses, which come and go
// with VPNs and containers.
func physical(a net.HardwareAddr) bool { return len(a) > 0 && a[0]&2 == 0 }

// processAlive reports whether a process of this machine still runs.
func processAlive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false // Windows knows that there is none
	}
	defer func() { _ = p.Release() }()
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}
