// The program of the container test: the agent, or something that a task does.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/ecsail/ecsail/internal/local/agent"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(what string, args []string) error {
	if what == "agent" {
		c, err := agent.FromEnviron(os.Getenv)
		if err != nil {
			return err
		}
		return agent.Run(context.Background(), c, os.Stderr)
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

func get(url string) string {
	res, err := http.Get(url)
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
