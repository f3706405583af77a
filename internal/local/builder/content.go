package builder

import (
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// open opens a file of the context. Reading it to the end fails if it is not
// what was hashed.
func (s *Source) open(e entry) (io.ReadCloser, error) {
	path := filepath.Join(s.root, e.Path)
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return &checked{f: f, entry: e, path: path, sum: sha256.New()}, nil
}

// checked is a file that must have the content it had.
type checked struct {
	f     *os.File
	entry entry
	path  string
	sum   hash.Hash
	n     int64
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.f.Read(b)
	_, _ = c.sum.Write(b[:n]) // a hash takes everything
	c.n += int64(n)
	if c.n > c.entry.Size || err == io.EOF && [sha256.Size]byte(c.sum.Sum(nil)) != c.entry.sum {
		return 0, changed(c.path)
	}
	return n, err
}

func (c *checked) Close() error { return c.f.Close() }
