package simulator

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	bolterrors "go.etcd.io/bbolt/errors"
)

// A process that has the account for itself keeps the others out until it ends.
func TestAnAccountForOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := newECSClients(t, Options{Dir: dir, Exclusive: true})
		db := l.cloud.store.db
		l.logGroup("/a")
		l.logGroup("/b")
		if db == nil || l.cloud.store.db != db {
			t.Error("the file was opened again")
		}
		begin := time.Now()
		if _, err := New(Options{Dir: dir}); !errors.Is(err, bolterrors.ErrTimeout) || time.Since(begin) < 29*time.Second {
			t.Errorf("a second process after %s: %v", time.Since(begin), err)
		}
		l.ok(l.cloud.Close())
		l.ok(l.cloud.Close())
		l = newECSClients(t, Options{Dir: dir})
		out, err := l.logs.DescribeLogGroups(l.ctx, &logs.DescribeLogGroupsInput{})
		l.ok(err)
		if len(out.LogGroups) != 2 {
			t.Errorf("the next process finds %d groups", len(out.LogGroups))
		}
	})
}

// What could not be written did not happen.
func TestAFailedWrite(t *testing.T) {
	for _, alone := range []bool{true, false} {
		l := newECSClients(t, Options{Dir: t.TempDir(), Exclusive: alone})
		l.logGroup("/a")
		broken := newTable[chan int](l.cloud, "test/broken")
		err := l.cloud.transact(func() {
			l.cloud.region = "eu-west-1"
			l.cloud.logs.groups.put("/b", logGroup{Name: "/b"})
			l.cloud.logs.groups.delete("/a")
			broken.put("x", make(chan int)) // no JSON for it
		})
		if err == nil {
			t.Fatal("a row without JSON was written")
		}
		l.logGroup("/c")
		out, err := l.logs.DescribeLogGroups(l.ctx, &logs.DescribeLogGroupsInput{})
		l.ok(err)
		if len(out.LogGroups) != 2 || *out.LogGroups[0].LogGroupName != "/a" || *out.LogGroups[1].LogGroupName != "/c" {
			t.Errorf("alone %v: after the failure there are %d groups, the first %s", alone, len(out.LogGroups), aws.ToString(out.LogGroups[0].LogGroupName))
		}
		l.ok(l.cloud.Close())
	}
}
