package balancer

import (
	"bufio"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// plainHost reports whether a Host header goes out as it came: no other
// alphabet, no zone of an IPv6 address.
func plainHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '-' <= c && c <= ':' && c != '/' || c == '_' || c == '[' || c == ']' {
			continue
		}
		return false
	}
	return true
}

// writeHead writes the request's first line and header fields. An error shows
// when the writer is flushed.
func (x *exchange) writeHead(w *bufio.Writer) {
	path := x.path
	host, port := x.route.host(x.Host)
	if path == "" {
		path = "/"
	}
	if host == "" {
		host = x.target.address
	}
	put(w, x.Method, " ", path)
	if x.URL.ForceQuery || x.URL.RawQuery != "" {
		put(w, "?", rawQuery(x.Request))
	}
	put(w, " HTTP/1.1\r\nHost: ", host, port, "\r\n")
	x.writeClients(w)
	x.writeOurs(w)
	x.writeLength(w)
	put(w, "\r\n")
}

// rawQuery is the query string as it came, even where it is malformed. Only
// spaces, which HTTP/2 can carry, would end the target's address.
func rawQuery(r *http.Request) string { return strings.ReplaceAll(r.URL.RawQuery, " ", "%20") }

func put(w *bufio.Writer, parts ...string) {
	for _, p := range parts {
		_, _ = w.WriteString(p) // the writer keeps the error until it is flushed
	}
}

func putField(w *bufio.Writer, name, value string) { put(w, name, ": ", value, "\r\n") }

// writeClients writes the client's header fields but those that are for one hop
// and those that are ours.
func (x *exchange) writeClients(w *bufio.Writer) {
	hop := x.Header["Connection"]
	for name, values := range x.Header {
		if ownField(name) || hop != nil && listed(hop, name) || x.route.cfg.DropInvalidHeaders && !validName(name) {
			continue
		}
		for _, v := range values {
			putField(w, name, textproto.TrimString(v))
		}
	}
}

// ownField reports whether a request's field is not handed on as it came.
func ownField(name string) bool {
	switch name {
	case "Host", "Content-Length", forwardedForHeader, "X-Forwarded-Proto", "X-Forwarded-Port", traceHeader:
		return true
	}
	return hopField(name)
}

// hopField reports whether a field is for one hop only, see
// https://www.rfc-editor.org/rfc/rfc2616#section-13.5.1
func hopField(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// listed reports whether the Connection header makes the field one for one hop.
func listed(connection []string, name string) bool {
	for _, v := range connection {
		for f := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(textproto.TrimString(f), name) {
				return true
			}
		}
	}
	return false
}

// writeOurs writes the fields that the load balancer adds.
func (x *exchange) writeOurs(w *bufio.Writer) {
	for _, v := range x.route.forwardedFor(x.Request) {
		putField(w, forwardedForHeader, v)
	}
	putField(w, "X-Forwarded-Proto", x.route.scheme())
	putField(w, "X-Forwarded-Port", x.route.colonPort()[1:])
	putField(w, traceHeader, trace(x.Header.Get(traceHeader), time.Now(), rand.Uint64))
}

// writeLength says how long the body is. Many servers want to be told that a
// request with one of these methods has none.
func (x *exchange) writeLength(w *bufio.Writer) {
	switch {
	case x.ContentLength > 0:
		putField(w, "Content-Length", strconv.FormatInt(x.ContentLength, 10))
	case x.ContentLength < 0:
		putField(w, "Transfer-Encoding", "chunked")
	case x.Method == http.MethodPost, x.Method == http.MethodPut, x.Method == http.MethodPatch:
		putField(w, "Content-Length", "0")
	}
}

// send writes the body, each piece as it comes. When the client fails, nobody
// waits for an answer any more; when the target does, it may have answered.
func (x *exchange) send(c *wire) error {
	err := x.copyBody(c.out)
	if x.body.failure() != nil {
		_ = c.Close()
	}
	c.sent()
	return err
}

func (x *exchange) copyBody(out *bufio.Writer) error {
	if x.ContentLength > 0 {
		if err := x.link.buffers.stream(out, x.body, out.Flush); err != nil {
			return err
		}
		return out.Flush()
	}
	if err := out.Flush(); err != nil { // the target may answer before the body begins
		return err
	}
	chunks := httputil.NewChunkedWriter(out)
	if err := x.link.buffers.stream(chunks, x.body, out.Flush); err != nil {
		return err
	}
	if err := chunks.Close(); err != nil {
		return err
	}
	put(out, "\r\n") // no trailers
	return out.Flush()
}
