// Package agent is what runs inside each task of the local region: a TCP
// splicer in the container that owns the task's network namespace. It listens
// where AWS's own helpers would, at the task metadata address and at one
// loopback address for each Service Connect name, and hands every connection
// to the region through a unix socket. It decides nothing.
//
// It outlives the region: the directory of the socket is mounted, not the
// socket, and the socket is dialled anew for each connection, so that a region
// that was restarted is found again.
//
// What both sides must agree on, the [Preface] and the [Config], is here too.
//
// The agent needs no capability: engines let every user bind low ports inside
// a container (net.ipv4.ip_unprivileged_port_start is 0 there).
package agent
