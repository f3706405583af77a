package balancer

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The limits of requests, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	maxRequestLine = 16 << 10
	maxHeader      = 16 << 10
	maxHeaders     = 64 << 10
	maxForwarded   = 30      // addresses in X-Forwarded-For
	maxTraced      = 7 << 10 // above it the trace header is rewritten
)

const (
	traceHeader        = "X-Amzn-Trace-Id"
	forwardedForHeader = "X-Forwarded-For"
)

// refuse is the code with which a request is answered before any rule is
// tried, or 0. See
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func refuse(r *http.Request) int {
	switch {
	case r.Method == http.MethodTrace:
		return http.StatusMethodNotAllowed
	case r.Method == http.MethodConnect, r.Method == "PRI": // the latter begins HTTP/2, which is for HTTPS listeners
		return http.StatusBadRequest
	case strings.Trim(r.Method, tokenChars) != "": // HTTP/2 can carry spaces, which HTTP/1.1 would take for the end
		return http.StatusBadRequest
	case len(r.RequestURI) > maxRequestLine:
		return http.StatusRequestURITooLong
	}
	total := len(r.RequestURI)
	for name, values := range r.Header {
		for _, v := range values {
			n := len(name) + len(v)
			if n > maxHeader {
				return http.StatusBadRequest
			}
			total += n
		}
	}
	if total > maxHeaders {
		return http.StatusBadRequest
	}
	addresses := 0
	for _, v := range r.Header[forwardedForHeader] {
		addresses += 1 + strings.Count(v, ",")
	}
	if addresses > maxForwarded {
		return 463
	}
	return 0
}

// outgoing turns the client's header fields into those for the target. out
// came from the proxy, without what is only for one hop.
func (l *route) outgoing(out http.Header, in *http.Request) {
	for _, name := range []string{"Forwarded", "X-Forwarded-Host"} {
		if v, ok := in.Header[name]; ok {
			out[name] = v // the proxy removed them; AWS does not touch them
		}
	}
	if l.cfg.DropInvalidHeaders {
		dropInvalid(out)
	}
	l.forwarded(out, in)
	out.Set(traceHeader, trace(in.Header.Get(traceHeader), time.Now(), rand.Uint64))
}

// forwarded tells who asked, how and on which port, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func (l *route) forwarded(out http.Header, in *http.Request) {
	if v := l.forwardedFor(in); v != nil {
		out[forwardedForHeader] = v
	}
	out["X-Forwarded-Proto"] = []string{l.scheme()}
	out["X-Forwarded-Port"] = []string{l.colonPort()[1:]}
}

// forwardedFor is the X-Forwarded-For header for the target, nil for none.
func (l *route) forwardedFor(in *http.Request) []string {
	prior := in.Header[forwardedForHeader]
	switch l.cfg.ForwardedFor {
	case ForwardedForRemove:
		return nil
	case ForwardedForPreserve:
		return prior
	}
	client, _, err := net.SplitHostPort(in.RemoteAddr)
	if err != nil || l.cfg.ForwardedClientPort {
		client = in.RemoteAddr
	}
	if len(prior) > 0 {
		client = strings.Join(prior, ", ") + ", " + client
	}
	return []string{client}
}

// trace adds to or makes the trace header, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
func trace(have string, now time.Time, random func() uint64) string {
	if have == "" || len(have) > maxTraced {
		return traceID("Root=", now, random)
	}
	fields, root := []string{traceID("Self=", now, random)}, false
	for f := range strings.SplitSeq(have, ";") {
		f = strings.TrimSpace(f)
		name, _, _ := strings.Cut(f, "=")
		if f == "" || strings.EqualFold(name, "Self") {
			continue
		}
		root = root || strings.EqualFold(name, "Root")
		fields = append(fields, f)
	}
	if !root {
		fields[0] = "Root=" + strings.TrimPrefix(fields[0], "Self=")
	}
	return strings.Join(fields, ";")
}

// traceID is a name, version, time and 24 random digits.
func traceID(name string, now time.Time, random func() uint64) string {
	raw := binary.BigEndian.AppendUint32(make([]byte, 0, 16), uint32(now.Unix()))
	raw = binary.BigEndian.AppendUint64(raw, random())
	raw = binary.BigEndian.AppendUint32(raw, uint32(random()))
	b := append(make([]byte, 0, 64), name...)
	b = append(b, "1-"...)
	b = hex.AppendEncode(b, raw[:4])
	b = append(b, '-')
	return string(hex.AppendEncode(b, raw[4:]))
}

// dropInvalid removes fields by routing.http.drop_invalid_header_fields, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
func dropInvalid(h http.Header) {
	for name := range h {
		if !validName(name) {
			delete(h, name)
		}
	}
}

func validName(name string) bool { return strings.Trim(name, letters+digits+"-") == "" }

// host is the Host header for the target, the host and what is appended to it,
// see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
func (l *route) host(host string) (name, suffix string) {
	usual := l.port == 80 && l.tls == nil || l.port == 443 && l.tls != nil
	switch {
	case l.cfg.PreserveHost || host == "":
		return host, ""
	case usual:
		return strings.TrimSuffix(host, l.colonPort()), ""
	case hostOnly(host) == host && l.port != 80 && l.port != 443:
		return host, l.colonPort()
	}
	return host, ""
}

// colonPort is the port as it follows a host.
func (l *route) colonPort() string {
	if l.suffix != "" {
		return l.suffix
	}
	return ":" + strconv.Itoa(l.port)
}
