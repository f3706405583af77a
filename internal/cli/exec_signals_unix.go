//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// passInterrupts leaves what keys send to the program that runs in front: it is
// in the same process group and gets the signals itself. They are caught rather
// than ignored, because a child would inherit that.
func passInterrupts() (restore func()) {
	keys := []os.Signal{os.Interrupt, syscall.SIGQUIT, syscall.SIGTSTP}
	signal.Reset(keys...)
	sink := make(chan os.Signal, 1)
	signal.Notify(sink, keys...)
	return func() { signal.Stop(sink) }
}

// resizes tells of every change of the terminal's size until stop is called,
// which closes the channel.
func resizes() (changed <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c); close(c) }
}
