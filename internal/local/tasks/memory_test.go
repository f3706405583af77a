package tasks

import (
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// An engine may say that memory was used up before or after the container's end.
func TestWhyAContainerWasKilled(t *testing.T) {
	for name, c := range map[string]struct {
		early  bool
		late   time.Duration // after the end; 0: never
		reason string
	}{
		"told before": {early: true, reason: reasonMemory},
		"told after":  {late: 200 * time.Millisecond, reason: reasonMemory},
		"told never":  {},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(f *fake, r *Runtime) {
				s := specOf("1", fakeDef("web", "run"), fakeDef("other", "run"))
				r.Start(s)
				after(time.Second)
				web := f.find("web")
				starve := func() {
					f.mu.Lock()
					defer f.mu.Unlock()
					f.tell("oom", web)
				}
				if c.early {
					starve()
				}
				f.die(web, killed)
				if c.late > 0 {
					after(c.late)
					if got := r.Observe(s).Containers["web"]; got.Status != simulator.ContainerRunning {
						t.Errorf("already %+v", got)
					}
					starve()
				} else if !c.early {
					after(memoryTime)
				}
				after(time.Millisecond)
				got := r.Observe(s).Containers["web"]
				if got.Status != simulator.ContainerStopped || *got.ExitCode != killed || got.Reason != c.reason {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}
