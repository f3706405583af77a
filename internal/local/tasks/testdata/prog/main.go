// Command prog is what the containers of the tests run, from an image without
// any other file.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	verbs := map[string]func([]string){"agent": agent, "serve": serve, "get": get, "exit": exit, "print": printLines, "eat": eat, "stubborn": stubborn, "sleep": sleep,
		"write": write, "env": env, "flood": flood, "tty": tty}
	verbs[os.Args[1]](os.Args[2:])
}

// agent holds the network, and ends at once unless its only capability is
// NET_ADMIN, which is bit 12 in capabilities(7).
func agent([]string) {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	if !strings.Contains(string(status), "\nCapEff:\t0000000000001000\n") {
		check(fmt.Errorf("capabilities: %s", status))
	}
	sleep(nil)
}

// serve answers with the host's name, and is healthy from the time on that a
// delay ends, if there is one.
func serve(args []string) {
	host, err := os.Hostname()
	check(err)
	from := time.Now()
	if len(args) > 1 {
		d, err := time.ParseDuration(args[1])
		check(err)
		from = from.Add(d)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, host) })
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if time.Now().Before(from) {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})
	fmt.Println("serving")
	check(http.ListenAndServe(args[0], nil))
}

func get(args []string) {
	c := http.Client{Timeout: 2 * time.Second}
	r, err := c.Get(args[0])
	check(err)
	body, err := io.ReadAll(r.Body)
	check(err)
	fmt.Print(string(body))
	if r.StatusCode != http.StatusOK {
		os.Exit(3)
	}
}

func exit(args []string) {
	if len(args) > 1 {
		fmt.Println(args[1])
	}
	n, err := strconv.Atoi(args[0])
	check(err)
	os.Exit(n)
}

// printLines prints numbered lines at an interval.
func printLines(args []string) {
	every, err := time.ParseDuration(args[0])
	check(err)
	for i := 0; ; i++ {
		fmt.Println("line", i)
		time.Sleep(every)
	}
}

func flood(args []string) {
	n, err := strconv.Atoi(args[0])
	check(err)
	fmt.Println(strings.Repeat("é", n))
	fmt.Fprintln(os.Stderr, "done")
	fmt.Print("no end")
}

func eat([]string) {
	var all [][]byte
	for {
		b := make([]byte, 8<<20)
		for i := range b {
			b[i] = 1
		}
		all = append(all, b)
		time.Sleep(time.Millisecond * time.Duration(len(all)%2))
	}
}

func stubborn([]string) {
	signal.Ignore(syscall.SIGTERM)
	fmt.Println("stubborn")
	time.Sleep(time.Hour)
}

// sleep sleeps, and ends with 7 on SIGTERM.
func sleep([]string) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	fmt.Println("sleeping")
	select {
	case <-c:
		fmt.Println("good night")
		os.Exit(7)
	case <-time.After(time.Hour):
	}
}

func write(args []string) {
	check(os.WriteFile(args[0], []byte("x"), 0o600))
	s, err := os.Stat(args[0])
	check(err)
	fmt.Println(s.Sys().(*syscall.Stat_t).Uid)
	if len(args) > 1 {
		sleep(nil)
	}
}

func env(args []string) { fmt.Println(os.Getenv(args[0])) }

// tty says what it reads.
func tty([]string) {
	b := make([]byte, 64)
	n, err := os.Stdin.Read(b)
	check(err)
	fmt.Printf("read %q\n", b[:n])
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
