package connect

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// maxSocketPath is what a unix socket's address holds on every system.
const maxSocketPath = 100

// Listen makes the socket that agents find under the path. Its directory is
// made if need be, and is what containers mount.
//
// Who may connect is decided above it. The agent is root in its container, but
// without the capability to ignore permissions, and on engines that run
// rootless or with user namespaces it is some other user for the host. So the
// socket is open to all (0666) and its directory can be passed by all (0755),
// while the directory above, which a mount does not show, must be the user's
// own (0700). And a connection without a task's token gets nothing.
//
// A socket that a dead region left is replaced. One that somebody answers at,
// or a file that is no socket, is an error.
func Listen(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("socket %s: the path is longer than the %d bytes a socket's address can hold", path, maxSocketPath)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("socket directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask is
		return nil, fmt.Errorf("socket directory: %w", err)
	}
	if err := replaceable(path); err != nil {
		return nil, err
	}
	return publish(path)
}

// replaceable reports whether nothing living is at the path.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("socket %s: there is a file that is no socket", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return fmt.Errorf("socket %s: another process listens there", path)
	}
	return nil
}

// publish listens under another name first, so that the path never leads to a
// socket that cannot be used yet.
func publish(path string) (net.Listener, error) {
	next := path + "~"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: next, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	l.SetUnlinkOnClose(false)
	s := &socket{UnixListener: l, path: path}
	if err = os.Chmod(next, 0o666); err == nil {
		s.info, err = os.Lstat(next)
	}
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		_ = l.Close()
		_ = os.Remove(next)
		return nil, fmt.Errorf("socket: %w", err)
	}
	return s, nil
}

// socket removes its file when it is closed, unless that is a successor's.
type socket struct {
	*net.UnixListener
	path string
	info fs.FileInfo
	once sync.Once
}

// Close stops listening; connections stay.
func (s *socket) Close() error {
	s.once.Do(func() {
		if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.info) {
			_ = os.Remove(s.path)
		}
	})
	return s.UnixListener.Close()
}
