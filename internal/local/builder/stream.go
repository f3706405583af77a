package builder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/moby/moby/api/types/jsonstream"
)

// streamed is a message of a build or a push.
type streamed = jsonstream.Message

// messages reads a stream of messages to its end. A message of an error ends
// it, and so does a stream that was cut off.
func messages(r io.Reader, d decoder) error {
	for dec := json.NewDecoder(r); ; {
		var m streamed
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the engine broke off: %w", err)
		}
		if m.Error != nil {
			return d.failed(m.Error)
		}
		if err := d.message(m); err != nil {
			return err
		}
	}
}

// lastUpdate is what a terminal would show of a line that was rewritten with
// carriage returns.
func lastUpdate(line string) string {
	line = strings.TrimRight(line, "\r")
	return strings.TrimRight(line[strings.LastIndexByte(line, '\r')+1:], " \t")
}

// tailSize is how many lines of a failed step are worth showing.
const tailSize = 20

// tail keeps the last lines.
type tail struct{ lines []string }

func (t *tail) add(line string) {
	t.lines = append(t.lines, line)
	if len(t.lines) > tailSize {
		t.lines = t.lines[1:]
	}
}
