package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Kind says what a connection is for.
type Kind string

// The kinds of connections.
const (
	Connect  Kind = "connect"  // to a Service Connect name
	Metadata Kind = "metadata" // to the task metadata and credentials endpoint
)

// Preface is what the agent says about a connection before the connection's
// own bytes: one JSON line. The region answers with the byte [Accepted], or
// closes; only then do the connection's bytes follow. So a connection that a
// dying region took but did not serve can be offered to its successor.
type Preface struct {
	Token string `json:"token"` // of the task; it proves who asks
	Kind  Kind   `json:"kind"`
	Name  string `json:"name,omitempty"` // Service Connect's, as the client knows it
	Port  int32  `json:"port,omitempty"` // that the client connected to
	// Protocol is what the client was told to speak there: http, http2, grpc
	// or tcp. The region goes by it where it knows nothing better.
	Protocol string `json:"protocol,omitempty"`
}

// Accepted is the region's answer to a preface.
const Accepted = '+'

// maxPreface is generous: a name has at most 255 bytes.
const maxPreface = 1024

// WriteTo sends the line.
func (p Preface) WriteTo(w io.Writer) (int64, error) {
	line, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("encode preface: %w", err)
	}
	n, err := w.Write(append(line, '\n'))
	if err != nil {
		return int64(n), fmt.Errorf("send preface: %w", err)
	}
	return int64(n), nil
}

// ReadPreface reads the line. Nothing may follow it: the agent waits for the
// answer.
func ReadPreface(r io.Reader) (Preface, error) {
	var p Preface
	buf := make([]byte, 0, maxPreface)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch end := bytes.IndexByte(buf, '\n'); {
		case end >= 0 && end != len(buf)-1:
			return p, errors.New("read preface: more than a line")
		case end >= 0:
			if err := json.Unmarshal(buf[:end], &p); err != nil {
				return p, fmt.Errorf("read preface: %w", err)
			}
			return p, nil
		case err != nil:
			return p, fmt.Errorf("read preface: %w", err)
		case len(buf) == cap(buf):
			return p, fmt.Errorf("read preface: longer than %d bytes", maxPreface)
		}
	}
}
