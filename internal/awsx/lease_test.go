package awsx

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ecsail/ecsail/internal/simulator"
)

// account opens a simulated account, in which fault, if any, goes wrong.
func account(t *testing.T, fault simulator.FaultFunc) *Env {
	t.Helper()
	cloud, err := simulator.New(simulator.Options{Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	return NewEnv(Tune(cloud.Config("eu-west-1")), "shop", "dev")
}

var ann = Holder{User: "ann", Host: "mac-1", PID: os.Getpid(), Command: "ecsail up -e dev"}

func acquire(t *testing.T, e *Env, h Holder) *Lease {
	t.Helper()
	l, err := Acquire(t.Context(), e, h)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, l *Lease) {
	t.Helper()
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// leftovers are the parameters that exist.
func leftovers(t *testing.T, e *Env) string {
	t.Helper()
	out, err := e.SSM.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/ecsail"), Recursive: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range out.Parameters {
		names = append(names, aws.ToString(p.Name))
	}
	return strings.Join(names, " ")
}

// abandon stops the renewal without releasing, as a killed process does.
func abandon(l *Lease) {
	l.stop()
	<-l.ended
}

func TestLeaseKeepsOthersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		l := acquire(t, e, ann)
		time.Sleep(time.Hour) // renewed all the time
		_, err := Acquire(t.Context(), e, Holder{User: "bob"})
		var held *HeldError
		if !errors.As(err, &held) || held.Holder.User != "ann" || !strings.Contains(err.Error(), "ann on mac-1 has been changing environment dev of shop since 2000-01-01 00:00:00 UTC (ecsail up -e dev, process ") {
			t.Errorf("got %v, want ann's", err)
		}
		if h, err := ReadLease(t.Context(), e); err != nil || h == nil || h.User != "ann" {
			t.Errorf("the lease reads as %v, %v", h, err)
		}
		if l.Err() != nil {
			t.Errorf("lost: %v", l.Err())
		}
		release(t, l)
		if h, err := ReadLease(t.Context(), e); err != nil || h != nil {
			t.Errorf("after release it reads as %v, %v", h, err)
		}
		release(t, acquire(t, e, Holder{User: "bob"}))
		if left := leftovers(t, e); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

func TestLeaseOfAnotherEnvironmentIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		defer release(t, acquire(t, e, ann))
		release(t, acquire(t, &Env{App: e.App, Name: "prod", SSM: e.SSM}, ann))
	})
}

func TestExpiredLeaseIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		abandon(acquire(t, e, ann))
		if _, err := Acquire(t.Context(), e, ann); err == nil {
			t.Fatal("taken while it had not expired")
		}
		time.Sleep(leaseTTL)
		l := acquire(t, e, Holder{User: "bob"})
		time.Sleep(3 * renewEvery)
		if l.Err() != nil {
			t.Error(l.Err())
		}
		release(t, l)
		if left := leftovers(t, e); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

func TestLeaseOfADeadProcessIsTakenOverAtOnce(t *testing.T) {
	dead, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Skip("no process to be dead: ", err)
	}
	if _, err := dead.Wait(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		abandon(acquire(t, e, Holder{User: "ann", PID: dead.Pid}))
		start := time.Now()
		release(t, acquire(t, e, ann))
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestOneOfManyTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		abandon(acquire(t, e, ann))
		time.Sleep(leaseTTL)
		var mu sync.Mutex
		var won []*Lease
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				l, err := Acquire(t.Context(), e, Holder{User: fmt.Sprint("taker-", i)})
				var held *HeldError
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won = append(won, l)
				case !errors.As(err, &held):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d took it over", len(won))
		}
		time.Sleep(2 * renewEvery)
		if won[0].Err() != nil {
			t.Error(won[0].Err())
		}
		release(t, won[0])
	})
}

// A taker that dies after its claim must not lock everybody out.
func TestClaimOfADeadTakerExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		first := acquire(t, e, ann)
		abandon(first)
		time.Sleep(leaseTTL)
		dead := &Lease{env: e, record: leaseRecord{Token: "died", Holder: ann, Machine: machineID()}}
		if name, err := dead.claim(t.Context(), &first.record); name == "" || err != nil {
			t.Fatal(name, err)
		}
		if _, err := Acquire(t.Context(), e, ann); err == nil {
			t.Error("taken under a living claim")
		}
		time.Sleep(claimTTL)
		release(t, acquire(t, e, ann))
		if left := leftovers(t, e); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

// Every answer of the lease's own calls gets lost once.
func TestLeaseSurvivesLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[string]int{}
		e := account(t, func(c simulator.Call) (f simulator.Fault) {
			if seen[c.Op]++; seen[c.Op]%2 == 1 {
				f.After = simulator.ErrLost
			}
			return f
		})
		l := acquire(t, e, ann)
		time.Sleep(10 * time.Minute)
		if l.Err() != nil {
			t.Errorf("lost: %v", l.Err())
		}
		abandon(l)
		time.Sleep(leaseTTL)
		l = acquire(t, e, ann)
		time.Sleep(10 * time.Minute)
		release(t, l)
		if left := leftovers(t, e); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

func TestLeaseThatCannotBeRenewedIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		e := account(t, func(simulator.Call) (f simulator.Fault) {
			if down.Load() {
				f.Before = refusal(400, "AccessDeniedException")
			}
			return f
		})
		l := acquire(t, e, ann)
		down.Store(true)
		start := time.Now()
		<-l.Lost()
		if took := time.Since(start); took > leaseTTL-leaseMargin+renewAgain || took < time.Minute {
			t.Errorf("noticed after %v", took)
		}
		if !strings.Contains(l.Err().Error(), "the lease of environment dev was lost: ") {
			t.Errorf("it says %v", l.Err())
		}
		down.Store(false)
		release(t, l)
		if left := leftovers(t, e); left != "/ecsail/shop/dev/lease" {
			t.Errorf("left %q; a lost lease is not ours to delete", left)
		}
	})
}

func TestLeaseThatWasTakenAwayIsLost(t *testing.T) {
	for name, take := range map[string]func(*testing.T, *Env){
		"deleted": func(t *testing.T, e *Env) {
			if err := e.dropLease(t.Context(), e.leaseName()); err != nil {
				t.Fatal(err)
			}
		},
		"overwritten": func(t *testing.T, e *Env) {
			if _, err := e.putLease(t.Context(), e.leaseName(), leaseRecord{Holder: Holder{User: "bob"}, Token: "x"}, true); err != nil {
				t.Fatal(err)
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := account(t, nil)
			l := acquire(t, e, ann)
			take(t, e)
			start := time.Now()
			<-l.Lost()
			if took := time.Since(start); took > renewEvery+time.Second {
				t.Errorf("%s: noticed after %v", name, took)
			}
			release(t, l)
		})
	}
}

func TestGarbageInTheLeaseIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := account(t, nil)
		if _, err := e.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String(e.leaseName()), Value: aws.String("hello"), Type: "String"}); err != nil {
			t.Fatal(err)
		}
		if _, err := Acquire(t.Context(), e, ann); err == nil || !strings.Contains(err.Error(), "/ecsail/shop/dev/lease holds no lease") {
			t.Errorf("got %v", err)
		}
	})
}

func TestPlainText(t *testing.T) {
	if got := plainText("run {{ssm:x}}"); got != "run { {ssm:x}}" {
		t.Errorf("got %q", got)
	}
	if got := []rune(plainText(strings.Repeat("é", 500))); len(got) != 201 {
		t.Errorf("%d characters are left", len(got))
	}
}
