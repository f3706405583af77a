package agent

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPlan gives one address to a name, whatever the order.
func TestPlan(t *testing.T) {
	want := []Alias{
		{"catalog", "127.255.0.1", 80, "http"}, {"catalog", "127.255.0.1", 9090, "grpc"}, {"orders", "127.255.0.2", 80, "http"},
	}
	wantHosts := []string{"catalog:127.255.0.1", "orders:127.255.0.2"}
	for _, in := range [][]Alias{
		{{Name: "catalog", Port: 80, Protocol: "http"}, {Name: "catalog", Port: 9090, Protocol: "grpc"}, {Name: "orders", Port: 80, Protocol: "http"}},
		{{Name: "Orders", Port: 80, Protocol: "http"}, {Name: "catalog", Port: 9090, Protocol: "grpc"}, {Name: "catalog", Port: 80, Protocol: "http"},
			{Name: "orders", Port: 80, Protocol: "http"}},
	} {
		got, hosts := Plan(in)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(wantHosts, hosts); d != "" {
			t.Error(d)
		}
	}
	if got, hosts := Plan(nil); len(got)+len(hosts) != 0 {
		t.Errorf("%v %v", got, hosts)
	}
	many := make([]Alias, 300)
	for i := range many {
		many[i] = Alias{Name: strings.Repeat("x", i+1), Port: 80}
	}
	if got, _ := Plan(many); got[299].Address != "127.255.1.44" {
		t.Errorf("the 300th has %s", got[299].Address)
	}
}

// TestEnviron brings a configuration through the environment.
func TestEnviron(t *testing.T) {
	want := Config{Region: "unix:/run/ecsail/agent.sock", Token: "t", Aliases: []Alias{{"a", "127.255.0.1", 80, "http"}}}
	text, err := want.Environ()
	if err != nil {
		t.Fatal(err)
	}
	name, value, _ := strings.Cut(text, "=")
	got, err := FromEnviron(func(n string) string { return map[string]string{name: value}[n] })
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for _, bad := range []string{"", "{", `{"socket":"s"}`, `{"token":"t"}`} {
		if _, err := FromEnviron(func(string) string { return bad }); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestPreface reads what was written, in whatever pieces, and nothing else.
func TestPreface(t *testing.T) {
	want := Preface{Token: "t", Kind: Connect, Name: strings.Repeat("n", 255), Port: 80, Protocol: "http"}
	var line bytes.Buffer
	if _, err := want.WriteTo(&line); err != nil || line.Len() > 400 {
		t.Fatal(line.Len(), err)
	}
	a, b := net.Pipe()
	go func() {
		for _, c := range line.Bytes() {
			_, _ = a.Write([]byte{c})
		}
	}()
	_ = b.SetDeadline(time.Now().Add(5 * time.Second))
	got, err := ReadPreface(b)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for _, c := range []struct{ text, want string }{
		{`{}`, "EOF"}, {"{}\nGET /", "more than a line"}, {"GET / HTTP/1.1\n", "invalid character"},
		{strings.Repeat(" ", 2000), "longer than 1024 bytes"},
	} {
		if _, err := ReadPreface(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, want %q", c.text, err, c.want)
		}
	}
}
