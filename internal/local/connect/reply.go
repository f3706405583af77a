package connect

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// What the proxy answers itself has Envoy's codes and words, see
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags

// disconnected starts Envoy's sentence about a failed connection.
const disconnected = "upstream connect error or disconnect/reset before headers. "

// deny answers where there is no route. What is forbidden would time out on
// AWS: the answer is the one that would follow, and the reason.
func deny(w http.ResponseWriter, r *http.Request, err error) {
	var refused *Refused
	if errors.As(err, &refused) {
		reply(w, r, http.StatusServiceUnavailable, disconnected+"reset reason: connection timeout\n"+refused.Reason)
		return
	}
	reply(w, r, http.StatusServiceUnavailable, errNoBackend.Error()+"\n"+err.Error())
}

// failed answers when no backend did.
func failed(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	switch {
	case context.Cause(r.Context()) == errTimeout:
		reply(w, r, http.StatusGatewayTimeout, errTimeout.Error())
	case x.client.Err() != nil:
		panic(http.ErrAbortHandler) // nobody is there to read an answer
	case errors.Is(err, errNoBackend):
		reply(w, r, http.StatusServiceUnavailable, errNoBackend.Error())
	default:
		text := disconnected
		if len(x.tried) > 1 {
			text += "retried and the latest "
		}
		code, reason := x.reason(err)
		reply(w, r, code, text+"reset reason: "+reason)
	}
}

// reason is Envoy's word for a failure.
func (x *exchange) reason(err error) (code int, reason string) {
	var dial *dialError
	var stream streamError
	var timeout net.Error
	switch {
	case errors.As(err, &dial) && errors.As(err, &timeout) && timeout.Timeout():
		return http.StatusServiceUnavailable, "connection timeout"
	case errors.As(err, &dial) && errors.Is(err, syscall.ECONNREFUSED):
		return http.StatusServiceUnavailable, "remote connection failure, transport failure reason: delayed connect error: Connection refused"
	case errors.As(err, &dial):
		return http.StatusServiceUnavailable, "remote connection failure, transport failure reason: " + err.Error()
	case errors.As(err, &stream):
		return http.StatusServiceUnavailable, "remote reset"
	case !x.lost(err):
		return http.StatusBadGateway, "protocol error"
	}
	return http.StatusServiceUnavailable, "connection termination"
}

// reply is the proxy's own answer. To gRPC it is a status, see
// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
func reply(w http.ResponseWriter, r *http.Request, code int, text string) {
	h := w.Header()
	h.Set("Server", "envoy")
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		status := "14" // UNAVAILABLE
		if code == http.StatusBadRequest {
			status = "13" // INTERNAL
		}
		h.Set("Content-Type", "application/grpc")
		h.Set("Grpc-Status", status)
		h.Set("Grpc-Message", url.PathEscape(text))
		w.WriteHeader(http.StatusOK)
		return
	}
	h.Set("Content-Type", "text/plain")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(text)) // the client may have gone
	}
}
