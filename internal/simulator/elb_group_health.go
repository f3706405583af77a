package simulator

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbHealthCheck is what a request says about a health check.
type elbHealthCheck struct {
	protocol           types.ProtocolEnum
	port, path         *string
	enabled            *bool
	interval, timeout  *int32
	healthy, unhealthy *int32
	matcher            *types.Matcher
}

func elbHealthOfCreate(in *elbv2.CreateTargetGroupInput) elbHealthCheck {
	return elbHealthCheck{
		in.HealthCheckProtocol, in.HealthCheckPort, in.HealthCheckPath, in.HealthCheckEnabled, in.HealthCheckIntervalSeconds,
		in.HealthCheckTimeoutSeconds, in.HealthyThresholdCount, in.UnhealthyThresholdCount, in.Matcher,
	}
}

func elbHealthOfModify(in *elbv2.ModifyTargetGroupInput) elbHealthCheck {
	return elbHealthCheck{
		in.HealthCheckProtocol, in.HealthCheckPort, in.HealthCheckPath, in.HealthCheckEnabled, in.HealthCheckIntervalSeconds,
		in.HealthCheckTimeoutSeconds, in.HealthyThresholdCount, in.UnhealthyThresholdCount, in.Matcher,
	}
}

// elbHealthDefaults are those behind an application load balancer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func elbHealthDefaults(g *types.TargetGroup) {
	g.HealthCheckProtocol = types.ProtocolEnumHttp
	g.HealthCheckPort = aws.String("traffic-port")
	g.HealthCheckEnabled = aws.Bool(true)
	g.HealthCheckIntervalSeconds = aws.Int32(30)
	g.HealthCheckTimeoutSeconds = aws.Int32(5)
	g.HealthyThresholdCount = aws.Int32(5)
	g.UnhealthyThresholdCount = aws.Int32(2)
	g.HealthCheckPath = aws.String("/")
	g.Matcher = &types.Matcher{HttpCode: aws.String("200")}
	if *g.ProtocolVersion == "GRPC" {
		g.HealthCheckPath = aws.String("/AWS.ALB/healthcheck")
		g.Matcher = &types.Matcher{GrpcCode: aws.String("12")}
	}
}

// elbSetHealth checks a health check and merges it into the target group.
func elbSetHealth(g *types.TargetGroup, h elbHealthCheck) error {
	var b breaches
	oneOf(&b, "healthCheckProtocol", h.protocol, h.protocol.Values())
	b.between("healthCheckIntervalSeconds", h.interval, 5, 300)
	b.between("healthCheckTimeoutSeconds", h.timeout, 2, 120)
	b.between("healthyThresholdCount", h.healthy, 2, 10)
	b.between("unhealthyThresholdCount", h.unhealthy, 2, 10)
	b.length("healthCheckPath", h.path, 1, 1024)
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	for _, check := range []func() error{
		func() error { return elbProbeProtocol(h.protocol) },
		func() error { return elbProbePort(h.port) },
		func() error { return elbProbePath(h.path) },
		func() error { return elbMatcher(*g.ProtocolVersion, h.matcher) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if h.enabled != nil && !*h.enabled {
		return elbError("InvalidConfigurationRequest", "Health check enabled must be true for target groups with target type '%s'", g.TargetType)
	}
	elbMergeHealth(g, h)
	if *g.HealthCheckTimeoutSeconds >= *g.HealthCheckIntervalSeconds {
		return elbError("ValidationError", "Health check timeout '%d' must be smaller than the interval '%d'", *g.HealthCheckTimeoutSeconds, *g.HealthCheckIntervalSeconds)
	}
	return nil
}

func elbMergeHealth(g *types.TargetGroup, h elbHealthCheck) {
	g.HealthCheckProtocol = cmp.Or(h.protocol, g.HealthCheckProtocol)
	given(&g.HealthCheckPort, h.port)
	given(&g.HealthCheckPath, h.path)
	given(&g.HealthCheckIntervalSeconds, h.interval)
	given(&g.HealthCheckTimeoutSeconds, h.timeout)
	given(&g.HealthyThresholdCount, h.healthy)
	given(&g.UnhealthyThresholdCount, h.unhealthy)
	given(&g.Matcher, h.matcher)
}

// given replaces a value that a request says something about.
func given[T any](have **T, asked *T) {
	if asked != nil {
		*have = asked
	}
}

func elbProbeProtocol(p types.ProtocolEnum) error {
	if p != "" && p != types.ProtocolEnumHttp && p != types.ProtocolEnumHttps {
		return elbError("ValidationError", "Health check protocol '%s' must be one of '[HTTP, HTTPS]'", p)
	}
	return nil
}

func elbProbePort(port *string) error {
	if port == nil || *port == "traffic-port" {
		return nil
	}
	if n, err := strconv.Atoi(*port); err != nil || n < 1 || n > 65535 {
		return elbError("ValidationError", "Health check port '%s' must be 'traffic-port' or in the range '1-65535'", *port)
	}
	return nil
}

func elbProbePath(path *string) error {
	if path != nil && !strings.HasPrefix(*path, "/") {
		return elbError("ValidationError", "Health check path '%s' must begin with a '/' character", *path)
	}
	return nil
}

var elbCodes = regexp.MustCompile(`^\d{1,3}(-\d{1,3})?(,\d{1,3}(-\d{1,3})?)*$`)

// elbMatcher checks the codes of a healthy answer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
func elbMatcher(version string, m *types.Matcher) error {
	if m == nil {
		return nil
	}
	codes, kind, least, most := m.HttpCode, "HTTP", 200, 499
	if version == "GRPC" {
		codes, kind, least, most = m.GrpcCode, "gRPC", 0, 99
	}
	if m.HttpCode != nil && m.GrpcCode != nil || codes == nil {
		return elbError("ValidationError", "Exactly one matcher must be specified: with protocol version '%s' it must have %s codes", version, kind)
	}
	bad := elbError("ValidationError", "Health check matcher %s code '%s' must be within '%d-%d' inclusive", kind, *codes, least, most)
	if !elbCodes.MatchString(*codes) {
		return bad
	}
	for _, part := range strings.Split(*codes, ",") {
		ends := strings.Split(part, "-")
		var n []int
		for _, end := range ends {
			v, err := strconv.Atoi(end)
			if err != nil || v < least || v > most {
				return bad
			}
			n = append(n, v)
		}
		if !slices.IsSorted(n) {
			return bad
		}
	}
	return nil
}
