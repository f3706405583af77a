package region

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/simulator"
)

// Status is what a region says about itself.
type Status struct {
	PID     int       `json:"pid"`
	Build   string    `json:"build"`
	Started time.Time `json:"started"`
	Engine  string    `json:"engine"` // its address
	// EngineError says why the engine does not answer; empty: it does.
	EngineError string `json:"engine_error,omitempty"`
	// Trouble says why the region cannot keep its state, such as a full disk;
	// empty: it can.
	Trouble  string `json:"trouble,omitempty"`
	Version  string `json:"engine_version"`
	Platform string `json:"platform"` // of the containers: linux/amd64
	Registry string `json:"registry"` // host:port
	Tasks    int    `json:"tasks"`    // that have not stopped
	// Balancers are where load balancers listen: by DNS name, AWS's port to
	// host:port.
	Balancers map[string]map[int]string `json:"balancers"`
	Authority string                    `json:"authority"` // file: who signs the certificates
	Log       string                    `json:"log"`       // file
}

// Serve answers commands on the region's socket until the context ends. It must
// be called before Run, for a socket that answers is how a region is known to be
// up.
func (r *Region) Serve(ctx context.Context) error {
	path := r.opt.Home.socket()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("listen for commands: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("listen for commands: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /aws", r.cloud)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, q *http.Request) { answerJSON(w, r.status(q.Context())) })
	mux.HandleFunc("POST /sync", func(http.ResponseWriter, *http.Request) { r.syncNow() })
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { r.Stop() })
	mux.HandleFunc("POST /retire", func(w http.ResponseWriter, q *http.Request) { r.retire(q.Context(), w) })
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // ends with Shutdown
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(ctx) // what is under way is cut in the end
	})
	return nil
}

// Stop ends Run.
func (r *Region) Stop() { r.stopOnce.Do(func() { close(r.stop) }) }

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who asked sees a broken answer
}

func (r *Region) status(ctx context.Context) Status {
	s := Status{
		PID: os.Getpid(), Build: r.opt.Build, Started: r.started, Engine: r.engine.Host(), Version: r.info.Version,
		Platform: r.info.OS + "/" + r.info.Arch, Registry: r.images.Addr().String(), Balancers: map[string]map[int]string{},
		Authority: r.plane.certs.file, Log: r.opt.Home.LogFile(),
	}
	if err := r.engine.Ping(ctx); err != nil {
		s.EngineError = err.Error()
	}
	places, err := r.cloud.Tasks()
	s.Tasks = len(places)
	if err := cmp.Or(err, r.lines.trouble()); err != nil {
		s.Trouble = err.Error()
	}
	for name, listeners := range r.plane.addresses() {
		s.Balancers[name] = map[int]string{}
		for port, local := range listeners {
			s.Balancers[name][port] = loopback(local)
		}
	}
	return s
}

// syncNow brings the load balancers to what the account says, before it returns:
// for a command that is about to tell an address.
func (r *Region) syncNow() {
	views, err := r.cloud.Balancers()
	if err != nil {
		r.log.Error("load balancers", "error", err)
		return
	}
	r.plane.sync(views)
}

// retired is the answer of a region that ends: the volumes that hold data, which
// stay.
type retired struct{ Kept []string }

// retire ends a region that has nothing left to do, and takes everything of it
// off the engine. While tasks still stop it is too early.
func (r *Region) retire(ctx context.Context, w http.ResponseWriter) {
	places, err := r.cloud.Tasks()
	views, err2 := r.cloud.Balancers()
	if err := errors.Join(err, err2); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	stays := func(p simulator.TaskPlace) bool { return !p.Stopping }
	switch {
	case len(views) > 0 || slices.ContainsFunc(places, stays):
		w.WriteHeader(http.StatusConflict)
		return
	case len(places) > 0:
		w.WriteHeader(http.StatusTooEarly)
		return
	}
	_, err = r.engine.RemoveAll(ctx, engine.Extent{Images: true})
	kept, err2 := r.engine.Data(ctx)
	if err := errors.Join(err, err2, r.opt.Home.leave()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, retired{kept})
	r.Stop()
}
