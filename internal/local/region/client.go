package region

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/simulator"
)

// Client speaks to a region's process.
type Client struct {
	home Home
	http *http.Client
}

// Dial is a client of the region of a home, whether it runs or not.
func Dial(h Home) *Client {
	return &Client{home: h, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", h.socket())
		},
		MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
	}}}
}

// Config is an SDK configuration whose calls the region's account answers.
func (c *Client) Config(name string) (aws.Config, error) { return simulator.Remote(name, c.http) }

// Status asks the region how it is. The error says that it does not run.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	res, err := c.do(ctx, http.MethodGet, "/status")
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("the local region: %w", err)
	}
	return s, nil
}

// Sync returns when the load balancers listen as the account says.
func (c *Client) Sync(ctx context.Context) error { return c.post(ctx, "/sync") }

// Stop ends the region's process and waits for its end. Containers run on.
func (c *Client) Stop(ctx context.Context) error {
	if err := c.post(ctx, "/stop"); err != nil {
		return err
	}
	return c.ended(ctx)
}

// Retire ends the region's process if nothing is left in its account that runs
// or listens, and takes what is the region's off the engine, but for volumes that
// hold data, which it names. It waits for tasks that still stop, and reports
// whether the region has ended.
func (c *Client) Retire(ctx context.Context) (kept []string, ended bool, err error) {
	for {
		res, err := c.do(ctx, http.MethodPost, "/retire")
		if err != nil {
			return nil, false, err
		}
		switch res.StatusCode {
		case http.StatusOK:
			defer res.Body.Close()
			var answer retired
			if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
				return nil, false, fmt.Errorf("the local region: %w", err)
			}
			return answer.Kept, true, c.ended(ctx)
		case http.StatusConflict:
			return nil, false, res.Body.Close()
		case http.StatusTooEarly:
			_ = res.Body.Close() // it is empty
		default:
			return nil, false, failure(res)
		}
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *Client) post(ctx context.Context, path string) error {
	res, err := c.do(ctx, http.MethodPost, path)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return failure(res)
	}
	return res.Body.Close()
}

func (c *Client) do(ctx context.Context, method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://region"+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the local region does not answer: %w", err)
	}
	return res, nil
}

// failure reads an answer that says why not, to its end.
func failure(res *http.Response) error {
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 4096)) // best effort: the status alone says enough
	return fmt.Errorf("the local region: %s", strings.TrimSpace(string(text)))
}

// ended waits until nobody holds the region's lock.
func (c *Client) ended(ctx context.Context) error {
	for {
		f, err := lock(c.home.lockFile())
		if err == nil {
			return f.Close()
		}
		if !errors.Is(err, errLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the local region to end: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Starter says how a region's process is started.
type Starter struct {
	Program string   // this program's executable
	Args    []string // that make it the region
	Env     []string
	Build   string
}

// Ensure returns a client of a region that runs, starting it where it does not,
// and restarting one of another build. Containers are not disturbed by that.
func Ensure(ctx context.Context, h Home, start Starter) (*Client, Status, error) {
	c := Dial(h)
	s, err := c.Status(ctx)
	if err == nil && s.Build != start.Build {
		if err := c.Stop(ctx); err != nil {
			return nil, s, err
		}
		c.http.CloseIdleConnections()
	}
	if err != nil || s.Build != start.Build {
		if err := c.start(ctx, start); err != nil {
			return nil, s, err
		}
		s, err = c.Status(ctx)
	}
	return c, s, err
}

// startTimeout is how long a region may take until it answers: it looks at every
// container of its own before.
const startTimeout = 30 * time.Second

// start starts the process and waits until it answers.
func (c *Client) start(ctx context.Context, how Starter) error {
	if err := c.home.make(); err != nil {
		return err
	}
	log, from, err := openLog(c.home.LogFile())
	if err != nil {
		return fmt.Errorf("start the local region: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(how.Program, how.Args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr, cmd.Dir = how.Env, log, log, detached(), c.home.Dir
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the local region: %w", err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = cmd.Wait() // what it says is in the log
	}()
	return c.await(ctx, over, from)
}

// await returns when the region answers, or says why it never will.
func (c *Client) await(ctx context.Context, over <-chan struct{}, from int64) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if _, err := c.Status(ctx); err == nil {
			return nil
		}
		select {
		case <-over:
			if _, err := c.Status(ctx); err == nil {
				return nil // another command started it at the same time
			}
			return &StartError{Said: said(c.home.LogFile(), from)}
		case <-ctx.Done():
			return &StartError{Said: fmt.Sprintf("no answer after %s; %s may say why", startTimeout, c.home.LogFile())}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// StartError is a region that could not be started.
type StartError struct{ Said string }

func (e *StartError) Error() string { return "the local region does not start: " + e.Said }

// longestLog is where the process's log begins anew.
const longestLog = 4 << 20

// openLog opens the process's log at its end.
func openLog(path string) (f *os.File, end int64, err error) {
	if info, err := os.Stat(path); err == nil && info.Size() > longestLog {
		_ = os.Rename(path, path+".old") // if it fails the log only grows
	}
	if f, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, 0, err
	}
	end, err = f.Seek(0, io.SeekEnd)
	return f, end, err
}

// said is the end of what a process wrote to its log since it was started.
func said(path string, from int64) string {
	data, err := os.ReadFile(path)
	if err != nil || int64(len(data)) <= from {
		return "it ended without a word; see " + path
	}
	lines := strings.Split(strings.TrimSpace(string(data[from:])), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
