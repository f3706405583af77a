package simulator

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// store holds all rows in memory and, with a directory, in a bbolt file. The
// file is locked for one call at a time, so that several processes share one
// account; each call is one transaction, so that dying at any moment loses at
// most the call that was never answered.
type store struct {
	path   string // "": memory only
	tables map[string]*rows
	db     *bolt.DB // open during a call
	seq    uint64   // of the last transaction seen
	keep   bool     // the file stays open: nobody else uses it
	told   func(service string)
	dirty  map[[2]string]struct{}
}

// rows is one table: key "region|key" to versions.
type rows struct {
	byKey map[string]*row
}

type row struct {
	version
	past []version // newest last, for stale reads
}

// version is what a row was from a moment on. In memory rows are kept as
// values, which go in and out by copy; data is what was read from the file and
// not looked at yet.
type version struct {
	val  any // nil, without data: deleted
	data []byte
	at   time.Time
}

func (v version) deleted() bool { return v.val == nil && v.data == nil }

// staleWindow is how long old versions are kept for stale reads.
const staleWindow = 30 * time.Second

var seqKey = []byte("seq")

func openStore(dir string, keep bool) (*store, error) {
	s := &store{tables: map[string]*rows{}, dirty: map[[2]string]struct{}{}, keep: keep}
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s.path = filepath.Join(dir, "cloud.db")
	if err := s.begin(); err != nil {
		return nil, err
	}
	return s, s.release()
}

// release unlocks the file, unless it is ours alone.
func (s *store) release() error {
	if s.keep {
		return nil
	}
	db := s.db
	s.db = nil
	return db.Close()
}

// close unlocks a file that was kept.
func (s *store) close() error {
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db = nil
	return db.Close()
}

// begin locks the file and reads what other processes wrote meanwhile.
func (s *store) begin() error {
	if s.path == "" {
		return nil
	}
	if s.db == nil {
		db, err := bolt.Open(s.path, 0o600, &bolt.Options{Timeout: 30 * time.Second, FreelistType: bolt.FreelistMapType})
		if err != nil {
			return fmt.Errorf("open %s: %w", s.path, err)
		}
		s.db = db
	}
	return s.db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket([]byte("meta"))
		if meta == nil || binary.BigEndian.Uint64(meta.Get(seqKey)) == s.seq {
			return nil
		}
		s.seq = binary.BigEndian.Uint64(meta.Get(seqKey))
		return s.load(tx)
	})
}

func (s *store) load(tx *bolt.Tx) error {
	for _, t := range s.tables {
		clear(t.byKey)
	}
	return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
		if string(name) == "meta" {
			return nil
		}
		t := s.table(string(name))
		return b.ForEach(func(k, v []byte) error {
			t.byKey[string(k)] = &row{version: version{data: slices.Clone(v)}}
			return nil
		})
	})
}

func (s *store) table(name string) *rows {
	t := s.tables[name]
	if t == nil {
		t = &rows{byKey: map[string]*row{}}
		s.tables[name] = t
	}
	return t
}

// commit writes what the call changed and unlocks the file.
func (s *store) commit(now time.Time) error {
	defer clear(s.dirty)
	defer s.tell()
	if s.path == "" {
		return nil
	}
	if len(s.dirty) > 0 {
		if err := s.db.Update(s.write); err != nil {
			s.seq = 0       // what is in memory is not on disk: read it again
			_ = s.release() // the error that counts is the first
			return fmt.Errorf("write %s: %w", s.path, err)
		}
	}
	return s.release()
}

// tell names the services whose rows changed, each once.
func (s *store) tell() {
	if s.told == nil {
		return
	}
	seen := map[string]bool{}
	for d := range s.dirty {
		service, _, _ := strings.Cut(d[0], "/")
		if !seen[service] {
			seen[service] = true
			s.told(service)
		}
	}
}

func (s *store) write(tx *bolt.Tx) error {
	for d := range s.dirty {
		b, err := tx.CreateBucketIfNotExists([]byte(d[0]))
		if err != nil {
			return err
		}
		if err := s.writeRow(b, d[1], s.tables[d[0]].byKey[d[1]]); err != nil {
			return err
		}
	}
	meta, err := tx.CreateBucketIfNotExists([]byte("meta"))
	if err != nil {
		return err
	}
	s.seq++
	return meta.Put(seqKey, binary.BigEndian.AppendUint64(nil, s.seq))
}

func (s *store) writeRow(b *bolt.Bucket, key string, r *row) error {
	if r == nil || r.deleted() {
		return b.Delete([]byte(key))
	}
	data := r.data
	if r.val != nil {
		var err error
		if data, err = json.Marshal(r.val); err != nil {
			return err
		}
	}
	return b.Put([]byte(key), data)
}

// copyTo gives another store in memory the present rows.
func (s *store) copyTo(other *store) {
	for name, t := range s.tables {
		to := other.table(name)
		for k, r := range t.byKey {
			if !r.deleted() { // values are never written to, so both may hold them
				to.byKey[k] = &row{version: r.version}
			}
		}
	}
}

// regions lists the regions that hold anything.
func (s *store) regions() []string {
	var out []string
	for _, t := range s.tables {
		for k := range t.byKey {
			if r, _, _ := strings.Cut(k, "|"); r != "" && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	sort.Strings(out)
	return out
}

// table is a typed table of the account, seen in the current call's region.
// Values go in and out by copy; a row changes only by put.
type table[T any] struct {
	c      *Cloud
	name   string
	global bool
	brisk  bool // written to all the time: old versions are kept for faults only
	rows   *rows
}

// newTable declares a regional table; the name must never change, it is on disk.
func newTable[T any](c *Cloud, name string) *table[T] {
	return &table[T]{c: c, name: name, rows: c.store.table(name)}
}

// newGlobalTable declares a table that all regions share.
func newGlobalTable[T any](c *Cloud, name string) *table[T] {
	t := newTable[T](c, name)
	t.global = true
	return t
}

func (t *table[T]) prefix() string {
	if t.global {
		return "|"
	}
	return t.c.region + "|"
}

func (t *table[T]) get(key string) (v T, ok bool) {
	r := t.rows.byKey[t.prefix()+key]
	if r == nil {
		return v, false
	}
	return value[T](r.seen(t.c.asOf))
}

// value is a copy of a version's value, read from its data the first time.
func value[T any](v *version) (out T, ok bool) {
	if v == nil || v.deleted() {
		return out, false
	}
	if v.val == nil {
		var read T
		if err := json.Unmarshal(v.data, &read); err != nil {
			panic("simulator: corrupt row: " + err.Error()) // our own writing: a bug or a damaged file
		}
		v.val = read
	}
	return deepCopy(v.val.(T)), true
}

// seen is the row's version as of a moment; zero means now.
func (r *row) seen(asOf time.Time) *version {
	if asOf.IsZero() || !r.at.After(asOf) {
		return &r.version
	}
	for i := len(r.past) - 1; i >= 0; i-- {
		if !r.past[i].at.After(asOf) {
			return &r.past[i]
		}
	}
	return nil
}

func (t *table[T]) put(key string, v T) { t.write(key, deepCopy(v)) }

func (t *table[T]) delete(key string) { t.write(key, nil) }

// write makes a new version of a row; nil deletes it.
func (t *table[T]) write(key string, val any) {
	k, now := t.prefix()+key, t.c.now()
	r := t.rows.byKey[k]
	if r == nil {
		if val == nil {
			return
		}
		r = &row{}
		t.rows.byKey[k] = r
	} else if !t.brisk || t.c.opt.Fault != nil {
		r.past = append(r.past, r.version)
	}
	for len(r.past) > 1 && now.Sub(r.past[1].at) > staleWindow {
		r.past = r.past[1:]
	}
	r.version = version{val: val, at: now}
	t.c.store.dirty[[2]string{t.name, k}] = struct{}{}
}

// has reports whether a key exists.
func (t *table[T]) has(key string) bool {
	r := t.rows.byKey[t.prefix()+key]
	if r == nil {
		return false
	}
	v := r.seen(t.c.asOf)
	return v != nil && !v.deleted()
}

// all iterates in key order over a snapshot: rows may be put and deleted meanwhile.
func (t *table[T]) all() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		prefix, now := t.prefix(), t.c.now()
		var keys []string
		for k, r := range t.rows.byKey {
			switch {
			case r.deleted() && now.Sub(r.at) > staleWindow:
				delete(t.rows.byKey, k) // no stale read can see it any more
			case strings.HasPrefix(k, prefix):
				keys = append(keys, k)
			}
		}
		sort.Strings(keys)
		for _, k := range keys {
			if r := t.rows.byKey[k]; r != nil {
				if v, ok := value[T](r.seen(t.c.asOf)); ok && !yield(k[len(prefix):], v) {
					return
				}
			}
		}
	}
}

// values collects all values in key order.
func (t *table[T]) values() []T {
	var out []T
	for _, v := range t.all() {
		out = append(out, v)
	}
	return out
}
