package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The rhythm of the service scheduler.
const (
	healthLook  = 5 * time.Second  // while tasks are not healthy yet
	steadyLook  = 10 * time.Second // at the health of a service at rest
	trustedTime = 40 * time.Second // until a task counts as healthy that nothing checks
	addressWait = 30 * time.Second // until a full subnet is tried again
	emptyEnd    = 5 * time.Second  // until a deleted service without tasks is INACTIVE

	// However fast the account is, looking more often finds nothing new, and a
	// task that fails at its start must have had the time to.
	minLook  = 250 * time.Millisecond
	minTrust = 2 * time.Second
)

// stepService does what the service scheduler does with one service: judge its
// tasks, give a failing deployment up, stop and start tasks, and say when it
// is done:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
func (s *ecsService) stepService(key string) {
	u, ok := s.services.get(key)
	if !ok || u.status() == "INACTIVE" {
		return
	}
	w := &watch{s: s, u: &u, tasks: s.liveTasks(u), at: s.c.now()}
	w.judge()
	w.tripBreaker()
	w.stopSurplus()
	w.stopOld()
	w.stopReplaced()
	w.start()
	w.settle()
	w.publish()
	w.end()
	w.next()
	w.save()
}

// watch is one look at a service and its tasks.
type watch struct {
	s     *ecsService
	u     *ecsUnit
	tasks []ecsTask
	at    time.Time
	look  time.Time // when to look again; zero: when something happens
}

// again asks for another look at a time.
func (w *watch) again(t time.Time) {
	if t.After(w.at) && (w.look.IsZero() || t.Before(w.look)) {
		w.look = t
	}
}

func (w *watch) desired() int { return int(w.u.Service.DesiredCount) }

// bounds are the most tasks that may be there during a deployment, and the
// fewest that must be healthy.
func (w *watch) bounds() (least, most int) {
	c := w.u.Service.DeploymentConfiguration
	most = w.desired() * int(*c.MaximumPercent) / 100
	least = (w.desired()*int(*c.MinimumHealthyPercent) + 99) / 100
	return least, most
}

func (w *watch) event(format string, args ...any) {
	w.s.event(w.u.key(), fmt.Sprintf(format, args...))
}

// event puts a message in front of a service's events; it keeps AWS's hundred.
func (s *ecsService) event(key, text string) {
	_, name, _ := strings.Cut(key, "/")
	all, _ := s.events.get(key)
	e := types.ServiceEvent{Id: aws.String(s.c.uuid()), CreatedAt: aws.Time(s.c.now()), Message: aws.String("(service " + name + ") " + text)}
	s.events.put(key, append([]types.ServiceEvent{e}, all[:min(len(all), 99)]...))
}

// eventOnce leaves a message out that is the newest already.
func (w *watch) eventOnce(text string) {
	all, _ := w.s.events.get(w.u.key())
	if len(all) == 0 || !strings.HasSuffix(*all[0].Message, " "+text) {
		w.event("%s", text)
	}
}

// of are the indexes of the tasks of a deployment that are to run.
func (w *watch) of(rollout string) []int {
	var out []int
	for i, t := range w.tasks {
		if t.Rollout == rollout && !t.stopping() {
			out = append(out, i)
		}
	}
	return out
}

// old are the indexes of the tasks of all other deployments that are to run.
func (w *watch) old() []int {
	var out []int
	for _, r := range w.u.Rollouts[1:] {
		out = append(out, w.of(r.ID)...)
	}
	return out
}

func (w *watch) healthy(indexes []int) int {
	n := 0
	for _, i := range indexes {
		if w.tasks[i].Healthy && w.tasks[i].Doomed == "" {
			n++
		}
	}
	return n
}

// stop stops a task as the scheduler does.
func (w *watch) stop(i int, reason string) {
	t := &w.tasks[i]
	w.s.halt(t, types.TaskStopCodeServiceSchedulerInitiated, reason)
	w.s.saveTask(*t)
	w.s.agenda.set("task", t.key(), w.at)
}

func (w *watch) stopAll(indexes []int) {
	if len(indexes) == 0 {
		return
	}
	ids := make([]string, len(indexes))
	for n, i := range indexes {
		ids[n] = "(task " + w.tasks[i].id() + ")"
		w.stop(i, "Scaling activity initiated by (deployment "+w.tasks[i].Rollout+")")
	}
	w.event("has stopped %d running tasks: %s.", len(ids), strings.Join(ids, " "))
}

// dispensable orders tasks by how soon they may go: those that do not run yet,
// those that are not healthy, then the youngest.
func (w *watch) dispensable(indexes []int) []int {
	rank := func(i int) int {
		switch t := w.tasks[i]; {
		case t.last() != "RUNNING":
			return 0
		case !t.Healthy || t.Doomed != "":
			return 1
		}
		return 2
	}
	out := slices.Clone(indexes)
	slices.SortStableFunc(out, func(a, b int) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return w.tasks[b].Task.CreatedAt.Compare(*w.tasks[a].Task.CreatedAt)
	})
	return out
}

// stopSurplus scales the primary deployment in.
func (w *watch) stopSurplus() {
	mine := w.of(w.u.primary().ID)
	if extra := len(mine) - w.desired(); extra > 0 {
		doomed := slices.DeleteFunc(slices.Clone(mine), func(i int) bool { return w.tasks[i].Doomed == "" })
		if extra -= len(doomed); extra > 0 {
			w.stopAll(w.dispensable(mine)[:extra])
		}
	}
}

// stopOld replaces: of the older deployments go those tasks that do not work,
// and as many others as the minimum of healthy tasks allows.
func (w *watch) stopOld() {
	if w.u.primary().State == types.DeploymentRolloutStateFailed && w.u.status() == "ACTIVE" {
		return
	}
	least, _ := w.bounds()
	old := w.dispensable(w.old())
	spare := w.healthy(old) + w.healthy(w.of(w.u.primary().ID)) - least
	var going []int
	for _, i := range old {
		if !w.tasks[i].Healthy {
			going = append(going, i)
		} else if spare > 0 {
			spare--
			going = append(going, i)
		}
	}
	w.stopAll(going)
}

// stopReplaced lets unhealthy tasks go once healthy ones stand in for them.
func (w *watch) stopReplaced() {
	mine := w.of(w.u.primary().ID)
	if w.healthy(mine) < w.desired() {
		return
	}
	for _, i := range mine {
		if w.tasks[i].Doomed != "" {
			w.stop(i, w.tasks[i].Doomed)
		}
	}
}

// start launches what is missing, as far as the maximum allows.
func (w *watch) start() {
	p := w.u.primary()
	if w.u.status() != "ACTIVE" || p.State == types.DeploymentRolloutStateFailed {
		return
	}
	mine := w.of(p.ID)
	doomed := slices.DeleteFunc(slices.Clone(mine), func(i int) bool { return w.tasks[i].Doomed == "" })
	want := w.desired() - (len(mine) - len(doomed))
	_, most := w.bounds()
	room := most - len(mine) - len(w.old())
	if want > 0 && room <= 0 && len(doomed) > 0 {
		w.stop(doomed[0], w.tasks[doomed[0]].Doomed)
		room++
	}
	if want = min(want, room); want <= 0 {
		return
	}
	if w.at.Before(p.Retry) {
		w.again(p.Retry)
		return
	}
	w.launch(p, want)
}

func (w *watch) launch(p *ecsRollout, n int) {
	if p.Plan.LaunchType != "" && p.Plan.LaunchType != types.LaunchTypeFargate {
		w.eventOnce("was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
		return
	}
	d, ok := w.s.definition(p.Plan.Definition)
	if !ok {
		return
	}
	var ids []string
	for range n {
		t, ok := w.s.newTask(w.u.Cluster, p.Plan, d.Def, providerFor(p.Plan, p.Launched))
		if !ok {
			w.eventOnce("failed to launch a task with (error ECS was unable to create a network interface: the subnets have no free addresses).")
			w.again(w.at.Add(w.s.c.lag(addressWait)))
			break
		}
		p.Launched++
		t.Service, t.Rollout = w.u.Name, p.ID
		t.Task.Group, t.Task.StartedBy = aws.String("service:"+w.u.Name), aws.String(p.ID)
		t.Task.EnableExecuteCommand = w.u.Service.EnableExecuteCommand
		t.Tags = w.taskTags(d)
		w.s.saveTask(t)
		w.s.agenda.set("task", t.key(), t.Until)
		w.tasks = append(w.tasks, t)
		ids = append(ids, "(task "+t.id()+")")
	}
	if len(ids) > 0 {
		w.event("has started %d tasks: %s.", len(ids), strings.Join(ids, " "))
	}
}

func (w *watch) taskTags(d ecsTaskDef) map[string]string {
	out := map[string]string{}
	switch w.u.Service.PropagateTags {
	case types.PropagateTagsService:
		out = withTags(out, mapPairs(w.u.Tags))
	case types.PropagateTagsTaskDefinition:
		out = withTags(out, mapPairs(d.Tags))
	}
	if w.u.Service.EnableECSManagedTags {
		out["aws:ecs:clusterName"], out["aws:ecs:serviceName"] = w.u.Cluster, w.u.Name
	}
	return out
}

// save keeps the service and puts the next look on the agenda.
func (w *watch) save() {
	w.u.Tasks = nil
	for _, t := range w.tasks {
		w.u.Tasks = append(w.u.Tasks, t.key())
	}
	w.s.saveUnit(*w.u)
	if !w.look.IsZero() {
		w.s.agenda.set("service", w.u.key(), w.look)
	}
}
