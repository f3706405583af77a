package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// checkHealth checks what the load balancer and the container engine demand:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func (c *checker) checkHealth(s *Service, p *path) {
	h := s.Health
	if !strings.HasPrefix(h.Path, "/") || len(h.Path) > 1024 || strings.ContainsAny(h.Path, " \t\n") {
		c.errf(p.add("path"), "an absolute path of at most 1024 characters, like /healthz", "%q is no health path", shorten(h.Path))
	}
	if h.Timeout >= h.Interval && c.usable(p.add("timeout")) && c.usable(p.add("interval")) {
		at := p.add("timeout")
		if !c.has(at) {
			at = p.add("interval")
		}
		c.errf(at, "make the timeout shorter than the interval", "the timeout %s is not shorter than the interval %s", FormatDuration(h.Timeout), FormatDuration(h.Interval))
	}
	if len(h.Command) > 0 && h.Timeout.Seconds() > 60 {
		c.errf(p.add("timeout"), "60s or less", "a health command may take 60s; the timeout is %s", FormatDuration(h.Timeout))
	}
	if c.has(p.add("start_period")) && len(h.Command) == 0 {
		c.errf(p.add("start_period"), "use `grace`, or add a `command`", "start_period belongs to a health command, and there is none")
	}
	if h.Port != "" {
		if _, named := portNamed(s.Ports, h.Port); !named && !portNumber(h.Port) {
			c.errf(p.add("port"), didYouMean(h.Port, portNamesOf(s)), "the service %s has no port %q", s.Name, shorten(h.Port))
		}
	}
	low, high := 200, 499
	if s.grpc() {
		low, high = 0, 99
	}
	if !validCodes(h.Codes, low, high) {
		c.errf(p.add("codes"), fmt.Sprintf("codes and ranges from %d to %d, like %d or %d-%d", low, high, low, low, low+99), "%q is no list of answers that the load balancer knows", shorten(h.Codes))
	}
}

// portNumber reports a port by number.
func portNumber(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 1 && n <= 65535
}

// validCodes checks 200, 200,204 and 200-399.
func validCodes(text string, low, high int) bool {
	for _, part := range strings.Split(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if ranged && err == nil {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < low || b > high || a > b {
			return false
		}
	}
	return true
}
