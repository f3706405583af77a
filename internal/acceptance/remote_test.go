package acceptance

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/simulator"
)

// inProcess carries requests to a handler without a network, so that virtual time
// passes.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, req)
	return w.Result(), nil
}

// TestALifeOverTheWire lets another process's account live through all of an
// application's life, as the command line does with the local region's.
func TestALifeOverTheWire(t *testing.T) {
	m := loadText(t, `app: shop
services:
  web: {image: "ghcr.io/acme/web:1.0", port: 8080, route: /, calls: [api], scale: {min: 2, max: 4, cpu: 60}}
  api: {image: "ghcr.io/acme/api:1.0", port: 9000}
`)
	changed := loadText(t, `app: shop
services:
  web: {image: "ghcr.io/acme/web:1.1", port: 8080, route: /}
`)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		cloud, err := simulator.New(simulator.Options{Latency: 40 * time.Millisecond, Dir: t.TempDir(), Exclusive: true})
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := simulator.Remote(region, &http.Client{Transport: inProcess{cloud}})
		if err != nil {
			t.Fatal(err)
		}
		env := awsx.NewEnv(awsx.Tune(cfg), "shop", "dev")
		w := &world{cloud: cloud, env: env, drivers: awsx.Drivers(env)}
		for _, step := range []func() error{
			func() error { return w.up(ctx, m) },
			func() error { return w.up(ctx, changed) },
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		w.mustBeStill(t, ctx, changed)
		if err := w.down(ctx, "shop", "dev"); err != nil {
			t.Fatal(err)
		}
		left, err := w.live(ctx, "shop", "dev")
		if err != nil || len(left) > 0 {
			t.Errorf("left: %v (%v)", left, err)
		}
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
}
