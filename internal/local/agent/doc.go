// Package agent is what runs inside each task of the local region: a TCP
// splicer in the container that owns the task's network namespace. What the
// task sends to AWS's helpers, at the task metadata address and at one loopback
// address for each Service Connect name, it hands to the region: through a unix
// socket, or where the engine is in a virtual machine through a TCP connection to
// the host. It decides nothing.
//
// Nothing listens at those addresses. NAT rules redirect them to one port of
// the agent, as ECS's own agent does, because a socket at any address of a port
// would keep the task's containers, which share the namespace, from listening
// at all addresses of that port: an app on :80 would not start.
//
// It outlives the region: the directory of the socket is mounted, not the
// socket, and the socket is dialled anew for each connection, so that a region
// that was restarted is found again.
//
// What both sides must agree on, the [Preface] and the [Config], is here too.
//
// The agent needs one capability, NET_ADMIN, for the rules.
package agent
