package engine

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/docker/go-connections/tlsconfig"
	"github.com/moby/moby/client"
)

// The labels of everything that is made here.
const (
	LabelHome      = "dev.ecsail.home"      // which home it belongs to
	LabelTask      = "dev.ecsail.task"      // ARN of the task
	LabelContainer = "dev.ecsail.container" // name in the task definition; absent: the task's pause container
	LabelRole      = "dev.ecsail.role"      // one of the roles
)

// The values of LabelRole.
const (
	RolePause     = "pause"
	RoleContainer = "container"
	RoleNetwork   = "network"
	RoleVolume    = "volume"
	RoleImage     = "image"
)

// openTimeout is how long an engine may take to answer for the first time.
const openTimeout = 2 * time.Second

// Engine is a container engine, seen by one home.
type Engine struct {
	api    *client.Client
	host   string
	home   string
	config string // directory of the docker command's configuration

	networks sync.Mutex // held while the home's network is looked for and made
}

// Open connects to the engine that the environment names: DOCKER_HOST with
// DOCKER_API_VERSION, DOCKER_CERT_PATH and DOCKER_TLS_VERIFY, else the docker
// command's current context, else the first of the usual sockets that answers.
// home tells what is ours from what is another's. An engine that does not answer
// within two seconds is an *Unavailable.
func Open(ctx context.Context, getenv func(string) string, home string) (*Engine, error) {
	config := getenv("DOCKER_CONFIG")
	if config == "" {
		config = filepath.Join(getenv("HOME"), ".docker")
	}
	var first error
	for _, host := range hosts(getenv, config) {
		e, err := dial(ctx, getenv, host)
		if err == nil {
			e.home, e.config = home, config
			return e, nil
		}
		first = errors.Join(first, err)
		if ctx.Err() != nil {
			break
		}
	}
	var u *Unavailable
	if errors.As(first, &u) {
		return nil, u
	}
	return nil, first
}

// dial connects to one address and asks whether an engine is there.
func dial(ctx context.Context, getenv func(string) string, host string) (*Engine, error) {
	opts, err := clientOptions(getenv, host)
	if err != nil {
		return nil, &Unavailable{Host: host, Err: err}
	}
	api, err := client.New(opts...)
	if err != nil {
		return nil, &Unavailable{Host: host, Err: err}
	}
	e := &Engine{api: api, host: host}
	if err := e.Ping(ctx); err != nil {
		_ = api.Close() // it never was open
		return nil, &Unavailable{Host: host, Err: err}
	}
	return e, nil
}

func clientOptions(getenv func(string) string, host string) ([]client.Opt, error) {
	var opts []client.Opt
	if dir := getenv("DOCKER_CERT_PATH"); dir != "" {
		cfg, err := tlsconfig.Client(tlsconfig.Options{
			CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"),
			InsecureSkipVerify: getenv("DOCKER_TLS_VERIFY") == "", MinVersion: tls.VersionTLS12,
		})
		if err != nil {
			return nil, fmt.Errorf("certificates in %s: %w", dir, err)
		}
		opts = append(opts, client.WithHTTPClient(&http.Client{Transport: &http.Transport{TLSClientConfig: cfg}, CheckRedirect: client.CheckRedirect}))
	}
	return append(opts, client.WithHost(host), client.WithAPIVersion(getenv("DOCKER_API_VERSION"))), nil
}

// Over is an engine behind connections that the caller makes, such as through a
// tunnel. It does not ask whether anybody answers.
func Over(connect func(context.Context) (net.Conn, error), home string) (*Engine, error) {
	api, err := client.New(client.WithHost("tcp://"+client.DummyHost+":1"), client.WithDialContext(
		func(ctx context.Context, _, _ string) (net.Conn, error) { return connect(ctx) }))
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	return &Engine{api: api, host: "a connection of the caller", home: home}, nil
}

// Ping asks the engine for a sign of life and waits two seconds for it.
func (e *Engine) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	_, err := e.api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	return err
}

// Host is the engine's address, such as unix:///var/run/docker.sock.
func (e *Engine) Host() string { return e.host }

// Home is the home that everything made here belongs to.
func (e *Engine) Home() string { return e.home }

// Client is the engine's whole API, for what this package does not offer. Who
// makes something with it sets the labels.
func (e *Engine) Client() *client.Client { return e.api }

// Close gives the connections back. Calls under way go on.
func (e *Engine) Close() error { return e.api.Close() }

var plainHome = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,23}$`)

// short is the home in the names of things: itself where it is short and plain,
// else a hash of it, as of a path.
func (e *Engine) short() string {
	if plainHome.MatchString(e.home) {
		return e.home
	}
	sum := sha256.Sum256([]byte(e.home))
	return hex.EncodeToString(sum[:5])
}

// Name is the name of something of this home: ecsail-<home>-<rest>.
func (e *Engine) Name(rest string) string { return "ecsail-" + e.short() + "-" + rest }

// Labels are the labels of something with a role. task and container may be empty.
func (e *Engine) Labels(role, task, container string) map[string]string {
	l := map[string]string{LabelHome: e.home, LabelRole: role}
	if task != "" {
		l[LabelTask] = task
	}
	if container != "" {
		l[LabelContainer] = container
	}
	return l
}

// ours selects what belongs to this home.
func (e *Engine) ours() client.Filters {
	return client.Filters{}.Add("label", LabelHome+"="+e.home)
}
