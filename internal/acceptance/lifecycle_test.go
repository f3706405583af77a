package acceptance

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// TestShopOnTheEmbeddedAWS provisions the example with AWS's own latencies.
func TestShopOnTheEmbeddedAWS(t *testing.T) {
	m := shop(t)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		w := newWorld(t, simulator.Options{Latency: 40 * time.Millisecond, Limits: true})
		start := time.Now()
		if err := w.up(ctx, m); err != nil {
			t.Fatal(err)
		}
		t.Logf("provisioned in %s of AWS's time", time.Since(start).Round(time.Second))
		w.mustBeStill(t, ctx, m)
		start = time.Now()
		if err := w.down(ctx, "shop", "dev"); err != nil {
			t.Fatal(err)
		}
		t.Logf("removed in %s of AWS's time", time.Since(start).Round(time.Second))
		left, err := w.live(ctx, "shop", "dev")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range left {
			t.Errorf("left: %s %s", l.Addr, l.ARN)
		}
	})
}
