package acceptance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/simulator"
)

// TestLaws holds every registered type to the laws of a resource file. The
// specs are those of a manifest that uses every type with as many fields as it
// can; a type that it does not use fails the test.
func TestLaws(t *testing.T) {
	m := load(t, "testdata/everything.yaml", "prod")
	synctest.Test(t, func(t *testing.T) {
		c, err := simulator.New(simulator.Options{})
		check(t, err)
		l := &laws{T: t, cloud: c, outs: map[resource.Addr]any{}}
		l.op = l.operator(c, "prod")
		l.zone()
		g, err := l.op.compile(t.Context(), m)
		check(t, err)
		l.graph = g
		if d := slices.DeleteFunc(awsx.Kinds(), func(k string) bool { return slices.Contains(g.Kinds(), k) }); len(d) > 0 {
			t.Fatalf("everything.yaml does not use %v", d)
		}
		order, err := g.Sorted()
		check(t, err)
		l.createAll(order)
		l.readies(order)
		for _, n := range order {
			l.lists(n)
			l.adopts(n)
		}
		l.removes()
	})
}

type laws struct {
	*testing.T
	cloud *simulator.Cloud
	op    *world
	graph *resource.Graph
	outs  map[resource.Addr]any
}

// operator has no client-side limits, so that a call takes no time at all and
// sleeping in a resource file shows.
func (l *laws) operator(c *simulator.Cloud, env string) *world {
	e := awsx.NewEnv(c.Config(region), "shop", env)
	return &world{cloud: c, env: e, drivers: awsx.Drivers(e)}
}

// zone makes what is the team's own and must be there before.
func (l *laws) zone() {
	_, err := l.op.env.Route53.CreateHostedZone(l.Context(), &route53.CreateHostedZoneInput{Name: ptr("example.com"), CallerReference: ptr("1")})
	check(l.T, err)
	_, err = l.op.env.SSM.PutParameter(l.Context(), &ssm.PutParameterInput{Name: ptr("/shop/a"), Value: ptr("secret"), Type: "SecureString"})
	check(l.T, err)
}

func (l *laws) resolved(n *resource.Node) resource.Node {
	c := *n
	c.Spec = resource.Resolve(n.Spec, func(t resource.Target) (string, bool) { return resource.Attr(l.outs[t.Addr], t.Attr) })
	return c
}

func (l *laws) query(n *resource.Node, env string) resource.Query {
	q := resource.Query{App: "shop", Env: env, Names: map[string]resource.Addr{}}
	if n.Scope == resource.AppScope {
		q.Env = resource.AppEnv
	}
	for _, o := range l.graph.Nodes() {
		if o.Kind == n.Kind {
			r := l.resolved(o)
			q.Wanted, q.Names[resource.PhysicalName(r.Spec)] = append(q.Wanted, &r), o.Addr
		}
	}
	return q
}

// find lists the kind of n and returns what carries its address.
func (l *laws) find(w *world, n *resource.Node) []resource.LiveNode {
	l.Helper()
	ls, err := w.drivers[n.Kind].List(resource.WithMemo(l.Context()), l.query(n, "prod"))
	if err != nil {
		l.Fatalf("list %s: %v", n.Kind, err)
	}
	return slices.DeleteFunc(ls, func(x resource.LiveNode) bool { return x.Addr != n.Addr || x.Foreign != "" })
}

// patiently repeats f while it fails for a reason that waiting cures.
func (l *laws) patiently(what string, f func() error) {
	l.Helper()
	for range 400 {
		start := time.Now()
		err := f()
		if d := time.Since(start); d > 0 {
			l.Errorf("law 6: %s slept for %s", what, d)
		}
		if err == nil {
			return
		}
		if resource.AsRetry(err) == nil {
			l.Fatalf("%s: %v", what, err)
		}
		time.Sleep(5 * time.Second)
	}
	l.Fatalf("%s: still not after 400 tries", what)
}

// createAll makes everything, each as soon as what it needs is there.
func (l *laws) createAll(left []*resource.Node) {
	for range 2000 {
		var later []*resource.Node
		for _, n := range left {
			if slices.ContainsFunc(n.Needs(), func(t resource.Target) bool { return !l.usable(t) }) {
				later = append(later, n)
				continue
			}
			l.creates(n)
		}
		if left = later; len(left) == 0 {
			return
		}
		time.Sleep(5 * time.Second)
	}
	l.Fatalf("cannot be created, what it needs never comes: %s", left[0].Addr)
}

// creates makes the resource, first in a copy of the account where the process
// dies after the first call that changed something.
func (l *laws) creates(n *resource.Node) {
	r, tags := l.resolved(n), n.OwnTags("shop", "prod")
	l.diesAfterFirstCall(n, r, tags)
	l.patiently("create "+string(n.Addr), func() error {
		live, err := l.op.drivers[n.Kind].Create(l.Context(), r, tags)
		if err == nil {
			l.outs[n.Addr] = live.Out
		}
		return err
	})
}

func (l *laws) usable(t resource.Target) bool {
	out := l.outs[t.Addr]
	if out == nil || t.Attr == "" {
		return out != nil
	}
	if _, known := resource.Attr(out, t.Attr); !known {
		l.refresh(l.graph.Node(t.Addr))
		out = l.outs[t.Addr]
	}
	_, known := resource.Attr(out, t.Attr)
	return known && (!resource.AttrNeedsReady(out, t.Attr) || l.isReady(l.graph.Node(t.Addr)))
}

func (l *laws) isReady(n *resource.Node) bool { return l.refresh(n).Ready }

func (l *laws) refresh(n *resource.Node) resource.Readiness {
	r := l.resolved(n)
	st, err := l.op.drivers[n.Kind].Ready(resource.WithMemo(l.Context()), []resource.LiveNode{{Addr: n.Addr, Kind: n.Kind, Spec: r.Spec, Out: l.outs[n.Addr]}})
	check(l.T, err)
	if st[0].Failed != "" {
		l.Fatalf("%s: %s", n.Addr, st[0].Failed)
	}
	l.outs[n.Addr] = st[0].Out
	return st[0]
}

// diesAfterFirstCall is laws 1 and 2: what a crash leaves is found by its tags
// (or its parent and name) and brought to its spec by updates alone.
func (l *laws) diesAfterFirstCall(n *resource.Node, r resource.Node, tags map[string]string) {
	dead := false
	copied, err := l.cloud.Clone(simulator.Options{
		OnCall: func(c simulator.Call) { dead = dead || mutates(c.Op) && c.Err == nil },
		Fault: func(c simulator.Call) (f simulator.Fault) {
			if dead {
				f.Before = simulator.ErrCrash
			}
			return f
		},
	})
	check(l.T, err)
	w := l.operator(copied, "prod")
	err = func() (err error) { _, err = w.drivers[n.Kind].Create(l.Context(), r, tags); return err }()
	if !dead {
		if resource.AsRetry(err) != nil {
			return // not possible yet; the real creation will wait
		}
		l.Fatalf("%s: create changed nothing: %v", n.Addr, err)
	}
	again, err := copied.Clone(simulator.Options{})
	check(l.T, err)
	w = l.operator(again, "prod")
	found := l.find(w, n)
	if n.Kind == "Namespace" && len(found) == 0 {
		time.Sleep(0) // created asynchronously: seen by the next run, tested by the crash sweep
		return
	}
	if len(found) != 1 {
		l.Errorf("law 1: %s: after a crash behind the first call, %d are found by tags", n.Addr, len(found))
		return
	}
	l.heals(w, n, r, tags, found[0])
}

func mutates(op string) bool {
	// The service-linked role is the account's, not the resource's.
	return !regexp.MustCompile(`^(Describe|List|Get|Batch|CreateServiceLinkedRole)`).MatchString(op)
}

func (l *laws) heals(w *world, n *resource.Node, r resource.Node, tags map[string]string, live resource.LiveNode) {
	d := w.drivers[n.Kind]
	diff := resource.Compare(live.Spec, r.Spec)
	if diff.Replace() {
		l.Errorf("law 2: %s: what a crash left can only be replaced: %v", n.Addr, diff.Changes)
		return
	}
	if !diff.Empty() {
		if err := d.Update(l.Context(), live, r, diff, tags); err != nil && resource.AsRetry(err) == nil {
			l.Errorf("law 2: %s: heal: %v", n.Addr, err)
		}
	}
	if left := l.find(w, n); len(left) != 1 || !resource.Compare(left[0].Spec, r.Spec).Empty() {
		l.Errorf("law 2: %s is not healed: %v", n.Addr, resource.Compare(left[0].Spec, r.Spec).Changes)
	}
}

func (l *laws) readies(order []*resource.Node) {
	for _, n := range order {
		for i := 0; !l.isReady(n); i++ {
			if i > 400 {
				l.Fatalf("%s never becomes ready", n.Addr)
			}
			time.Sleep(5 * time.Second)
		}
	}
	settle()
}

// lists is law 3: what is live compares equal with what was wanted.
func (l *laws) lists(n *resource.Node) {
	found := l.find(l.op, n)
	if len(found) != 1 {
		l.Errorf("law 3: %s: %d found", n.Addr, len(found))
		return
	}
	live, r := found[0], l.resolved(n)
	if d := resource.Compare(live.Spec, r.Spec); !d.Empty() {
		l.Errorf("law 3: %s: created, listed, and it differs: %v", n.Addr, d.Changes)
	}
	if live.Out != l.outs[n.Addr] {
		l.Errorf("law 3: %s: outputs %+v, listed as %+v", n.Addr, l.outs[n.Addr], live.Out)
	}
	if d := resource.CompareTags(live.Tags, n.OwnTags("shop", "prod")); !n.Untagged && !d.Empty() {
		l.Errorf("law 1: %s: tags differ: %v", n.Addr, d.Changes)
	}
	if live.Pending {
		l.Errorf("law 3: %s is ready and listed as pending", n.Addr)
	}
}

// nameless types make a second one when created twice: AWS has nothing that
// would tell, and the engine looks before it tries again.
var nameless = []string{"VPC", "InternetGateway", "EIP", "RouteTable", "NATGateway", "TaskDefinition", "VPCEndpoint"}

// adopts is law 5: a second creation finds the first; a stranger is told who
// the owner is.
func (l *laws) adopts(n *resource.Node) {
	if slices.Contains(nameless, n.Kind) {
		return
	}
	r := l.resolved(n)
	again, err := l.op.drivers[n.Kind].Create(l.Context(), r, n.OwnTags("shop", "prod"))
	if err != nil {
		l.Errorf("law 5: %s: created twice: %v", n.Addr, err)
	} else if !agrees(again.Out, l.outs[n.Addr]) {
		l.Errorf("law 5: %s: created twice: %+v and %+v", n.Addr, l.outs[n.Addr], again.Out)
	}
	if n.Untagged || n.Kind == "Certificate" || n.Kind == "Subnet" || n.Kind == "Listener" || n.Kind == "ListenerRule" || n.Kind == "SecurityGroupRule" {
		return // not unique by a name that another owner could hold
	}
	stranger := awsx.NewEnv(l.cloud.Config(region), "other", "prod")
	_, err = awsx.Drivers(stranger)[n.Kind].Create(l.Context(), r, n.OwnTags("other", "prod"))
	var foreign *resource.ForeignError
	if !errors.As(err, &foreign) || !strings.Contains(foreign.Owner, "shop") {
		l.Errorf("law 5: %s: a stranger's creation: %v", n.Addr, err)
	}
}

// agrees reports whether outputs are those of a ready resource as far as they
// are known: some are only known later.
func agrees(out, ready any) bool {
	for f := range reflect.TypeOf(out).Fields() {
		got, known := resource.Attr(out, f.Name)
		if want, _ := resource.Attr(ready, f.Name); known && got != want {
			return false
		}
	}
	return true
}

// removes is law 4, over all of it: in the order of live references, each is
// deleted, waited for, and deleted once more.
func (l *laws) removes() {
	start := time.Now()
	p, err := l.op.plan(l.Context(), resource.NewGraph("shop", "prod"))
	check(l.T, err)
	if len(p.Steps) != l.graph.Len() {
		l.Errorf("law 4: %d deletions for %d resources", len(p.Steps), l.graph.Len())
	}
	for steps := p.Steps; len(steps) > 0; time.Sleep(5 * time.Second) {
		if time.Since(start) > 2*time.Hour {
			l.Fatalf("law 4: still not deleted: %s", steps[0].Addr)
		}
		steps = slices.DeleteFunc(steps, l.removed)
	}
	left, err := l.op.live(l.Context(), "shop", "prod")
	check(l.T, err)
	for _, x := range left {
		l.Errorf("law 4: left: %s %s", x.Addr, x.ARN)
	}
}

// removed deletes one resource, unless something else must go first, and once
// it is gone deletes it once more.
func (l *laws) removed(s *engine.Step) bool {
	d, live := l.op.drivers[s.Live().Kind], *s.Live()
	start := time.Now()
	err := d.Delete(l.Context(), live)
	if resource.AsRetry(err) != nil {
		return false
	}
	check(l.T, err)
	gone, err := d.Gone(context.WithoutCancel(l.Context()), []resource.LiveNode{live})
	check(l.T, err)
	if !gone[0] {
		return false
	}
	if err := d.Delete(l.Context(), live); err != nil {
		l.Errorf("law 4: %s: deleting what is gone: %v", s.Addr, err)
	}
	if t := time.Since(start); t > 0 {
		l.Errorf("law 6: deleting %s slept for %s", s.Addr, t)
	}
	return true
}

// maxNames is AWS's limit per type with a physical name.
var maxNames = map[string]int{
	"LoadBalancer": 32, "TargetGroup": 32, "SecurityGroup": 255, "Role": 64, "Repository": 256, "LogGroup": 512,
	"Cluster": 255, "Service": 255, "TaskDefinition": 255, "Namespace": 1024, "ScalingPolicy": 256, "ScheduledAction": 256, "Record": 255,
}

// unhashed types need no hash in their name, for a reason.
var unhashed = map[string]string{
	"Role":           "only the path could replace it, and the path never changes",
	"Repository":     "holds images: a replacement is refused without consent",
	"Service":        "unique within a cluster, whose name never changes",
	"TaskDefinition": "a new revision keeps the family",
	"LogGroup":       "nothing but the name could replace it", "Cluster": "the same", "Namespace": "the same",
	"ScalingPolicy": "unique within its service", "ScheduledAction": "the same", "Record": "its name is the point of it",
}

// TestNames is law 7, with the longest names that a manifest allows.
func TestNames(t *testing.T) {
	long := strings.Repeat("x", 24)
	service := strings.Repeat("s", 30)
	m := loadText(t, fmt.Sprintf("app: a%s\nservices:\n  %s: {image: \"nginx:1.27\", port: 80, route: /, scale: {min: 1, max: 2, cpu: 50}}\n", long[1:], service))
	synctest.Test(t, func(t *testing.T) {
		g, err := newWorld(t, simulator.Options{}).compile(t.Context(), m)
		check(t, err)
		for _, n := range g.Nodes() {
			name := resource.PhysicalName(n.Spec)
			if name == "" {
				continue
			}
			limit, known := maxNames[n.Kind]
			if !known || len(name) > limit {
				t.Errorf("law 7: %s: name %q has %d characters, limit %d", n.Addr, name, len(name), limit)
			}
			if _, ok := unhashed[n.Kind]; !ok && !regexp.MustCompile(`-[0-9a-f]{6}$`).MatchString(name) {
				t.Errorf("law 7: %s: name %q has no hash of what replaces it", n.Addr, name)
			}
		}
	})
}

// TestOneFilePerType is law 8.
func TestOneFilePerType(t *testing.T) {
	for _, k := range awsx.Kinds() {
		if _, err := os.Stat("../awsx/resources/" + snake(k) + ".go"); err != nil {
			t.Errorf("law 8: %s has no file of its own: %v", k, err)
		}
	}
}

func snake(kind string) string {
	var b strings.Builder
	r := []rune(kind)
	for i, c := range r {
		if i > 0 && unicode.IsUpper(c) && (unicode.IsLower(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
