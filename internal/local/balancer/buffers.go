package balancer

import (
	"io"
	"sync"
)

// buffers lends what bodies are copied through.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
}

// Get and Put are what the standard library's proxy asks for.
func (p *buffers) Get() []byte  { return *p.pool.Get().(*[]byte) }
func (p *buffers) Put(b []byte) { p.pool.Put(&b) }

// stream copies until the end. It flushes after each piece but the last, which
// goes out with what follows it.
func (p *buffers) stream(w io.Writer, body io.Reader, flush func() error) error {
	buf := p.pool.Get().(*[]byte)
	defer p.pool.Put(buf)
	for {
		n, err := body.Read(*buf)
		if n > 0 {
			if err := piece(w, (*buf)[:n], err != io.EOF, flush); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func piece(w io.Writer, b []byte, more bool, flush func() error) error {
	if _, err := w.Write(b); err != nil || !more {
		return err
	}
	return flush()
}
