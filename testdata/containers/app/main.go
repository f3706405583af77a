// Command app is what the tests of the local region run in containers. Its image
// is FROM scratch: one static binary, and files that change what it does:
// /version is what it answers, /sick makes its health check fail.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		os.Exit(command(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	s := &http.Server{Addr: ":" + port, Handler: routes(), ReadHeaderTimeout: 10 * time.Second}
	fmt.Println("listening on", port, "as version", version())
	go func() {
		<-ctx.Done()
		fmt.Println("stopping")
		end, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = s.Shutdown(end)
	}()
	if err := s.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Println("cannot serve:", err)
		os.Exit(1)
	}
}

func version() string {
	v, err := os.ReadFile("/version")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(v))
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "version", version()) })
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat("/sick"); err == nil {
			http.Error(w, "the database is gone", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/env/{name}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, os.Getenv(r.PathValue("name"))) })
	mux.HandleFunc("/say/{text}", func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.PathValue("text")) })
	mux.HandleFunc("/flood", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("lines")) // none: 0
		for i := range n {
			fmt.Println("line", i, strings.Repeat("x", 1000))
		}
	})
	mux.HandleFunc("/call", func(w http.ResponseWriter, r *http.Request) { fetch(w, r.FormValue("url")) })
	mux.HandleFunc("/metadata", func(w http.ResponseWriter, _ *http.Request) {
		fetch(w, os.Getenv("ECS_CONTAINER_METADATA_URI_V4")+"/task")
	})
	mux.HandleFunc("/credentials", func(w http.ResponseWriter, _ *http.Request) {
		fetch(w, "http://169.254.170.2"+os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
	})
	mux.HandleFunc("/burn", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.FormValue("ms")) // none: 0
		for end := time.Now().Add(time.Duration(ms) * time.Millisecond); time.Now().Before(end); {
		}
		fmt.Fprintln(w, "burnt", ms)
	})
	mux.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		err := os.WriteFile(r.FormValue("path"), []byte("x"), 0o600)
		fmt.Fprintln(w, "wrote:", err)
	})
	// What the load balancer routes by a path of its own is the same program.
	for _, prefix := range []string{"/locked", "/stranger"} {
		mux.Handle(prefix+"/", http.StripPrefix(prefix, mux))
	}
	return mux
}

var client = http.Client{Timeout: 5 * time.Second}

// fetch answers with what another address answers.
func fetch(w http.ResponseWriter, url string) {
	res, err := client.Get(url)
	if err != nil {
		fmt.Fprintln(w, "error", err)
		return
	}
	defer res.Body.Close()
	fmt.Fprintln(w, res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}

// command is what a container runs instead of the server.
func command(args []string) int {
	switch args[0] {
	case "exit":
		fmt.Println("giving up:", strings.Join(args[2:], " "))
		code, _ := strconv.Atoi(args[1]) // none: 0
		return code
	case "echo":
		fmt.Println(strings.Join(args[1:], " "))
		return 0
	case "address":
		all, err := net.InterfaceAddrs()
		for _, a := range all {
			if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
				fmt.Println(ip.IP)
				return 0
			}
		}
		fmt.Println("no address:", err)
		return 1
	case "health":
		res, err := client.Get("http://127.0.0.1:8080/healthz")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer res.Body.Close()
		_, _ = io.Copy(os.Stdout, res.Body)
		if res.StatusCode != http.StatusOK {
			return 1
		}
		return 0
	case "hog":
		var all [][]byte
		for {
			b := make([]byte, 8<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
			fmt.Println(len(all)*8, "MiB")
		}
	case "stay": // no server, and no end
		time.Sleep(time.Hour)
	}
	fmt.Println("no such command:", args[0])
	return 127
}
