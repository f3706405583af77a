package balancer

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAnswers has answers of every shape. The request after it shows whether the
// connection was kept, and that nothing of the first answer is left on it.
func TestAnswers(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	const kept, dropped, closes = "kept", "dropped", "closes" // the last is the target's doing
	for name, c := range map[string]struct {
		method, answer string
		code           int
		body           string // with ! it is cut off; * is the load balancer's own
		then           string
	}{
		"with a length":     {"GET", okAnswer, 200, "ok", kept},
		"empty":             {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", kept},
		"chunked":           {"GET", chunked + "2\r\nok\r\n3;ext=1\r\n...\r\n0\r\n\r\n", 200, "ok...", kept},
		"until the end":     {"GET", "HTTP/1.1 200 OK\r\n\r\nok", 200, "ok", closes},
		"HTTP/1.0":          {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", dropped},
		"HTTP/1.0 kept":     {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", kept},
		"says close":        {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", dropped},
		"HEAD":              {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, "", kept},
		"no content":        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", kept},
		"not modified":      {"GET", "HTTP/1.1 304 Not Modified\r\nEtag: \"9\"\r\n\r\n", 304, "", kept},
		"a body to HEAD":    {"HEAD", okAnswer, 200, "", dropped},
		"a body to 204":     {"GET", "HTTP/1.1 204 No Content\r\n\r\nok", 204, "", dropped},
		"left over":         {"GET", okAnswer + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", 200, "ok", dropped},
		"unknown code":      {"GET", "HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok", 799, "ok", kept},
		"long header":       {"GET", "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("a", 1<<18) + "\r\nContent-Length: 2\r\n\r\nok", 200, "ok", kept},
		"endless header":    {"GET", "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("a", 11<<20) + "\r\n\r\n", 502, "*", dropped},
		"cut in its header": {"GET", "HTTP/1.1 200 OK\r\nContent-Le", 502, "*", closes},
		"cut in its body":   {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", 200, "ok!", closes},
		"cut in a chunk":    {"GET", chunked + "9\r\nok", 200, "ok!", closes},
		"wrong chunk":       {"GET", chunked + "2\r\nok\r\nzz\r\nok\r\n", 200, "ok!", dropped},
		"not HTTP":          {"GET", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, "*", dropped},
		"two lengths":       {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, "*", dropped},
		"unasked upgrade":   {"GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502, "*", dropped},
		"no such code":      {"GET", "HTTP/1.1 099 Odd\r\n\r\n", 502, "*", dropped},
	} {
		t.Run(name, func(t *testing.T) {
			_, addr, target := serveRaw(t, func(conn net.Conn, r *http.Request) bool {
				if r.URL.Path == "/next" {
					_, _ = io.WriteString(conn, okAnswer)
					return true
				}
				_, _ = io.WriteString(conn, c.answer)
				return c.then != closes
			})
			req, _ := http.NewRequest(c.method, "http://"+addr, nil)
			res, err := client(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			body := string(b)
			if err != nil {
				body += "!"
			}
			if c.body == "*" && strings.HasPrefix(body, "<html>") {
				body = "*"
			}
			if _, guessed := res.Header["Content-Type"]; guessed && c.body != "*" {
				t.Errorf("%v: the target did not say a content type", res.Header)
			}
			if res.StatusCode != c.code || body != c.body {
				t.Errorf("%d %.50q, want %d %q", res.StatusCode, body, c.code, c.body)
			}
			if code, body := get(t, client(t), "http://"+addr+"/next"); code != 200 || body != "ok" {
				t.Errorf("the next request: %d %q", code, body)
			}
			if got := target.conns.Load() == 1; got != (c.then == kept) {
				t.Errorf("%d connections", target.conns.Load())
			}
		})
	}
}

// TestEarlyAnswers hands on what precedes the answer, and trailers, announced
// or not.
func TestEarlyAnswers(t *testing.T) {
	_, addr, _ := serveRaw(t, func(c net.Conn, r *http.Request) bool {
		announced := ""
		if r.URL.Path == "/announced" {
			announced = "Trailer: X-Sum\r\n"
		}
		_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"+announced+
			"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n")
		return true
	})
	for _, path := range []string{"/announced", "/unannounced"} {
		c := call(t, addr)
		c.write(t, "GET "+path+" HTTP/1.1\r\nHost: a.b\r\n\r\n")
		if res, _ := c.read(t, "GET"); res.StatusCode != 103 || res.Header.Get("Link") != "</a>" {
			t.Errorf("early: %+v", res)
		}
		res, body := c.read(t, "GET")
		if res.StatusCode != 200 || body != "ok" || res.Header.Get("Link") != "" || res.Trailer.Get("X-Sum") != "9" {
			t.Errorf("%s: %q, %+v", path, body, res)
		}
	}
}

// TestKeptConnectionEnds has targets that end a kept connection: while nobody
// uses it, and instead of an answer.
func TestKeptConnectionEnds(t *testing.T) {
	for _, c := range []struct {
		request  string
		idle     bool // it ends before the second request
		code     int
		requests int32
	}{
		{"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", true, 200, 2},
		{"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 4\r\n\r\nbody", true, 200, 2},
		{"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", false, 200, 3}, // once more: it does no harm
		{"DELETE / HTTP/1.1\r\nHost: a.b\r\n\r\n", false, 502, 2},
		{"DELETE / HTTP/1.1\r\nHost: a.b\r\nIdempotency-Key: 1\r\n\r\n", false, 200, 3},
		{"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 4\r\n\r\nbody", false, 502, 2},
	} {
		end, ended := make(chan bool), make(chan bool)
		var n atomic.Int32
		_, addr, target := serveRaw(t, func(conn net.Conn, r *http.Request) bool {
			turn := n.Add(1)
			if turn == 2 && !c.idle {
				return false
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(conn, okAnswer)
			if turn == 1 && c.idle {
				<-end // as soon as the answer is through
				conn.Close()
				ended <- true
			}
			return true
		})
		if code, _ := get(t, client(t), "http://"+addr); code != 200 {
			t.Errorf("first: %d", code)
		}
		if c.idle {
			end <- true
			<-ended
		}
		conn := call(t, addr)
		conn.write(t, c.request)
		if res, _ := conn.read(t, "GET"); res.StatusCode != c.code || target.requests.Load() != c.requests {
			t.Errorf("%q: %d after %d requests, want %d after %d", c.request, res.StatusCode, target.requests.Load(), c.code, c.requests)
		}
	}
}

// TestUnaskedAnswer has a target that says something on a kept connection. It
// must not become the answer to the next request, which is another client's.
func TestUnaskedAnswer(t *testing.T) {
	say, said := make(chan bool), make(chan bool)
	_, addr, target := serveRaw(t, func(c net.Conn, r *http.Request) bool {
		_, _ = io.WriteString(c, okAnswer)
		if r.URL.Path == "/first" {
			<-say
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			said <- true
		}
		return true
	})
	get(t, client(t), "http://"+addr+"/first")
	say <- true
	<-said
	if code, body := get(t, client(t), "http://"+addr+"/second"); code != 200 || body != "ok" || target.conns.Load() != 2 {
		t.Errorf("%d %q over %d connections", code, body, target.conns.Load())
	}
}

// TestAnswerBeforeBody has a target that answers before the request's end: the
// client learns of it at once, and that its connection ends. What it still sends
// is not taken for a request.
func TestAnswerBeforeBody(t *testing.T) {
	_, addr, target := serveRaw(t, func(c net.Conn, r *http.Request) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
		_, err := io.Copy(io.Discard, r.Body)
		return err == nil
	})
	for _, form := range [][3]string{
		{"Content-Length: 8", "half", "half"},
		{"Transfer-Encoding: chunked", "4\r\nhalf\r\n", "4\r\nhalf\r\n0\r\n\r\n"},
	} {
		c := call(t, addr)
		c.write(t, "POST / HTTP/1.1\r\nHost: a.b\r\n"+form[0]+"\r\n\r\n"+form[1])
		if res, body := c.read(t, "POST"); res.StatusCode != 413 || body != "no" || !res.Close {
			t.Errorf("%s: %d %q, %t", form[0], res.StatusCode, body, res.Close)
		}
		_, _ = io.WriteString(c, form[2]+"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n") // it may be closed
		if rest, _ := io.ReadAll(c.in); len(rest) > 0 {
			t.Errorf("%s, then: %q", form[0], rest)
		}
	}
	if target.requests.Load() != 2 {
		t.Errorf("%d requests", target.requests.Load())
	}
}
