package connect

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestRolling replaces tasks, gently and not, under 1000 requests at a time
// with and without bodies. None fails.
func TestRolling(t *testing.T) {
	l := start(t)
	tasks := []*httptest.Server{backend(t, slowly), backend(t, slowly), backend(t, slowly)}
	l.list("catalog", tasks)
	c := l.client(t)
	var all sync.WaitGroup
	var served atomic.Int64
	for i := range 1000 {
		all.Go(func() {
			for range 8 {
				method, body := "GET", ""
				if i%2 == 0 {
					method, body = "PUT", strings.Repeat("x", 1000) // so that an answer is one write
				}
				req, _ := http.NewRequest(method, "http://catalog", strings.NewReader(body))
				if code, got := do(t, c, req); code != 200 || got != body {
					t.Errorf("%s: %d %.200s", method, code, got)
				}
				served.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for i := 0; ; i++ {
		for served.Load() < int64(i+1)*1500 { // so that none meets three deaths
			select {
			case <-done:
				if i < 5 || served.Load() != 8000 {
					t.Errorf("%d requests over %d replacements", served.Load(), i)
				}
				return
			case <-time.After(time.Millisecond):
			}
		}
		old := tasks[0]
		tasks = append(tasks[1:], backend(t, slowly))
		switch i % 3 {
		case 0: // as ECS does it
			l.list("catalog", tasks)
			old.Close()
		case 1: // does not wait for what is under way
			l.list("catalog", tasks)
			old.CloseClientConnections()
			old.Close()
		case 2: // dies, and stays listed for a while
			old.CloseClientConnections()
			old.Close()
			time.Sleep(5 * time.Millisecond)
			l.list("catalog", tasks)
		}
	}
}

// slowly gives back what it gets.
func slowly(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	time.Sleep(time.Millisecond)
	_, _ = w.Write(b)
}

func (w *world) list(name string, tasks []*httptest.Server) {
	var addresses []string
	for _, b := range tasks {
		addresses = append(addresses, address(b))
	}
	w.set(name, HTTP, addresses...)
}
