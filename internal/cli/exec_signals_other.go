//go:build !unix

package cli

import (
	"os"
	"os/signal"
)

// passInterrupts leaves interrupts to the program that runs in front.
func passInterrupts() (restore func()) {
	signal.Reset(os.Interrupt)
	sink := make(chan os.Signal, 1)
	signal.Notify(sink, os.Interrupt)
	return func() { signal.Stop(sink) }
}

// resizes never tells of a change: there is no signal for it here.
func resizes() (changed <-chan os.Signal, stop func()) {
	c := make(chan os.Signal)
	return c, func() { close(c) }
}
