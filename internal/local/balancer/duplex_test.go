package balancer

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// pingPong answers each piece of a request's body when it comes.
func pingPong(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	w.Header().Set("Trailer", "Grpc-Status")
	b := make([]byte, 9)
	for {
		n, err := r.Body.Read(b)
		if n > 0 {
			fmt.Fprintf(w, "<%s>", b[:n])
			_ = control.Flush()
		}
		if err != nil {
			w.Header().Set("Grpc-Status", "0")
			return
		}
	}
}

// TestDuplex sends a body piece by piece, each after the answer to the one
// before: with HTTP/1.1 and HTTP/2 to the front and to the back, and as gRPC.
func TestDuplex(t *testing.T) {
	h2c := httptest.NewUnstartedServer(healthy(pingPong))
	h2c.Config.Protocols = new(http.Protocols)
	h2c.Config.Protocols.SetUnencryptedHTTP2(true)
	h2c.Start()
	t.Cleanup(h2c.Close)
	h1 := backend(t, healthy(pingPong))
	certs := httptest.NewTLSServer(nil)
	t.Cleanup(certs.Close)
	for _, c := range []struct {
		version Version
		h2      bool
		target  Target
	}{{HTTP1, false, h1}, {HTTP1, true, h1}, {HTTP2, true, targetAt(t, h2c.Listener.Addr().String())}, {GRPC, true, targetAt(t, h2c.Listener.Addr().String())}} {
		cfg := to(Group{ID: "g", Version: c.version, Targets: []Target{c.target}})
		cfg.Listeners[0].TLS = &tls.Config{Certificates: certs.TLS.Certificates}
		_, addr := serve(t, cfg)
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
		tr.Protocols.SetHTTP1(!c.h2)
		tr.Protocols.SetHTTP2(c.h2)
		t.Run(fmt.Sprint(c.version, c.h2), func(t *testing.T) { playPingPong(t, tr, "https://"+addr, c.version) })
		tr.CloseIdleConnections()
	}
}

func playPingPong(t *testing.T, tr *http.Transport, url string, v Version) {
	in, out := io.Pipe()
	req, _ := http.NewRequest("POST", url, in)
	if v == GRPC {
		req.Header.Set("Content-Type", "application/grpc")
	}
	go func() { _, _ = io.WriteString(out, "one") }()
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for i, word := range []string{"one", "two", "three"} {
		if i > 0 {
			_, _ = io.WriteString(out, word)
		}
		b := make([]byte, len(word)+2)
		if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != "<"+word+">" {
			t.Errorf("%q %v", b, err)
		}
	}
	out.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 || res.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("%q %v, trailers %v", rest, err, res.Trailer)
	}
}

// TestPriorKnowledge: HTTP/2 is for HTTPS listeners only, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
func TestPriorKnowledge(t *testing.T) {
	_, addr, target := serveRaw(t, func(net.Conn, *http.Request) bool { return false })
	c := call(t, addr)
	c.write(t, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	rest, _ := io.ReadAll(c.in)
	if !strings.HasPrefix(string(rest), "HTTP/1.1 400 ") || target.requests.Load() != 0 {
		t.Errorf("%q after %d requests", rest, target.requests.Load())
	}
}

// TestClientLeavesStream tells the target when an HTTP/2 client gives up a
// request, and counts it.
func TestClientLeavesStream(t *testing.T) {
	began, told := make(chan bool), make(chan bool)
	target := backend(t, healthy(func(_ http.ResponseWriter, r *http.Request) {
		began <- true
		<-r.Context().Done()
		told <- true
	}))
	certs := httptest.NewTLSServer(nil)
	t.Cleanup(certs.Close)
	cfg := to(Group{ID: "g", Targets: []Target{target}})
	cfg.Listeners[0].TLS = &tls.Config{Certificates: certs.TLS.Certificates}
	b, addr := serve(t, cfg)
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP2(true)
	defer tr.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://"+addr, nil)
	go func() {
		<-began
		cancel()
	}()
	if _, err := tr.RoundTrip(req); err == nil {
		t.Error("an answer")
	}
	<-told
	for m, _ := b.Metrics("g"); m.ClientClosed != 1; m, _ = b.Metrics("g") {
		time.Sleep(time.Millisecond)
	}
}
