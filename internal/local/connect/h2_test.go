package connect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// echoGRPC answers each message as it comes, and ends with trailers, as a gRPC
// service with streams both ways does.
func echoGRPC(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" {
		http.Error(w, fmt.Sprintf("%s %v", r.Proto, r.Header), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	_ = http.NewResponseController(w).Flush()
	for {
		m, err := message(r.Body)
		if err != nil {
			break
		}
		_, _ = w.Write(frame(m))
		_ = http.NewResponseController(w).Flush()
	}
	w.Header().Set("Grpc-Status", "0")
	w.Header().Set(http.TrailerPrefix+"Grpc-Message", "bye")
}

// frame is a gRPC message with its length.
func frame(m []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m))), m...)
}

func message(r io.Reader) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	m := make([]byte, binary.BigEndian.Uint32(head[1:]))
	_, err := io.ReadFull(r, m)
	return m, err
}

func (l *lab) h2(t *testing.T) *http.Client {
	return &http.Client{Transport: l.transport(t, agent.Preface{Token: Token(key, web), Kind: agent.Connect, Protocol: GRPC}, true)}
}

func call(body io.Reader) *http.Request {
	req, _ := http.NewRequest(http.MethodPost, "http://rpc/echo.Echo/Chat", body)
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	return req
}

// TestGRPC talks both ways on one stream, past a task that is not there.
func TestGRPC(t *testing.T) {
	l := start(t)
	l.set("rpc", GRPC, gone(t), address(backend(t, echoGRPC)))
	for range 2 {
		in, out := io.Pipe()
		res, err := l.h2(t).Do(call(in))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			want := bytes.Repeat([]byte{byte(i)}, i*1000)
			if _, err := out.Write(frame(want)); err != nil {
				t.Fatal(err)
			}
			if got, err := message(res.Body); !bytes.Equal(got, want) || err != nil {
				t.Fatalf("message %d: %d bytes, %v", i, len(got), err)
			}
		}
		_ = out.Close()
		if b, err := io.ReadAll(res.Body); len(b) != 0 || err != nil {
			t.Errorf("%q %v", b, err)
		}
		if s, m := res.Trailer.Get("Grpc-Status"), res.Trailer.Get("Grpc-Message"); s != "0" || m != "bye" {
			t.Errorf("trailers %v", res.Trailer)
		}
	}
}

// TestGRPCTurns spreads the requests of one connection over the tasks.
func TestGRPCTurns(t *testing.T) {
	l := start(t)
	var mu sync.Mutex
	seen := map[string]int{}
	count := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			seen[name]++
			mu.Unlock()
			echoGRPC(w, r)
		}
	}
	l.set("rpc", GRPC, address(backend(t, count("a"))), address(backend(t, count("b"))))
	c := l.h2(t)
	for range 10 {
		res, err := c.Do(call(bytes.NewReader(frame([]byte("x")))))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(res.Body)
		_ = res.Body.Close()
		if s := res.Trailer.Get("Grpc-Status"); s != "0" {
			t.Errorf("status %q", s)
		}
	}
	if seen["a"] != 5 || seen["b"] != 5 {
		t.Errorf("%v", seen)
	}
}

// TestGRPCErrors are statuses, as gRPC clients know no other.
func TestGRPCErrors(t *testing.T) {
	l := start(t)
	l.set("rpc", GRPC)
	check := func(status, text string) {
		t.Helper()
		res, err := l.h2(t).Do(call(bytes.NewReader(nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if s, m := res.Header.Get("Grpc-Status"), res.Header.Get("Grpc-Message"); res.StatusCode != 200 || s != status || m != text {
			t.Errorf("%d %q %q", res.StatusCode, s, m)
		}
	}
	check("14", "no%20healthy%20upstream")
	l.denied[web+" rpc"] = &Refused{Reason: "no"}
	check("14", "upstream%20connect%20error%20or%20disconnect%2Freset%20before%20headers.%20reset%20reason:%20connection%20timeout%0Ano")
	delete(l.denied, web+" rpc")
	l.set("rpc", GRPC, address(backend(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
	check("14", "upstream%20connect%20error%20or%20disconnect%2Freset%20before%20headers.%20reset%20reason:%20remote%20reset")
	if code, body := get(t, l.client(t), "http://rpc"); code != 400 || body != "rpc speaks HTTP/2 (its port's protocol is grpc), this request is HTTP/1.1" {
		t.Errorf("%d %s", code, body)
	}
}
