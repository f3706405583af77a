// Package bench prints the performance figures, one JSON line per case, each as
// a ratio to a bound or an aim that is measured or computed in the same run.
// Run it with `make bench`; nothing in it passes or fails.
package bench
