package balancer

import (
	"cmp"
	"crypto/tls"
	"net"
	"strconv"
	"time"
)

// Config is everything a load balancer does. A new one replaces the old one.
type Config struct {
	Listeners []Listener
	Groups    []Group

	// IdleTimeout is how long a connection may be silent, to either side.
	// Zero means AWS's default, a minute.
	IdleTimeout time.Duration
	// DropInvalidHeaders removes header fields whose names have other characters
	// than letters, digits and hyphens.
	DropInvalidHeaders bool
	// PreserveHost sends the Host header as it came. Without it the port of a
	// listener on other ports than 80 and 443 is appended where it is missing.
	PreserveHost bool
	// ForwardedFor says what happens to X-Forwarded-For.
	ForwardedFor ForwardedFor
	// ForwardedClientPort adds the client's port to its address in
	// X-Forwarded-For.
	ForwardedClientPort bool
}

// ForwardedFor is the treatment of the X-Forwarded-For header
// (routing.http.xff_header_processing.mode).
type ForwardedFor string

// The treatments of X-Forwarded-For; none means append.
const (
	ForwardedForAppend   ForwardedFor = "append"
	ForwardedForPreserve ForwardedFor = "preserve"
	ForwardedForRemove   ForwardedFor = "remove"
)

// Listener accepts connections and decides by its rules.
type Listener struct {
	// ID names the listener from one configuration to the next.
	ID string
	// Port is the port that the listener has on AWS. A redirect to it goes to
	// the port that really listens.
	Port int
	// Address is where to listen, host:port. Port 0 takes a free one.
	Address string
	// TLS makes it an HTTPS listener, which offers HTTP/2 as well.
	TLS *tls.Config
	// Rules are tried from the lowest priority to the highest.
	Rules []Rule
	// Default is done when no rule matches.
	Default Action
}

// Rule is an action and the conditions that must all be met for it.
type Rule struct {
	Priority   int
	Conditions []Condition
	Action     Action
}

// Action is exactly one of its fields.
type Action struct {
	Forward  *Forward
	Redirect *Redirect
	Fixed    *FixedResponse
}

// Forward sends requests to target groups in proportion to their weights.
type Forward struct {
	Groups []WeightedGroup
	// Stickiness keeps a client with the group it got first, for this long.
	// Zero is none.
	Stickiness time.Duration
}

// WeightedGroup is a share of a forward action.
type WeightedGroup struct {
	Group  string
	Weight int
}

// Redirect answers with another address. Empty fields keep what was asked for;
// the others may contain #{protocol}, #{host}, #{port}, #{path} and #{query}.
type Redirect struct {
	Protocol, Host, Port, Path, Query string
	// Code is 301 or 302.
	Code int
}

// FixedResponse answers by itself.
type FixedResponse struct {
	Code        int
	ContentType string
	Body        string
}

// Group is a target group.
type Group struct {
	// ID names the group from one configuration to the next.
	ID string
	// Version is the protocol version spoken with targets.
	Version Version
	// TLS speaks HTTPS with targets. As on AWS their certificates are not
	// verified.
	TLS     bool
	Targets []Target
	Health  HealthCheck
	// DeregistrationDelay is the time that requests under way have when their
	// target leaves.
	DeregistrationDelay time.Duration
	// SlowStart is the time in which a new target's share grows. Zero is none.
	SlowStart  time.Duration
	Stickiness Stickiness
}

// Version is a target group's protocol version.
type Version string

// The protocol versions of target groups; none means HTTP1.
const (
	HTTP1 Version = "HTTP1"
	HTTP2 Version = "HTTP2"
	GRPC  Version = "GRPC"
)

// Stickiness keeps a client with the target it got first.
type Stickiness struct {
	// Duration is how long after the last request. Zero is none.
	Duration time.Duration
	// AppCookie is the application's cookie that starts a session. Without it
	// the load balancer's own cookie does.
	AppCookie string
}

// Target is a registered target.
type Target struct {
	// ID and Port identify it, as the address and port registered on AWS.
	ID   string
	Port int
	// Address is where to connect, host:port; empty means ID and Port.
	Address string
}

// Key is the target's identity in its group.
func (t Target) Key() string { return net.JoinHostPort(t.ID, strconv.Itoa(t.Port)) }

func (t Target) address() string {
	if t.Address != "" {
		return t.Address
	}
	return t.Key()
}

// HealthCheck says how targets are asked for their health. Zero fields have
// AWS's defaults.
type HealthCheck struct {
	Path     string
	Port     int // of the target's host; zero is the traffic port
	TLS      bool
	Interval time.Duration
	Timeout  time.Duration
	// Healthy and Unhealthy are the consecutive results that change the state.
	Healthy, Unhealthy int
	// Matcher is the codes that pass: "200", "200,202", "200-299". For a GRPC
	// group they are gRPC's.
	Matcher string
	// Eager asks a new target twice a second until it has passed once, instead of
	// waiting for the next interval. Failures in between count for nothing. AWS
	// does not do this; it is for those who wait for a start on their own machine.
	Eager bool
}

// withDefaults fills AWS's defaults in, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (h HealthCheck) withDefaults(v Version) HealthCheck {
	path, matcher := "/", "200"
	if v == GRPC {
		path, matcher = "/AWS.ALB/healthcheck", "12"
	}
	h.Path = cmp.Or(h.Path, path)
	h.Matcher = cmp.Or(h.Matcher, matcher)
	h.Interval = cmp.Or(h.Interval, 30*time.Second)
	h.Timeout = cmp.Or(h.Timeout, 5*time.Second)
	h.Healthy = cmp.Or(h.Healthy, 5)
	h.Unhealthy = cmp.Or(h.Unhealthy, 2)
	return h
}
