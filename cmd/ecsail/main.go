// Command ecsail takes a team's services from one manifest to a running
// environment on AWS ECS.
package main

import (
	"os"

	"github.com/ecsail/ecsail/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
