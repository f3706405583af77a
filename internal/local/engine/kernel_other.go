//go:build !linux

package engine

// kernel is empty: containers need another one than this machine's.
func kernel() string { return "" }
