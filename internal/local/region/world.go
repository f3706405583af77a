package region

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/simulator"
)

// world is the account as Service Connect's proxy sees it. It is asked for every
// request, so it remembers answers until the account changes.
type world struct {
	cloud    *simulator.Cloud
	key      []byte
	endpoint func(task string, port int32) (address string, ok bool)
	// entrance is where a load balancer listens that has a DNS name.
	entrance func(name string, port int) (address string, ok bool)

	age atomic.Uint64 // counts changes of the account

	mu     sync.Mutex
	routes map[call]answer
	tokens map[string]string // to tasks
	known  map[string]bool   // tasks whose token is there
}

type call struct {
	task, name string
	port       int32
}

type answer struct {
	age   uint64
	route connect.Route
	err   error
}

func newWorld(cloud *simulator.Cloud, key []byte) *world {
	return &world{cloud: cloud, key: key, routes: map[call]answer{}, tokens: map[string]string{}, known: map[string]bool{}}
}

// changed makes every answer old. It is called while the account is locked.
func (w *world) changed() { w.age.Add(1) }

// Task implements connect.World.
func (w *world) Task(token string) (connect.Task, bool) {
	arn, ok := w.holder(token)
	if !ok {
		return connect.Task{}, false
	}
	v, ok, err := w.cloud.Task(arn)
	if err != nil || !ok || aws.ToString(v.Task.LastStatus) == "STOPPED" {
		return connect.Task{}, false
	}
	return connect.Task{ARN: arn, Role: aws.ToString(v.Definition.TaskRoleArn)}, true
}

// holder is the task that a token belongs to. Tokens of tasks that are new since
// the last question are worked out first.
func (w *world) holder(token string) (string, bool) {
	w.mu.Lock()
	arn, ok := w.tokens[token]
	w.mu.Unlock()
	if ok {
		return arn, true
	}
	places, err := w.cloud.Tasks()
	if err != nil {
		return "", false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	live := map[string]bool{}
	for _, p := range places {
		live[p.ARN] = true
		if !w.known[p.ARN] {
			w.tokens[connect.Token(w.key, p.ARN)] = p.ARN
		}
	}
	for t, a := range w.tokens {
		if !live[a] {
			delete(w.tokens, t)
		}
	}
	w.known = live
	arn, ok = w.tokens[token]
	return arn, ok
}

// Route implements connect.World.
func (w *world) Route(caller, name string, port int32) (connect.Route, error) {
	if at, ok := w.entrance(name, int(port)); ok {
		return connect.Route{Backends: []connect.Backend{{Task: name, Address: at}}}, nil
	}
	id, age := call{caller, name, port}, w.age.Load()
	w.mu.Lock()
	a, ok := w.routes[id]
	w.mu.Unlock()
	if ok && a.age == age {
		return a.route, a.err
	}
	a = answer{age: age}
	a.route, a.err = w.find(caller, name, port)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.routes) > 10_000 { // of tasks that came and went
		clear(w.routes)
	}
	w.routes[id] = a
	return a.route, a.err
}

func (w *world) find(caller, name string, port int32) (connect.Route, error) {
	r, ok, err := w.cloud.Reach(caller, name, port)
	switch {
	case err != nil:
		return connect.Route{}, err
	case !ok:
		return connect.Route{}, &connect.Unknown{Name: name}
	case r.Refused:
		return connect.Route{Protocol: r.Protocol}, &connect.Refused{Reason: w.reason(caller, r.Service)}
	}
	route := connect.Route{Protocol: r.Protocol}
	for _, b := range r.Backends {
		if at, ok := w.endpoint(b.Task, b.Port); ok {
			route.Backends = append(route.Backends, connect.Backend{Task: b.Task, Address: at})
		}
	}
	return route, nil
}

// reason says what would have to be declared for a refused call to be let through.
func (w *world) reason(caller, callee string) string {
	v, _, err := w.cloud.Task(caller)
	if err != nil || v.Service == "" {
		return "the security groups of " + callee + " do not let this task in"
	}
	return fmt.Sprintf("%s does not declare that it calls %s: the security groups keep it out. Write `calls: [%s]` under services.%s in the manifest and run `up`",
		v.Service, callee, callee, v.Service)
}
