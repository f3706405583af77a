// Package connect is the local region's side of the agents inside its tasks:
// the Service Connect proxy, the task metadata endpoint and the endpoint of the
// task role's credentials.
//
// Each connection arrives through one unix socket and starts with a preface
// whose token says which task it comes from. All that is decided afterwards is
// bound to that token: the names a task may reach, the metadata and the
// credentials it may read. Who has no token gets nothing.
//
// The proxy does what Amazon ECS documents of its own, and where that is silent
// what Envoy does, of which it is made. In two things it differs on purpose: a
// connection that security groups forbid is answered at once with the words
// that AWS would only say after a timeout, and a second line says what to do;
// and there is one proxy in place of two, so that the callee's side adds
// nothing.
package connect
