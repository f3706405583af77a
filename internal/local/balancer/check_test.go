package balancer

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestGRPCHealth: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func TestGRPCHealth(t *testing.T) {
	status := "12"
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.Path != "/AWS.ALB/healthcheck" || r.Header.Get("Content-Type") != "application/grpc" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		if status == "0" { // with a message, the status follows it
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = w.Write(make([]byte, 5))
		}
		w.Header().Set("Grpc-Status", status)
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	for _, c := range []struct {
		status, matcher, reason string
	}{{"12", "", ""}, {"0", "", ReasonMismatch}, {"0", "0-5", ""}, {"7", "0-5,12", ReasonMismatch}, {"", "", ReasonFailed}} {
		status = c.status
		b, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		target := targetAt(t, s.Listener.Addr().String())
		g := newGroup("g", &b.opts)
		g.configure(Group{Version: GRPC, Targets: []Target{target}, Health: HealthCheck{Matcher: c.matcher}}, false, 1<<40)
		if r := g.link.Load().check(t.Context(), g.cfg, g.targets[0]); r.ok != (c.reason == "") || r.reason != c.reason {
			t.Errorf("status %q for %q: %+v", c.status, c.matcher, r)
		}
		g.close()
	}
}

// TestHealthPort checks over TLS on another port than the traffic's.
func TestHealthPort(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/healthz?deep=1" || r.UserAgent() != "ELB-HealthChecker/2.0" {
			t.Errorf("%s by %s", r.URL, r.UserAgent())
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	at := targetAt(t, s.Listener.Addr().String())
	b, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := newGroup("g", &b.opts)
	defer g.close()
	health := HealthCheck{Path: "/healthz?deep=1", Port: at.Port, TLS: true, Matcher: "202"}
	g.configure(Group{Targets: []Target{{ID: at.ID, Port: 1}}, Health: health}, false, 1<<40)
	if r := g.link.Load().check(t.Context(), g.cfg, g.targets[0]); !r.ok {
		t.Errorf("%+v", r)
	}
}

func TestParseCodes(t *testing.T) {
	for s, want := range map[string]bool{"200": true, "200,202": true, "200-299": true, "200-299, 301": true,
		"199": false, "200-500": false, "299-200": false, "ok": false, "": false, "200-": false} {
		if _, err := parseCodes(s, 200, 499); (err == nil) != want {
			t.Errorf("%q: %v", s, err)
		}
	}
}
