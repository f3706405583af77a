package builder

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// tagVersion changes when the same content must get another tag.
const tagVersion = "ecsail build 1"

// sum hashes the context's files, several at a time.
func (s *Source) sum(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(min(runtime.GOMAXPROCS(0), 8))
	for i := range s.entries {
		if !s.entries[i].mode().IsRegular() {
			continue
		}
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.sumFile(&s.entries[i])
		})
	}
	return g.Wait()
}

// sumFile hashes a file and makes sure that it stayed as it was meanwhile.
func (s *Source) sumFile(e *entry) error {
	path := filepath.Join(s.root, e.Path)
	f, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	info, failed := f.Stat()
	if err := errors.Join(err, failed, f.Close()); err != nil {
		return unreadable(path, err)
	}
	if n != e.Size || info.ModTime().UnixNano() != e.ModTime {
		return changed(path)
	}
	h.Sum(e.sum[:0])
	return nil
}

func changed(path string) error {
	return fmt.Errorf("%q changed while it was read: try again when nothing writes to it, or exclude it in .dockerignore", path)
}

// tag hashes all that decides what the image will be. That is not when a file
// was changed or who owns it; all permission bits count, because the image has
// them.
func (s *Source) tag() string {
	d := digester{sha256.New()}
	d.add(tagVersion, s.Spec.Platform, s.Spec.Target, string(s.dockerfile.content))
	d.count(len(s.Spec.Args))
	for _, k := range slices.Sorted(maps.Keys(s.Spec.Args)) {
		d.add(k, s.Spec.Args[k])
	}
	for _, e := range s.entries {
		mode := e.mode()
		if mode&fs.ModeSymlink != 0 {
			mode = mode.Type() // its permissions mean nothing
		}
		d.count(int(mode))
		d.add(filepath.ToSlash(e.Path), e.Linkname, string(e.Xattrs[capabilities]), string(e.sum[:]))
	}
	return hex.EncodeToString(d.Sum(nil))[:20]
}

// digester hashes a sequence of strings such that no two sequences are alike.
type digester struct{ hash.Hash }

func (d digester) count(n int) {
	_, _ = d.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) // a hash takes everything
}

func (d digester) add(values ...string) {
	for _, v := range values {
		d.count(len(v))
		_, _ = io.WriteString(d, v)
	}
}
