package simulator

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// WriteLines writes containers' output to the log groups of their task
// definitions, as the awslogs driver does, all in one step. Lines of a task that
// nobody knows any more, of containers with another driver and for groups that
// do not exist are lost, as on AWS.
func (c *Cloud) WriteLines(lines []TaskLine) error {
	return c.transact(func() {
		streams := map[[2]string]*lineStream{}
		for _, l := range lines {
			key := [2]string{l.Task, l.Container}
			if streams[key] == nil {
				streams[key] = c.ecs.lineStream(l.Task, l.Container)
			}
			streams[key].add(l)
		}
		for key, s := range streams {
			c.region = regionOf(key[0])
			c.ecs.write(key, s)
		}
	})
}

// lineStream is a container's stream and what is to be written to it.
type lineStream struct {
	region, group, name string
	events              []logRecord
	until               time.Time
}

func (s *lineStream) add(l TaskLine) {
	s.until = l.At
	if s.group != "" && l.Message != "" { // CloudWatch has no empty events
		s.events = append(s.events, logRecord{At: l.At.UnixMilli(), Message: l.Message})
	}
}

func (s *ecsService) lineStream(task, container string) *lineStream {
	s.c.region = regionOf(task)
	t, ok := s.tasks.get(tailOf("task", task))
	if !ok {
		return &lineStream{}
	}
	for _, c := range s.runnable(t).ContainerDefinitions {
		if *c.Name == container && c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs {
			o := c.LogConfiguration.Options
			return &lineStream{region: o["awslogs-region"], group: o["awslogs-group"], name: strings.Join([]string{o["awslogs-stream-prefix"], container, t.id()}, "/")}
		}
	}
	return &lineStream{}
}

func (s *ecsService) write(key [2]string, l *lineStream) {
	if !l.until.IsZero() {
		s.logged.put(key[0]+"|"+key[1], l.until)
	}
	s.inRegion(l.region, func() {
		if len(l.events) == 0 || !s.c.logs.groups.has(l.group) {
			return
		}
		st, ok := s.c.logs.streams.get(streamKey(l.group, l.name))
		if !ok {
			st = s.c.logs.newStream(l.group, l.name)
		}
		s.c.logs.store(&st, l.events)
		s.c.logs.trim(&st, maxStreamEvents)
	})
}

// LoggedUntil is the time of the last line that WriteLines took of a container;
// zero: none. It lets no time pass, so that a runtime may ask it before it can be
// asked anything itself.
func (c *Cloud) LoggedUntil(task, container string) (at time.Time) {
	err := c.quietly(func() {
		c.region = regionOf(task)
		at, _ = c.ecs.logged.get(task + "|" + container)
	})
	if err != nil {
		return time.Time{}
	}
	return at
}
