package cli

import (
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/simulator"
)

func TestZZ(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := simulator.ScriptedRuntime{}
		l := newDayLab(t, plainShop, simulator.Options{Runtime: scripts})
		scripts["web"] = simulator.Script{Exit: aws.Int32(1), After: 3e9, Log: []string{"boom"}}
		err := l.restart(t.Context(), []string{"web"}, settleFlags{})
		t.Logf("%d %v\n%s", exitCode(err), err, l.err)
		l.clear()
		scripts["web"] = simulator.Script{}
		err = l.restart(t.Context(), []string{"web"}, settleFlags{})
		l.clear()
		scripts["web"] = simulator.Script{Missing: true}
		err = l.scale(t.Context(), []wantedCount{{"web", 3}}, settleFlags{})
		t.Logf("%d %v\n%s", exitCode(err), err, l.err)
		l.clear()
		err = l.scale(t.Context(), []wantedCount{{"web", 1}}, settleFlags{})
		t.Logf("%d %v\n%s", exitCode(err), err, l.err)
		l.clear()
		scripts["web"] = simulator.Script{}
		err = l.scale(t.Context(), []wantedCount{{"web", 3}}, settleFlags{})
		t.Logf("%d %v\n%s", exitCode(err), err, l.err)
	})
}
