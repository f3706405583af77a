package connect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// TestTurns gives each request of a connection to the next task.
func TestTurns(t *testing.T) {
	l := start(t)
	l.set("catalog", HTTP, address(backend(t, named("a"))), address(backend(t, named("b"))))
	c, got := l.client(t), ""
	for range 6 {
		code, body := get(t, c, "http://catalog")
		if code != 200 {
			t.Errorf("%d %s", code, body)
		}
		got += body
	}
	if got != "ababab" {
		t.Errorf("%s", got)
	}
}

// TestFields shows a backend and a client what Envoy would add.
func TestFields(t *testing.T) {
	l := start(t)
	b := backend(t, func(w http.ResponseWriter, r *http.Request) {
		for _, n := range []string{"X-Forwarded-Proto", "X-Forwarded-For", "X-Envoy-Expected-Rq-Timeout-Ms", "X-Request-Id"} {
			_, _ = fmt.Fprintf(w, "%s=%s ", n, r.Header.Get(n))
		}
		_, _ = io.WriteString(w, r.Host+" "+r.URL.RequestURI())
	})
	l.set("catalog", HTTP, address(b))
	req, _ := http.NewRequest(http.MethodGet, "http://catalog/x%2fy?a;b=%zz", nil)
	req.Header.Set("X-Request-Id", "mine")
	req.Header.Set("X-Forwarded-For", "192.0.2.1")
	res, err := l.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, _ := io.ReadAll(res.Body)
	want := "X-Forwarded-Proto=http X-Forwarded-For=192.0.2.1 X-Envoy-Expected-Rq-Timeout-Ms=15000 X-Request-Id=mine catalog /x%2fy?a;b=%zz"
	if string(got) != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if s, ms := res.Header.Get("Server"), res.Header.Get("X-Envoy-Upstream-Service-Time"); s != "envoy" || ms == "" {
		t.Errorf("server %q, time %q", s, ms)
	}
}

// TestOwnAnswers has Envoy's codes and words for what no task answers.
func TestOwnAnswers(t *testing.T) {
	l := start(t)
	l.set("empty", HTTP)
	l.set("down", HTTP, gone(t))
	l.set("rude", HTTP, rude(t))
	l.set("odd", HTTP, address(backend(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, _ := http.NewResponseController(w).Hijack()
		_, _ = io.WriteString(c, "what?\r\n\r\n")
		_ = c.Close()
	})))
	l.denied[web+" payments"] = &Refused{Reason: "web does not call payments: add it to calls: of web"}
	const dropped = "upstream connect error or disconnect/reset before headers. "
	for _, c := range []struct {
		name, method string
		code         int
		want         string
	}{
		{"empty", "GET", 503, "no healthy upstream"},
		{"nobody", "GET", 503, "no healthy upstream\nno service has the name nobody"},
		{"down", "GET", 503, dropped + "retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused"},
		{"down", "POST", 503, dropped + "retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused"},
		{"rude", "GET", 503, dropped + "retried and the latest reset reason: connection termination"},
		{"rude", "POST", 503, dropped + "reset reason: connection termination"},
		{"odd", "GET", 502, dropped + "reset reason: protocol error"},
		{"payments", "GET", 503, dropped + "reset reason: connection timeout\nweb does not call payments: add it to calls: of web"},
	} {
		req, _ := http.NewRequest(c.method, "http://"+c.name, nil)
		if code, body := do(t, l.client(t), req); code != c.code || body != c.want {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.name, code, body, c.code, c.want)
		}
	}
}

// TestRefusal reports a refusal once for many requests, and each kind.
func TestRefusal(t *testing.T) {
	l := start(t)
	for _, n := range []string{"payments", "ledger"} {
		l.denied[web+" "+n] = &Refused{Reason: "not for " + n}
		for range 5 {
			get(t, l.client(t), "http://"+n)
		}
	}
	close(l.refusals)
	var got []Refusal
	for r := range l.refusals {
		got = append(got, r)
	}
	want := []Refusal{{web, "payments", 80, "not for payments"}, {web, "ledger", 80, "not for ledger"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
}

// TestElsewhere sends to another task what one did not take, with its body.
func TestElsewhere(t *testing.T) {
	l := start(t)
	echo := address(backend(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // it answers before it has read all
		_, _ = io.Copy(w, r.Body)
	}))
	big := strings.Repeat("x", maxReplay/2)
	for _, c := range []struct {
		first, method, body string
		code                int
	}{
		{gone(t), "GET", "", 200}, {gone(t), "POST", big, 200}, {gone(t), "POST", strings.Repeat(big, 20), 200},
		{rude(t), "GET", "", 200}, {rude(t), "PUT", big, 200}, {rude(t), "POST", big, 503},
	} {
		l.set("catalog", HTTP, c.first, c.first, echo)
		for range 3 { // whoever's turn it is
			req, _ := http.NewRequest(c.method, "http://catalog", io.NopCloser(strings.NewReader(c.body)))
			code, body := do(t, l.client(t), req)
			if code == 200 && body != c.body {
				t.Errorf("%s of %d bytes: %d came back", c.method, len(c.body), len(body))
			}
			if code != 200 && code != c.code {
				t.Errorf("%s of %d bytes: %d %s", c.method, len(c.body), code, body)
			}
		}
	}
}

// TestEvents hands an event on before the next is sent.
func TestEvents(t *testing.T) {
	l := start(t)
	next := make(chan string)
	l.set("events", HTTP, address(backend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for e := range next {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", e)
			_ = http.NewResponseController(w).Flush()
		}
	})))
	res := make(chan *http.Response)
	go func() {
		r, err := l.client(t).Get("http://events")
		if err != nil {
			t.Error(err)
		}
		res <- r
	}()
	next <- "0"
	r := <-res
	defer r.Body.Close()
	in := bufio.NewReader(r.Body)
	for i := range 3 {
		if s, err := in.ReadString('\n'); s != "data: "+strconv.Itoa(i)+"\n" || err != nil {
			t.Errorf("%q %v", s, err)
		}
		_, _ = in.ReadString('\n')
		if i < 2 {
			next <- strconv.Itoa(i + 1)
		}
	}
	close(next)
	if b, err := io.ReadAll(in); len(b) != 0 || err != nil {
		t.Errorf("%q %v", b, err)
	}
}

// TestUpgrade carries bytes both ways after a WebSocket handshake, for longer
// than a request may take.
func TestUpgrade(t *testing.T) {
	l := start(t)
	l.set("chat", HTTP, address(backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("X-Envoy-Expected-Rq-Timeout-Ms") != "" {
			t.Errorf("%v", r.Header)
		}
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, _ := http.NewResponseController(w).Hijack()
		defer c.Close()
		for {
			s, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "you said "+s)
		}
	})))
	l.patch("chat", func(r *Route) { r.Request = 20 * time.Millisecond })
	c, err := l.dial(agent.Preface{Token: Token(key, web), Kind: agent.Connect, Name: "chat", Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: chat\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	time.Sleep(60 * time.Millisecond)
	_, _ = io.WriteString(c, "hello\n")
	if s, err := in.ReadString('\n'); s != "you said hello\n" || err != nil {
		t.Errorf("%q %v", s, err)
	}
}

// TestTooLong answers 504 before an answer, and breaks one that has begun, as
// the timeout is for the whole of it.
func TestTooLong(t *testing.T) {
	l := start(t)
	l.set("slow", HTTP, address(backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not seen
		if r.URL.Path == "/begun" {
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})))
	l.patch("slow", func(r *Route) { r.Request = 30 * time.Millisecond })
	if code, body := get(t, l.client(t), "http://slow"); code != 504 || body != "upstream request timeout" {
		t.Errorf("%d %s", code, body)
	}
	req, _ := http.NewRequest(http.MethodPost, "http://slow", strings.NewReader("body"))
	if code, _ := do(t, l.client(t), req); code != 504 {
		t.Errorf("with a body: %d", code)
	}
	res, err := l.client(t).Get("http://slow/begun")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); string(b) != "begun" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q %v", b, err)
	}
}
