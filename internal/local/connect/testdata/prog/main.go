// The program of the container test: the agent, or something that a task does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/ecsail/ecsail/internal/local/agent"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(what string, args []string) error {
	switch what {
	case "agent":
		return runAgent()
	case "serve":
		return serve(args)
	}
	for _, a := range args {
		if what == "tcp" {
			a = tcp(a)
		} else {
			a = get(a)
		}
		fmt.Println(a)
	}
	return nil
}

// runAgent runs the agent where one has run before: its rules are there already.
func runAgent() error {
	c, err := agent.FromEnviron(os.Getenv)
	if err != nil {
		return err
	}
	before, end := context.WithCancel(context.Background())
	end()
	if err := agent.Run(before, c, os.Stderr); err != nil {
		return err
	}
	return agent.Run(context.Background(), c, os.Stderr)
}

// serve listens at all addresses of some ports.
func serve(ports []string) error {
	failed := make(chan error)
	for _, p := range ports {
		go func() {
			failed <- http.ListenAndServe(p, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the app on ", p) }))
		}()
	}
	return <-failed
}

// get waits for a server that is about to listen.
func get(url string) string {
	res, err := http.Get(url)
	for end := time.Now().Add(5 * time.Second); errors.Is(err, syscall.ECONNREFUSED) && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		res, err = http.Get(url)
	}
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(b), errText(err))
}

func tcp(address string) string {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	_, _ = io.WriteString(c, "hello")
	_ = c.(*net.TCPConn).CloseWrite()
	b, err := io.ReadAll(c)
	return string(b) + errText(err)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}
