// Step is a program for the RUN instructions of test images: it writes what it
// is told to, waits, and exits.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	code := flag.Int("exit", 0, "exit code")
	lines := flag.Int("lines", 0, "number of lines to write")
	wait := flag.Duration("wait", 0, "time to wait")
	check := flag.String("check", "", "path that must not exist")
	flag.Parse()
	for i := range *lines {
		fmt.Println("line", i+1)
	}
	if _, err := os.Stat(*check); *check != "" && err == nil {
		fmt.Println(*check, "exists")
		os.Exit(9)
	}
	time.Sleep(*wait)
	os.Exit(*code)
}
