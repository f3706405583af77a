package region

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/local/balancer"
	"github.com/ecsail/ecsail/internal/simulator"
)

// config is a load balancer's configuration, and which local port stands for
// which of AWS's.
func (p *plane) config(v simulator.BalancerView) (balancer.Config, map[int]int) {
	attr := func(key string) string { return v.Attributes[key] }
	cfg := balancer.Config{
		IdleTimeout:         seconds(attr("idle_timeout.timeout_seconds")),
		DropInvalidHeaders:  attr("routing.http.drop_invalid_header_fields.enabled") == "true",
		PreserveHost:        attr("routing.http.preserve_host_header.enabled") == "true",
		ForwardedFor:        balancer.ForwardedFor(attr("routing.http.xff_header_processing.mode")),
		ForwardedClientPort: attr("routing.http.xff_client_port.enabled") == "true",
	}
	used := map[int]int{}
	for _, l := range v.Listeners {
		port := int(aws.ToInt32(l.Listener.Port))
		used[port] = p.ports.of(*v.Balancer.LoadBalancerArn, port, l.Listener.Protocol == elb.ProtocolEnumHttps)
		cfg.Listeners = append(cfg.Listeners, p.listener(l, used[port], *v.Balancer.DNSName))
	}
	for _, g := range v.Groups {
		cfg.Groups = append(cfg.Groups, p.group(g))
	}
	return cfg, used
}

func seconds(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0 // the account accepts numbers only
	}
	return time.Duration(n) * time.Second
}

func (p *plane) listener(v simulator.ListenerView, local int, name string) balancer.Listener {
	l := balancer.Listener{
		ID: *v.Listener.ListenerArn, Port: int(aws.ToInt32(v.Listener.Port)), Address: loopback(local),
		Default: action(v.Listener.DefaultActions),
	}
	if v.Listener.Protocol == elb.ProtocolEnumHttps {
		l.TLS = p.certs.config(append([]string{name, "localhost"}, v.Names...))
	}
	for _, r := range v.Rules {
		if aws.ToBool(r.IsDefault) {
			continue
		}
		priority, err := strconv.Atoi(aws.ToString(r.Priority))
		if err != nil {
			continue // only the default rule has no number
		}
		l.Rules = append(l.Rules, balancer.Rule{Priority: priority, Conditions: conditions(r.Conditions), Action: action(r.Actions)})
	}
	return l
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// action is the last of a rule's actions, the one that answers. (Authentication
// may come before it; the embedded AWS has none.)
func action(all []elb.Action) balancer.Action {
	if len(all) == 0 {
		return balancer.Action{Fixed: &balancer.FixedResponse{Code: 503}}
	}
	a := all[len(all)-1]
	switch {
	case a.RedirectConfig != nil:
		return balancer.Action{Redirect: redirect(*a.RedirectConfig)}
	case a.FixedResponseConfig != nil:
		f := a.FixedResponseConfig
		code, err := strconv.Atoi(aws.ToString(f.StatusCode))
		if err != nil {
			code = 503 // the account accepts numbers only
		}
		return balancer.Action{Fixed: &balancer.FixedResponse{Code: code, ContentType: aws.ToString(f.ContentType), Body: aws.ToString(f.MessageBody)}}
	}
	return balancer.Action{Forward: forward(a)}
}

func redirect(r elb.RedirectActionConfig) *balancer.Redirect {
	code := 301
	if r.StatusCode == elb.RedirectActionStatusCodeEnumHttp302 {
		code = 302
	}
	return &balancer.Redirect{
		Protocol: aws.ToString(r.Protocol), Host: aws.ToString(r.Host), Port: aws.ToString(r.Port),
		Path: aws.ToString(r.Path), Query: aws.ToString(r.Query), Code: code,
	}
}

func forward(a elb.Action) *balancer.Forward {
	f := &balancer.Forward{}
	if a.ForwardConfig == nil {
		f.Groups = []balancer.WeightedGroup{{Group: aws.ToString(a.TargetGroupArn), Weight: 1}}
		return f
	}
	for _, g := range a.ForwardConfig.TargetGroups {
		f.Groups = append(f.Groups, balancer.WeightedGroup{Group: aws.ToString(g.TargetGroupArn), Weight: int(aws.ToInt32(orOne(g.Weight)))})
	}
	if s := a.ForwardConfig.TargetGroupStickinessConfig; s != nil && aws.ToBool(s.Enabled) {
		f.Stickiness = time.Duration(aws.ToInt32(s.DurationSeconds)) * time.Second
	}
	return f
}

func orOne(n *int32) *int32 {
	if n == nil {
		return aws.Int32(1)
	}
	return n
}

func conditions(all []elb.RuleCondition) []balancer.Condition {
	var out []balancer.Condition
	for _, c := range all {
		out = append(out, condition(c))
	}
	return out
}

func condition(c elb.RuleCondition) balancer.Condition {
	b := balancer.Condition{Field: balancer.Field(aws.ToString(c.Field)), Values: slices.Clone(c.Values)}
	switch {
	case c.HostHeaderConfig != nil:
		b.Values = c.HostHeaderConfig.Values
	case c.PathPatternConfig != nil:
		b.Values = c.PathPatternConfig.Values
	case c.HttpHeaderConfig != nil:
		b.Header, b.Values = aws.ToString(c.HttpHeaderConfig.HttpHeaderName), c.HttpHeaderConfig.Values
	case c.HttpRequestMethodConfig != nil:
		b.Values = c.HttpRequestMethodConfig.Values
	case c.SourceIpConfig != nil:
		b.Values = c.SourceIpConfig.Values
	case c.QueryStringConfig != nil:
		for _, q := range c.QueryStringConfig.Values {
			b.Query = append(b.Query, balancer.QueryPair{Key: aws.ToString(q.Key), Value: aws.ToString(q.Value)})
		}
	}
	return b
}

func (p *plane) group(v simulator.GroupView) balancer.Group {
	g, attr := v.Group, v.Attributes
	out := balancer.Group{
		ID: *g.TargetGroupArn, Version: balancer.Version(aws.ToString(g.ProtocolVersion)), TLS: g.Protocol == elb.ProtocolEnumHttps,
		DeregistrationDelay: seconds(attr["deregistration_delay.timeout_seconds"]),
		SlowStart:           seconds(attr["slow_start.duration_seconds"]),
		Health:              healthCheck(g),
	}
	if attr["stickiness.enabled"] == "true" {
		out.Stickiness.Duration = seconds(attr["stickiness.lb_cookie.duration_seconds"])
		if attr["stickiness.type"] == "app_cookie" {
			out.Stickiness = balancer.Stickiness{Duration: seconds(attr["stickiness.app_cookie.duration_seconds"]), AppCookie: attr["stickiness.app_cookie.cookie_name"]}
		}
	}
	for _, t := range v.Targets {
		address, ok := p.endpoint(t.Task, t.Port)
		switch {
		case t.Refused:
			address = sealed
		case !ok:
			address = loopback(closedPort) // nobody listens: its checks fail as they would on AWS
		}
		out.Targets = append(out.Targets, balancer.Target{ID: t.IP, Port: int(t.Port), Address: address})
	}
	return out
}

// sealed is the address of a target whose security groups keep the load balancer
// out: what is sent there is dropped.
const sealed = "sealed.invalid:0"

// dial connects to targets.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address == sealed {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// closedPort is tcpmux, which no container is published on.
const closedPort = 1

func healthCheck(g elb.TargetGroup) balancer.HealthCheck {
	h := balancer.HealthCheck{
		Path: aws.ToString(g.HealthCheckPath), TLS: g.HealthCheckProtocol == elb.ProtocolEnumHttps, Eager: true,
		Interval: time.Duration(aws.ToInt32(g.HealthCheckIntervalSeconds)) * time.Second,
		Timeout:  time.Duration(aws.ToInt32(g.HealthCheckTimeoutSeconds)) * time.Second,
		Healthy:  int(aws.ToInt32(g.HealthyThresholdCount)), Unhealthy: int(aws.ToInt32(g.UnhealthyThresholdCount)),
	}
	if g.Matcher != nil {
		h.Matcher = aws.ToString(g.Matcher.HttpCode) + aws.ToString(g.Matcher.GrpcCode)
	}
	if port := aws.ToString(g.HealthCheckPort); !strings.HasPrefix(port, "traffic") {
		if n, err := strconv.Atoi(port); err == nil {
			h.Port = n
		}
	}
	return h
}
