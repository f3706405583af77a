package region

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/local/registry"
	"github.com/ecsail/ecsail/internal/local/tasks"
	"github.com/ecsail/ecsail/internal/simulator"
)

// Options are what a region needs from its surroundings.
type Options struct {
	Home   Home
	Getenv func(string) string
	Log    *slog.Logger
	// Program is this program's executable; it runs as the agent in every task.
	Program string
	// Build tells this build from another one, for commands that find a region
	// of an older build.
	Build string
	// Period is the length of a metric's period; zero: AWS's minute.
	Period time.Duration
}

// haste is how much faster than AWS the region does AWS's own work: creating a
// NAT gateway takes half a second and not 100.
const haste = 200

// Region is the running local region.
type Region struct {
	opt    Options
	log    *slog.Logger
	lock   *os.File
	engine *engine.Engine
	info   engine.Info
	cloud  *simulator.Cloud
	tasks  *tasks.Runtime
	plane  *plane
	meter  *meter
	world  *world
	lines  *lines
	mesh   *connect.Server
	images net.Listener
	agents net.Listener
	store  *registry.Store

	endImages context.CancelFunc
	serving   sync.WaitGroup // the registry

	wake     chan struct{} // the account may have something due
	moved    chan struct{} // load balancers have changed
	stop     chan struct{} // somebody asked the process to end
	stopOnce sync.Once
	started  time.Time
}

// Open takes the region over: its account, and the containers that an earlier
// process left. It fails with [engine.Unavailable] without a container engine.
// The caller must Run and Close it.
func Open(ctx context.Context, opt Options) (r *Region, err error) {
	r = &Region{opt: opt, log: opt.Log, wake: make(chan struct{}, 1), moved: make(chan struct{}, 1), stop: make(chan struct{}), started: time.Now()}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if err := opt.Home.make(); err != nil {
		return r, err
	}
	if r.lock, err = lock(opt.Home.lockFile()); err != nil {
		return r, err
	}
	if r.engine, err = engine.Open(ctx, opt.Getenv, opt.Home.ID); err != nil {
		return r, err
	}
	if r.info, err = r.engine.Info(ctx); err != nil {
		return r, err
	}
	r.info.Distant = r.info.Distant || opt.Getenv("ECSAIL_ENGINE") == "vm"
	if err := opt.Home.enter(); err != nil {
		return r, err
	}
	key, err := secret(opt.Home.keyFile())
	if err != nil {
		return r, err
	}
	for _, step := range []func(context.Context, []byte) error{r.openPlane, r.openAccount, r.openImages, r.openAgents, r.openTasks, r.openMesh, r.serveImages} {
		if err := step(ctx, key); err != nil {
			return r, err
		}
	}
	return r, r.resume(ctx)
}

// secret reads the region's key, or makes it.
func secret(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) == 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the local region's key: %w", err)
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make the local region's key: %w", err)
	}
	if err := os.WriteFile(path, key, 0o600); err != nil {
		return nil, fmt.Errorf("keep the local region's key: %w", err)
	}
	return key, nil
}

func (r *Region) openPlane(_ context.Context, key []byte) error {
	p, err := openPorts(r.opt.Home.portsFile())
	if err != nil {
		return err
	}
	certs, err := openCertificates(r.opt.Home.certDir())
	if err != nil {
		return err
	}
	r.plane, r.meter = newPlane(r.log, key, p, certs), newMeter()
	r.plane.endpoint = func(task string, port int32) (string, bool) { return r.tasks.Endpoint(task, port) }
	r.plane.changed = func(group string) { go r.targetsChanged(group) }
	return nil
}

func (r *Region) openAccount(_ context.Context, key []byte) (err error) {
	r.cloud, err = simulator.New(simulator.Options{
		Dir: r.opt.Home.accountDir(), Exclusive: true, Haste: haste, Runtime: (*late)(r), Balancing: r.plane,
		Meter: r.meter, Period: r.opt.Period,
		OnCall:   func(simulator.Call) { nudge(r.wake) },
		OnChange: r.changed,
	})
	if err != nil {
		return err
	}
	r.world = newWorld(r.cloud, key)
	r.world.endpoint = r.plane.endpoint
	r.world.entrance = r.plane.entrance
	r.lines = &lines{write: r.cloud.WriteLines, log: r.log}
	return nil
}

// late is the account's runtime: the tasks' containers, once they are there.
// The account is opened first, for the runtime asks it what it knows.
type late Region

// Start implements simulator.Runtime.
func (l *late) Start(t simulator.TaskSpec) { l.tasks.Start(t) }

// Stop implements simulator.Runtime.
func (l *late) Stop(t simulator.TaskSpec) { l.tasks.Stop(t) }

// Observe implements simulator.Runtime.
func (l *late) Observe(t simulator.TaskSpec) simulator.Observation { return l.tasks.Observe(t) }

// changed is told of the account's changes while it is locked.
func (r *Region) changed(service string) {
	if service == "elb" {
		nudge(r.moved)
	}
	if r.world != nil {
		r.world.changed()
	}
}

// nudge wakes a loop that may be awake already.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (r *Region) openImages(context.Context, []byte) (err error) {
	if r.store, err = registry.Open(r.opt.Home.imagesDir()); err != nil {
		return err
	}
	// Where the last process listened the engine finds again what it has pulled.
	r.images, err = listenAgain(filepath.Join(r.opt.Home.Dir, "registry.address"))
	return err
}

// serveImages begins to answer: from then on time passes in the account, and the
// tasks are asked.
func (r *Region) serveImages(ctx context.Context, _ []byte) error {
	ctx, r.endImages = context.WithCancel(context.WithoutCancel(ctx))
	clients := images{client: func(region string) *ecr.Client { return ecr.NewFromConfig(r.cloud.Config(region)) }}
	handler := registry.New(clients, r.store, r.log)
	r.serving.Go(func() {
		if err := registry.Serve(ctx, r.images, handler); err != nil {
			r.log.Error("registry", "error", err)
		}
	})
	return nil
}

// listenAgain listens on loopback at the address that is remembered in a file;
// elsewhere, and remembers it, if there is none or somebody took the port.
func listenAgain(path string) (net.Listener, error) {
	if text, err := os.ReadFile(path); err == nil {
		if l, err := registry.Listen(string(text)); err == nil {
			return l, nil
		}
	}
	l, err := registry.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, []byte(l.Addr().String()), 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("remember an address: %w", err)
	}
	return l, nil
}

// resume tells the runtime what is to run, and removes what is not.
func (r *Region) resume(ctx context.Context) error {
	if err := r.cloud.Resume(); err != nil {
		return err
	}
	places, err := r.cloud.Tasks()
	if err != nil {
		return err
	}
	live := map[string]bool{}
	for _, p := range places {
		live[p.ARN] = true
	}
	return r.tasks.Sweep(ctx, func(task string) bool { return live[task] })
}

// Close gives everything back. Containers run on.
func (r *Region) Close() {
	if r.mesh == nil && r.agents != nil {
		_ = r.agents.Close() // nobody has used it
	}
	if r.mesh != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_ = r.mesh.Shutdown(ctx) // connections are cut in the end
		cancel()
	}
	if r.plane != nil {
		r.plane.close()
	}
	if r.tasks != nil {
		_ = r.tasks.Close() // only watching ends
	}
	switch {
	case r.endImages != nil:
		r.endImages()
		r.serving.Wait()
	case r.images != nil:
		_ = r.images.Close() // nobody has used it
	}
	if r.lines != nil {
		r.lines.flush()
	}
	if r.cloud != nil {
		if err := r.cloud.Close(); err != nil {
			r.log.Error("close the account", "error", err)
		}
	}
	if r.engine != nil {
		_ = r.engine.Close()
	}
	if r.lock != nil {
		_ = r.lock.Close()
	}
}
