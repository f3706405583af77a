package balancer

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// errAnswer is an answer that is not HTTP, or not one to what was asked.
var errAnswer = errors.New("malformed answer")

// readHead reads the header of the answer, whose fields are then those of the
// client's answer too. Answers before it (1xx) are handed on.
func (x *exchange) readHead(c *wire, w http.ResponseWriter) (*http.Response, error) {
	for {
		if _, err := c.in.Peek(1); err != nil {
			return nil, &unanswered{err}
		}
		if x.Method != http.MethodHead && quickHead(c.in, w.Header(), &x.answer, &x.sized) {
			c.bodied()
			return &x.answer, nil
		}
		res, err := http.ReadResponse(c.in, x.Request)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errAnswer, err)
		case res.StatusCode < 100 || res.StatusCode == http.StatusSwitchingProtocols:
			return nil, fmt.Errorf("%w: status %d", errAnswer, res.StatusCode)
		case res.StatusCode >= 200:
			c.bodied()
			dropHops(res.Header)
			maps.Copy(w.Header(), res.Header)
			res.Header = w.Header()
			return res, nil
		}
		early(w, res)
	}
}

// early hands on an answer that precedes the real one.
func early(w http.ResponseWriter, res *http.Response) {
	h := w.Header()
	maps.Copy(h, res.Header)
	w.WriteHeader(res.StatusCode)
	clear(h)
}

// hand gives the answer to the client as it comes. An error means that it is
// cut off. The body is never closed: that would read it to its end, which may be
// far; the connection is closed instead.
func (x *exchange) hand(w http.ResponseWriter, res *http.Response) error {
	x.received(res)
	h := w.Header()
	unguessed(h, res)
	announced := len(res.Trailer)
	if announced > 0 {
		h["Trailer"] = []string{strings.Join(slices.Collect(maps.Keys(res.Trailer)), ", ")}
	}
	if res.ContentLength < 0 {
		h["Transfer-Encoding"] = []string{"chunked"} // even when all of it is there
	}
	w.WriteHeader(res.StatusCode)
	if res.Body == http.NoBody {
		return nil
	}
	flush := http.NewResponseController(w).Flush
	if x.wire.in.Buffered() == 0 {
		_ = flush() // the body may take its time; the client learns of failure by the next write
	}
	if err := x.link.buffers.stream(w, res.Body, flush); err != nil {
		return err
	}
	return trail(h, res.Trailer, announced, flush)
}

// unguessed keeps the server from guessing a content type that the target did
// not say.
func unguessed(h http.Header, res *http.Response) {
	if res.Header["Content-Type"] == nil {
		h["Content-Type"] = nil
	}
}

// trail adds the trailers, also those that were not announced.
func trail(h, trailer http.Header, announced int, flush func() error) error {
	if len(trailer) == 0 {
		return nil
	}
	prefix := ""
	if len(trailer) != announced {
		prefix = http.TrailerPrefix
	}
	for k, v := range trailer {
		h[prefix+k] = v
	}
	return flush() // so that a short body is chunked, which trailers need
}

// dropHops removes the fields that are for one hop only.
func dropHops(h http.Header) {
	if hop := h["Connection"]; hop != nil {
		for name := range h {
			if listed(hop, name) {
				delete(h, name)
			}
		}
	}
	for name := range h {
		if hopField(name) {
			delete(h, name)
		}
	}
}
