package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// lineLimit is how long a line may be, in bytes: CloudWatch Logs takes events of
// 256 KiB, of which 26 bytes are overhead, and the awslogs driver splits what is
// longer, see
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
// https://docs.docker.com/engine/logging/drivers/awslogs/
const lineLimit = 256*1024 - 26

// Line receives a line of a container's output, without its end.
type Line func(at time.Time, stderr bool, line string)

// Output is how far a container's output was read. It is for one reader at a
// time.
type Output struct{ out, errs lines }

// NewOutput begins after a moment, or at the start where that is zero: a reader
// that knows the time of the last line it has kept goes on there.
func NewOutput(after time.Time, f Line) *Output {
	return &Output{out: lines{at: after, all: true, f: f}, errs: lines{at: after, all: true, f: f, stderr: true}}
}

// End passes on a last line that has no end, when nothing will follow.
func (o *Output) End() {
	o.out.flush()
	o.errs.flush()
}

// overlap is how far apart the times of neighbours in the engine's file can be:
// stdout and stderr are stamped before they get there.
const overlap = 10 * time.Second

// resume prepares for the next record and says from when on to ask.
func (o *Output) resume() time.Time {
	latest := o.out.at
	if o.errs.at.After(latest) {
		latest = o.errs.at
	}
	o.out.again, o.errs.again = o.out.same, o.errs.same
	if latest.IsZero() {
		return latest
	}
	return latest.Add(-overlap)
}

// Follow passes on what a container writes, in order for each of stdout and
// stderr, until it ends or ctx does; what it wrote before is passed on, too. An
// engine may break off before the last lines, as Docker 20.10 does now and then
// when a container ends: only a call that began after the end reads all. Calls
// with the same Output pass on every line once.
func (e *Engine) Follow(ctx context.Context, id string, o *Output) error {
	c, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	stream, err := e.api.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: true, Since: since(o.resume())})
	if err != nil {
		return err
	}
	defer stream.Close()
	if c.Container.Config != nil && c.Container.Config.Tty {
		err = copyTerminal(&o.out, stream)
	} else {
		_, err = stdcopy.StdCopy(&o.out, &o.errs, stream)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// lines puts the records of one stream together to lines. The engine cuts long
// lines into records of 16 KiB, each with the same time in front; all but the
// last lack the line's end.
type lines struct {
	f      Line
	stderr bool
	at     time.Time // of the last record
	same   int       // records of that time
	all    bool      // every record of that time is an old one
	again  int       // of those, how many are yet to come again in this call
	began  time.Time // of the first record of what is kept
	kept   []byte
}

// Write takes one record. StdCopy makes one call for each.
func (l *lines) Write(record []byte) (int, error) {
	stamp, text, ok := bytes.Cut(record, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if !ok || err != nil {
		return 0, fmt.Errorf("log record without a time: %.60q", record)
	}
	if l.old(at) {
		return len(record), nil
	}
	if len(l.kept) == 0 {
		l.began = at
	}
	text, ended := bytes.CutSuffix(text, []byte("\n"))
	l.kept = append(l.kept, text...)
	for len(l.kept) > lineLimit {
		n := runeEnd(l.kept, lineLimit)
		l.f(l.began, l.stderr, string(l.kept[:n]))
		l.kept = append(l.kept[:0], l.kept[n:]...)
	}
	if ended {
		l.f(l.began, l.stderr, string(l.kept))
		l.kept = l.kept[:0]
	}
	return len(record), nil
}

// old reports whether a record of a time was taken before; if not, it counts as
// taken now. Times only grow within a stream.
func (l *lines) old(at time.Time) bool {
	switch {
	case at.Before(l.at), at.Equal(l.at) && l.all:
		return true
	case at.Equal(l.at) && l.again > 0:
		l.again--
		return true
	case at.Equal(l.at):
		l.same++
	default:
		l.at, l.same, l.again, l.all = at, 1, 0, false
	}
	return false
}

// flush passes on a last line without an end.
func (l *lines) flush() {
	if len(l.kept) > 0 {
		l.f(l.began, l.stderr, string(l.kept))
		l.kept = nil
	}
}

// runeEnd is the greatest length up to n that cuts no character in two.
func runeEnd(b []byte, n int) int {
	for i := range utf8.UTFMax {
		if utf8.RuneStart(b[n-i]) {
			return n - i
		}
	}
	return n
}

// copyTerminal reads the output of a container with a terminal, which comes
// without frames: a record is a line.
func copyTerminal(to *lines, from io.Reader) error {
	var kept []byte
	buf := make([]byte, 32*1024)
	for {
		n, err := from.Read(buf)
		kept = append(kept, buf[:n]...)
		for {
			i := bytes.IndexByte(kept, '\n')
			if i < 0 {
				break
			}
			if _, err := to.Write(append(bytes.TrimRight(kept[:i:i], "\r"), '\n')); err != nil {
				return err
			}
			kept = kept[i+1:]
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// since is a moment as the engine's API takes it.
func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}
