package balancer

import (
	"context"
	"net"
	"time"
)

// connectTimeout is AWS's, for connections to targets and their handshakes, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
const connectTimeout = 10 * time.Second

// dialer connects to targets within that time.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := d(ctx, network, address)
	if err != nil {
		return nil, &dialError{err}
	}
	return c, nil
}

// dialError marks what happened before anything was sent.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }
