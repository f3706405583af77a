package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"

	boltfile "go.etcd.io/bbolt/errors"

	"github.com/ecsail/ecsail/internal/simulator"
)

// openCloud opens the embedded AWS. A file that was cut off or overwritten makes
// the database panic or read beyond its end; it is the user's file all the same,
// and the error says what to do.
func openCloud(dir string, speed float64) (cloud *simulator.Cloud, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			cloud, err = nil, damaged(dir, fmt.Errorf("%v", p))
		}
	}()
	cloud, err = simulator.New(simulator.Options{Dir: dir, Speed: speed})
	var path *fs.PathError
	switch {
	case err == nil:
		return cloud, nil
	case errors.As(err, &path):
		return nil, fmt.Errorf("the embedded AWS cannot keep its state: %w; ECSAIL_HOME names another directory", path)
	case errors.Is(err, boltfile.ErrTimeout):
		return nil, fmt.Errorf("the embedded AWS in %s is held by another process; try again, or let ECSAIL_HOME name another directory", dir)
	}
	return nil, damaged(dir, err)
}

// damaged is the error of a state that cannot be read.
func damaged(dir string, cause error) error {
	for inner := cause; inner != nil; inner = errors.Unwrap(inner) {
		cause = inner
	}
	return fmt.Errorf("the state of the embedded AWS, %s, is damaged (%w); remove the file to start with an empty account", filepath.Join(dir, "cloud.db"), cause)
}
