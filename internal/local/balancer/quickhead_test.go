package balancer

import (
	"bufio"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// quickly reads an answer with quickHead; ok says whether it would.
func quickly(text string) (res http.Response, body string, err error, ok bool) {
	in := bufio.NewReaderSize(strings.NewReader(text), 1<<16)
	_, _ = in.Peek(1)
	var sized sizedBody
	h := http.Header{}
	if !quickHead(in, h, &res, &sized) {
		return res, "", nil, len(h) > 0 || in.Buffered() != len(text)
	}
	b, err := io.ReadAll(res.Body)
	return res, string(b), err, true
}

// sameAsLibrary compares with the standard library what quickHead accepts, and
// reports whether it did.
func sameAsLibrary(t *testing.T, text string) bool {
	t.Helper()
	got, body, gotErr, ok := quickly(text)
	if !ok {
		return false
	}
	want, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		t.Errorf("%q: accepted, %v", text, err)
		return true
	}
	wantBody, wantErr := io.ReadAll(want.Body)
	dropHops(want.Header)
	if got.StatusCode != want.StatusCode || got.ContentLength != want.ContentLength || want.Close || !maps.EqualFunc(got.Header, want.Header, equal) ||
		body != string(wantBody) || gotErr != wantErr {
		t.Errorf("%q: %d %d %v %q %v, want %d %d %v %q %v", text, got.StatusCode, got.ContentLength, got.Header, body, gotErr,
			want.StatusCode, want.ContentLength, want.Header, wantBody, wantErr)
	}
	return true
}

func equal(a, b []string) bool { return reflect.DeepEqual(a, b) }

func TestQuickHead(t *testing.T) {
	for text, want := range map[string]bool{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-a:  1 \r\nX-A: 2\r\nX-High: \xff\r\n\r\nok":                  true,
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":                                                          true,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n\r\nokmore": true,
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok":                                                        true, // cut off
		"HTTP/1.1 200 \r\nContent-Length: 0\r\nX-Empty:\r\n\r\n":                                                true,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n":                                                              false, // not all of it
		"HTTP/1.1 200 OK\r\n\r\nok":                                                                             false,
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok":                                                        false,
		"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n":                                                  false,
		"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n":                                                 false,
		"HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n":                                                          false,
		"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok":                                                       false,
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok":                                     false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok":                                   false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok":                          false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok":                                   false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n folded\r\n\r\nok":                                   false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\nX-B: 2\r\n\r\nok":                                      false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A : 1\r\n\r\nok":                                             false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n: 1\r\n\r\nok":                                                 false,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nnone\r\n\r\nok":                                                false,
		"HTTP/1.1 200 OK\n\r\n\r\nContent-Length: 2\r\n\r\nok":                                                  false,
	} {
		if got := sameAsLibrary(t, text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// TestQuickHeadMutated spoils answers at random: whatever is accepted must mean
// the same to the standard library.
func TestQuickHeadMutated(t *testing.T) {
	const text = "HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 12\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" +
		"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nhello, world"
	parts := []string{"\r", "\n", "\r\n", " ", "\t", ":", "0", "1", "-", "x", "\x00", "\x7f", "\xff", "\r\n\r\n", "Content-Length: 12\r\n", "close", ",", "chunked", "Transfer-Encoding: chunked\r\n"}
	random, accepted := rand.New(rand.NewPCG(3, 4)), 0
	for range 20000 {
		b := text
		for range 1 + random.IntN(3) {
			i, cut := random.IntN(len(b)), random.IntN(3)
			b = b[:i] + parts[random.IntN(len(parts))] + b[min(len(b), i+cut):]
		}
		if sameAsLibrary(t, b) {
			accepted++
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d of 20000 were accepted: too few to say much", accepted)
	}
}
