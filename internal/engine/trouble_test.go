package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// story is what a type says of its one resource, by how long ago it was made.
type story func(age time.Duration) resource.State[netOut]

// told runs the creation of one resource that a story is about, and returns its
// events, each with the second it came at.
func told(t *testing.T, s story, opt Options) (events []string, err error) {
	t.Helper()
	start := time.Now()
	kind := &resource.Type[*cloud, netSpec, netOut]{Kind: "Tale", CFN: "Test::Tale",
		List: func(context.Context, *cloud, resource.Query) ([]resource.Live[netSpec, netOut], error) {
			return nil, nil
		},
		Create: func(context.Context, *cloud, resource.Want[netSpec]) (netOut, error) {
			return netOutOf("1"), nil
		},
		Ready: func(context.Context, *cloud, []resource.Live[netSpec, netOut]) ([]resource.State[netOut], error) {
			return []resource.State[netOut]{s(time.Since(start))}, nil
		},
	}
	g := resource.NewGraph("shop", "dev")
	kind.Add(g, "a", netSpec{})
	drivers := Drivers{"Tale": kind.Bind(newCloud())}
	p, err := Decide(g, &World{}, drivers, Choices{})
	if err != nil {
		t.Fatal(err)
	}
	opt.OnEvent = func(e Event) {
		text := fmt.Sprintf("%s %s %s", time.Since(start), e.Kind, e.Note)
		if e.Failure != nil {
			text += e.Failure.Reason
		}
		events = append(events, strings.TrimSpace(text))
	}
	_, err = Apply(t.Context(), p, drivers, opt)
	return events, err
}

func mustRead(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTroubleIsToldAtOnce tells every failure once, while the step goes on, and
// ends the step when what failed has come to rest.
func TestTroubleIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := resource.Failure{Reason: "one"}, resource.Failure{Reason: "two"}
		events, err := told(t, func(age time.Duration) resource.State[netOut] {
			st := resource.State[netOut]{Note: "starting"}
			if age > 2*time.Second {
				st.Failures = append(st.Failures, one)
			}
			if age > 4*time.Second {
				st.Failures = append(st.Failures, two)
				st.Failed, st.Moving, st.Note = "it broke", age < 7*time.Second, "going back"
			}
			return st
		}, Options{})
		mustRead(t, events, "0s started", "500ms waiting starting", "2.5s trouble one", "4.5s trouble two", "4.5s waiting going back", "7.5s failed")
		var failed *FailedError
		if !errors.As(err, &failed) || failed.Reason != "it broke" {
			t.Errorf("error %v", err)
		}
	})
}

// TestWhatHasFailedMayNotMoveForEver is bounded by the time to become ready, and
// is a failure of the resource still.
func TestWhatHasFailedMayNotMoveForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := told(t, func(time.Duration) resource.State[netOut] {
			return resource.State[netOut]{Failed: "it broke", Moving: true, Note: "going back"}
		}, Options{Ready: 10 * time.Minute})
		var failed *FailedError
		if !errors.As(err, &failed) || failed.Reason != "it broke; still so after 10m1s: going back" {
			t.Errorf("error %v", err)
		}
	})
}

// TestBriskIsAskedEverySecond however long it takes; else questions grow rare.
func TestBriskIsAskedEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for brisk, least := range map[bool]int{true: 600, false: 100} {
			n := 0
			_, err := told(t, func(age time.Duration) resource.State[netOut] {
				n++
				return resource.State[netOut]{Ready: age > 10*time.Minute, Brisk: brisk}
			}, Options{})
			if err != nil || n < least || n > least+50 {
				t.Errorf("brisk %v: %d questions in ten minutes (%v)", brisk, n, err)
			}
		}
	})
}
