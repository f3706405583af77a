package region

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Home is where a region keeps what it owns.
type Home struct {
	// Dir holds the account, images, logs of the process and the lock.
	Dir string
	// Run holds the sockets: a short path, because a unix socket's may have
	// 104 bytes at most (sun_path of unix(7); 108 on Linux).
	Run string
	// ID tells this region's containers from another's on the same engine.
	ID string
}

// longestSocket leaves room for the names of the sockets.
const longestSocket = 104 - len("/agent/agent.sock") - 1

// NewHome is the region below a directory, which need not exist.
func NewHome(dir string) (Home, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Home{}, fmt.Errorf("find the local region's directory: %w", err)
	}
	sum := sha256.Sum256([]byte(abs))
	h := Home{Dir: abs, Run: filepath.Join(abs, "run"), ID: hex.EncodeToString(sum[:6])}
	if len(h.Run) > longestSocket {
		h.Run = filepath.Join(os.TempDir(), "ecsail-"+strconv.Itoa(os.Getuid())+"-"+h.ID)
	}
	return h, nil
}

func (h Home) accountDir() string  { return filepath.Join(h.Dir, "aws") }
func (h Home) imagesDir() string   { return filepath.Join(h.Dir, "images") }
func (h Home) agentDir() string    { return filepath.Join(h.Dir, "agent") }
func (h Home) certDir() string     { return filepath.Join(h.Dir, "certificates") }
func (h Home) lockFile() string    { return filepath.Join(h.Dir, "lock") }
func (h Home) portsFile() string   { return filepath.Join(h.Dir, "ports.json") }
func (h Home) keyFile() string     { return filepath.Join(h.Dir, "key") }
func (h Home) socket() string      { return filepath.Join(h.Run, "region.sock") }
func (h Home) agentSocket() string { return filepath.Join(h.Run, "agent", "agent.sock") }

// LogFile is where the process writes what it has to say.
func (h Home) LogFile() string { return filepath.Join(h.Dir, "region.log") }

// InUse reports whether a region has something on an engine, running or not: it
// was opened and has not retired.
func (h Home) InUse() bool {
	_, err := os.Stat(h.useFile())
	return err == nil
}

func (h Home) useFile() string { return filepath.Join(h.Dir, "in-use") }

// enter and leave remember whether there is anything on the engine.
func (h Home) enter() error { return os.WriteFile(h.useFile(), nil, 0o600) }

func (h Home) leave() error {
	if err := os.Remove(h.useFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// make creates the directories. Nobody else may read them: the account's secrets
// are here.
func (h Home) make() error {
	for _, d := range []string{h.Dir, h.Run, filepath.Dir(h.agentSocket())} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("create the local region's directory: %w", err)
		}
	}
	return own(h.Run)
}

// Remove deletes everything. No region may run.
func (h Home) Remove() error {
	f, err := lock(h.lockFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there is no region
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := errors.Join(os.RemoveAll(h.Run), os.RemoveAll(h.Dir)); err != nil {
		return fmt.Errorf("remove the local region: %w", err)
	}
	return nil
}
