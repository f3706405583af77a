package cli

import (
	"fmt"
	"math"
	"os/user"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ecsail/ecsail/internal/awsx"
)

// runFlags are the flags of run.
type runFlags struct {
	vars    map[string]string
	cpu     string
	memory  string
	noWait  bool
	json    bool
	environ *string // the environment, which -e names too
}

func (f *runFlags) register(fl *pflag.FlagSet, env *string) {
	f.vars, f.environ = map[string]string{}, env
	fl.VarP(f, "env", "e", "`K=V`: a variable for the task, repeatable; without =: the environment")
	fl.StringVar(&f.cpu, "cpu", "", "CPU of the task, in units or as 0.5vcpu, in place of the service's")
	fl.StringVar(&f.memory, "memory", "", "memory of the task, in MiB or as 2GB, in place of the service's")
	fl.BoolVar(&f.noWait, "no-wait", false, "print the task's id and do not wait for it")
	fl.BoolVar(&f.json, "json", false, "print the outcome as JSON, and the task's output to standard error")
}

// Set implements pflag.Value for --env. The name of an environment contains no
// equals sign, so the two meanings cannot be confused.
func (f *runFlags) Set(text string) error {
	k, v, isVariable := strings.Cut(text, "=")
	switch {
	case !isVariable:
		*f.environ = text
	case k == "":
		return fmt.Errorf("write it as NAME=VALUE")
	default:
		f.vars[k] = v
	}
	return nil
}

// String implements pflag.Value.
func (f *runFlags) String() string { return "" }

// Type implements pflag.Value.
func (f *runFlags) Type() string { return "variable" }

// oneOff is the task that the flags ask for.
func (f *runFlags) oneOff(command []string) (awsx.OneOff, error) {
	o := awsx.OneOff{Command: command, Env: f.vars, StartedBy: "unknown"}
	if u, err := user.Current(); err == nil {
		o.StartedBy = u.Username
	}
	var ok bool
	if o.CPU, ok = size(f.cpu, map[string]float64{"": 1, "vcpu": 1024}); !ok {
		return o, inputf("--cpu %s: write CPU units, such as 512, or 0.5vcpu", f.cpu)
	}
	if o.Memory, ok = size(f.memory, map[string]float64{"": 1, "mb": 1, "m": 1, "mib": 1, "gb": 1024, "g": 1024, "gib": 1024}); !ok {
		return o, inputf("--memory %s: write MiB, such as 1024, or 2GB", f.memory)
	}
	return o, nil
}

// size reads a number with one of the units; empty is 0.
func size(text string, units map[string]float64) (int, bool) {
	if text == "" {
		return 0, true
	}
	number := strings.TrimRight(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz ")
	factor, known := units[strings.TrimSpace(strings.ToLower(text)[len(number):])]
	n, err := strconv.ParseFloat(number, 64)
	total := n * factor
	if err != nil || !known || !(total >= 1 && total <= math.MaxInt32) || total != math.Trunc(total) {
		return 0, false
	}
	return int(total), true
}
