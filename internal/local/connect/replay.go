package connect

import (
	"errors"
	"io"
	"sync"
)

// maxReplay is how much of a request's body is kept to be sent again.
const maxReplay = 64 << 10

// errNoReplay is for a body of which too much has gone by.
var errNoReplay = errors.New("the request's body cannot be sent again")

// replay is a request's body that can be read from the start again while not
// more than maxReplay bytes of it were read. An earlier reader may still be
// reading when a later one begins: the transport returns before it has let go
// of a body. What the earlier one reads then is kept for the later.
type replay struct {
	from  io.ReadCloser
	ended func() // when all was read

	read sync.Mutex // held while reading from the client
	kept []byte
	err  error

	state   sync.Mutex // of the two below; never held while reading
	current *playback
	over    bool // more is gone than was kept
}

func newReplay(from io.ReadCloser, ended func()) *replay { return &replay{from: from, ended: ended} }

// open starts from the beginning, if that is still possible.
func (r *replay) open() (io.ReadCloser, bool) {
	r.state.Lock()
	defer r.state.Unlock()
	if r.over {
		return nil, false
	}
	r.current = &playback{replay: r}
	return r.current, true
}

// whole reports whether the body can be read again.
func (r *replay) whole() bool {
	r.state.Lock()
	defer r.state.Unlock()
	return !r.over
}

// pass reports whether a reader may read what is not kept any more.
func (r *replay) pass(p *playback) bool {
	r.state.Lock()
	defer r.state.Unlock()
	if r.current == p {
		r.over = true
	}
	return r.current == p
}

// stale reports whether a reader has missed what went by.
func (r *replay) stale(p *playback) bool {
	r.state.Lock()
	defer r.state.Unlock()
	return r.over && r.current != p
}

// playback is one reading of the body.
type playback struct {
	*replay
	at int
}

// Close does nothing: the server closes the body when the request is over.
func (p *playback) Close() error { return nil }

func (p *playback) Read(b []byte) (int, error) {
	p.read.Lock()
	defer p.read.Unlock()
	switch {
	case p.at < len(p.kept):
		n := copy(b, p.kept[p.at:])
		p.at += n
		return n, nil
	case p.err != nil && p.stale(p):
		return 0, errNoReplay // it must not take the end for its own
	case p.err != nil:
		return 0, p.err
	case len(p.kept) < maxReplay:
		n, err := p.pull(b)
		p.kept = append(p.kept, b[:n]...)
		p.at += n
		return n, err
	case !p.pass(p):
		return 0, errNoReplay
	}
	return p.pull(b)
}

// pull reads from the client. The lock is held.
func (r *replay) pull(b []byte) (int, error) {
	n, err := r.from.Read(b)
	if err != nil {
		r.err = err
	}
	if err == io.EOF {
		r.ended()
	}
	return n, err
}
