// Package acceptance holds the tests that need several parts at once: the laws
// of resource types over all of them, crash sweeps, and the same scenarios on
// the embedded AWS and, over the wire, on an independent emulator. It has no
// code but tests.
package acceptance
