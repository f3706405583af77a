package balancer

import (
	"bufio"
	"errors"
	"math"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// maxAnswerHead bounds an answer's header, as the standard library does.
const maxAnswerHead = 10 << 20

var errHeadTooLong = errors.New("the answer's header is too long")

// wire is a connection to a target that carries one HTTP/1.1 exchange after the
// other. One goroutine may read while another one writes.
//
// It ends when neither side says anything for the idle timeout. To move its
// deadlines with every byte would cost more than most requests do: they are
// set when they have passed, and what is left of the silence is worked out only
// when one goes off.
type wire struct {
	conn net.Conn
	idle time.Duration
	in   *bufio.Reader
	out  *bufio.Writer

	raw     syscall.RawConn // nil if it is no socket
	look    func(uintptr)   // the method probe
	open    bool            // what it found
	spare   [1]byte         // where it reads to
	born    time.Time
	armed   time.Duration // since born: until then both deadlines need no care
	used    bool          // it has carried a request before
	room    int64         // bytes that may still be read
	wrote   int64         // bytes of this exchange
	sending atomic.Bool   // the request is not complete
	moved   atomic.Int64  // since born: when a byte went either way
}

func newWire(c net.Conn, idle time.Duration) *wire {
	w := &wire{conn: c, idle: idle, born: time.Now()}
	w.in, w.out = bufio.NewReader(w), bufio.NewWriter(w)
	if s, ok := c.(syscall.Conn); ok {
		w.raw, _ = s.SyscallConn() // fails only on a closed connection
		w.look = w.probe
	}
	return w
}

func (w *wire) now() time.Duration { return time.Since(w.born) }

// begin starts an exchange.
func (w *wire) begin() {
	now := w.now()
	w.moved.Store(int64(now))
	w.sending.Store(true)
	w.room, w.wrote = maxAnswerHead, 0
	if now >= w.armed {
		w.armed = now + w.idle
		_ = w.conn.SetDeadline(w.born.Add(w.armed)) // fails only on a closed connection
	}
}

// sent says that nothing more will be written. From the last byte on the target
// has the idle timeout to say something.
func (w *wire) sent() { w.sending.Store(false) }

// bodied says that the answer's header has come; the body may be of any length.
func (w *wire) bodied() { w.room = math.MaxInt64 }

// limit is when the silence will have been too long. While the request is being
// sent it is for the client's connection to end first.
func (w *wire) limit() time.Duration {
	last := time.Duration(w.moved.Load())
	if w.sending.Load() {
		return last + w.idle + w.idle/4
	}
	return last + w.idle
}

// silence is how long nothing has been said.
func (w *wire) silence() time.Duration { return w.now() - time.Duration(w.moved.Load()) }

// again moves a deadline that went off too early. It reports false if it did
// not, or if the error is another one.
func (w *wire) again(err error, set func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	limit := w.limit()
	return limit > w.now() && set(w.born.Add(limit)) == nil
}

func (w *wire) Read(b []byte) (int, error) {
	if w.room <= 0 {
		return 0, errHeadTooLong
	}
	for {
		n, err := w.conn.Read(b)
		if n > 0 {
			w.room -= int64(n)
			w.moved.Store(int64(w.now()))
			return n, err
		}
		if !w.again(err, w.conn.SetReadDeadline) {
			return n, err
		}
	}
}

func (w *wire) Write(b []byte) (int, error) {
	done := 0
	for {
		n, err := w.conn.Write(b[done:])
		done += n
		w.wrote += int64(n)
		if n > 0 {
			w.moved.Store(int64(w.now()))
		}
		if err == nil || !w.again(err, w.conn.SetWriteDeadline) {
			return done, err
		}
	}
}

// Close ends the connection and whatever waits for it.
func (w *wire) Close() error { return w.conn.Close() }
