package agent

import (
	"fmt"
	"io"
	"net"
	"time"
)

// The bounds of listening on to a client that has been refused.
const (
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// apologize ends a connection that the region did not take, where the client
// speaks HTTP/1.1 with an answer.
func (a *agent) apologize(c net.Conn, p Preface, why error) {
	defer func() { _ = c.Close() }()
	if p.Protocol != "http" {
		return
	}
	text := fmt.Sprintf("the local region does not answer (%v); if it is not running, any ecsail command that has --local starts it\n", why)
	_ = c.SetDeadline(time.Now().Add(lingerTime)) // fails only on a closed connection
	_, err := fmt.Fprintf(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(text), text)
	if h, ok := c.(half); err == nil && ok && h.CloseWrite() == nil {
		// Closing with unread bytes would reset the connection, and the client
		// might never see the answer.
		_, _ = io.CopyN(io.Discard, c, lingerBytes)
	}
}
