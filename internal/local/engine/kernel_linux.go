package engine

import "golang.org/x/sys/unix"

// kernel is the release of this machine's kernel, as an engine on it says it.
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
