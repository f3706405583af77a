package balancer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of rules, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	maxValues      = 5 // per rule
	maxWildcards   = 6 // per rule
	maxRules       = 100
	maxGroups      = 5 // per action
	maxPriority    = 50000
	maxValueLength = 128
	maxNameLength  = 40 // of headers and methods
)

const (
	letters    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits     = "0123456789"
	hostChars  = letters + digits + "-.*?"
	pathChars  = letters + digits + "_-.$/~\"'@:+&*?"
	methods    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
	tokenChars = letters + digits + "!#$%&'*+-.^_`|~"
)

// validate finds all that AWS would refuse, joined.
func (c Config) validate() error {
	groups, err := c.validateGroups()
	errs := []error{err}
	ids, rules := map[string]bool{}, 0
	for _, l := range c.Listeners {
		if ids[l.ID] {
			errs = append(errs, fmt.Errorf("listener %q: named twice", l.ID))
		}
		ids[l.ID] = true
		rules += len(l.Rules)
		if err := l.validate(groups); err != nil {
			errs = append(errs, fmt.Errorf("listener %q: %w", l.ID, err))
		}
	}
	if rules > maxRules {
		errs = append(errs, fmt.Errorf("%d rules, at most %d are possible", rules, maxRules))
	}
	return errors.Join(errs...)
}

func (c Config) validateGroups() (map[string]bool, error) {
	ids := map[string]bool{}
	var errs []error
	for _, g := range c.Groups {
		if ids[g.ID] {
			errs = append(errs, fmt.Errorf("target group %q: named twice", g.ID))
		}
		ids[g.ID] = true
		if err := g.validate(); err != nil {
			errs = append(errs, fmt.Errorf("target group %q: %w", g.ID, err))
		}
	}
	return ids, errors.Join(errs...)
}

func (g Group) validate() error {
	if !slices.Contains([]Version{"", HTTP1, HTTP2, GRPC}, g.Version) {
		return fmt.Errorf("protocol version %q: none of HTTP1, HTTP2, GRPC", g.Version)
	}
	lo, hi := 200, 499
	if g.Version == GRPC {
		lo, hi = 0, 99
	}
	if p := g.Health.Path; p != "" && p[0] != '/' {
		return fmt.Errorf("health check path %q must start with /", p)
	}
	for _, t := range g.Targets {
		if _, _, err := net.SplitHostPort(t.address()); err != nil || t.Port < 1 || t.Port > 65535 {
			return fmt.Errorf("target %q: no address and port", t.address())
		}
	}
	if _, err := parseCodes(g.Health.withDefaults(g.Version).Matcher, lo, hi); err != nil {
		return fmt.Errorf("matcher: %w", err)
	}
	return nil
}

func (l Listener) validate(groups map[string]bool) error {
	errs := []error{wrap("default action", l.Default.validate(groups))}
	seen := map[int]bool{}
	for _, r := range l.Rules {
		if seen[r.Priority] {
			errs = append(errs, fmt.Errorf("rule %d: priority is in use", r.Priority))
		}
		seen[r.Priority] = true
		errs = append(errs, wrap("rule "+strconv.Itoa(r.Priority), r.validate(groups)))
	}
	return errors.Join(errs...)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (r Rule) validate(groups map[string]bool) error {
	if r.Priority < 1 || r.Priority > maxPriority {
		return fmt.Errorf("priority must be 1 to %d", maxPriority)
	}
	if len(r.Conditions) == 0 {
		return errors.New("a rule needs a condition")
	}
	values, wild := 0, 0
	once := map[Field]bool{}
	for _, c := range r.Conditions {
		if err := c.validate(); err != nil {
			return fmt.Errorf("%s: %w", c.Field, err)
		}
		if once[c.Field] && c.Field != FieldHeader && c.Field != FieldQuery {
			return fmt.Errorf("%s: only one such condition is possible", c.Field)
		}
		once[c.Field] = true
		values += len(c.Values) + len(c.Query)
		wild += c.wildcards()
	}
	if values > maxValues {
		return fmt.Errorf("%d condition values, at most %d are possible", values, maxValues)
	}
	if wild > maxWildcards {
		return fmt.Errorf("%d wildcards, at most %d are possible", wild, maxWildcards)
	}
	return r.Action.validate(groups)
}

// wildcards counts them where they are such.
func (c Condition) wildcards() int {
	n := 0
	switch c.Field {
	case FieldHost, FieldPath, FieldHeader:
		for _, v := range c.Values {
			n += strings.Count(v, "*") + strings.Count(v, "?")
		}
	case FieldQuery:
		for _, q := range c.Query {
			for _, w := range slices.Concat(newPattern(q.Key, true, true).wild, newPattern(q.Value, true, true).wild) {
				if w {
					n++
				}
			}
		}
	}
	return n
}

// validate checks characters and lengths, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
func (c Condition) validate() error {
	if len(c.Values)+len(c.Query) == 0 {
		return errors.New("a condition needs a value")
	}
	switch c.Field {
	case FieldHost:
		return each(c.Values, validHost)
	case FieldPath:
		return each(c.Values, func(v string) error { return valid(v, maxValueLength, pathChars) })
	case FieldMethod:
		return each(c.Values, func(v string) error { return valid(v, maxNameLength, methods) })
	case FieldHeader:
		if strings.EqualFold(c.Header, "host") {
			return errors.New("use a host condition for the host header")
		}
		if err := valid(c.Header, maxNameLength, tokenChars); err != nil {
			return err
		}
		return each(c.Values, func(v string) error { return valid(v, maxValueLength, "") })
	case FieldQuery:
		return each(c.Query, validPair)
	case FieldSourceIP:
		return each(c.Values, func(v string) error { _, err := netip.ParsePrefix(v); return err })
	}
	return errors.New("no such field")
}

func each[T any](values []T, check func(T) error) error {
	for _, v := range values {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}

// valid checks length and, unless any is allowed, the characters.
func valid(v string, length int, chars string) error {
	if v == "" || len(v) > length {
		return fmt.Errorf("%q: must have 1 to %d characters", v, length)
	}
	for _, r := range v {
		if chars != "" && !strings.ContainsRune(chars, r) || r < 0x20 || r > 0x7e {
			return fmt.Errorf("%q: character %q is not possible", v, r)
		}
	}
	return nil
}

func validHost(v string) error {
	if err := valid(v, maxValueLength, hostChars); err != nil {
		return err
	}
	dot := strings.LastIndexByte(v, '.')
	if dot < 0 {
		return fmt.Errorf("%q: must contain a dot", v)
	}
	if strings.Trim(v[dot+1:], letters+digits) != "" {
		return fmt.Errorf("%q: only letters and digits may follow the last dot", v)
	}
	return nil
}

func validPair(q QueryPair) error {
	if q.Key != "" {
		if err := valid(q.Key, maxValueLength, ""); err != nil {
			return err
		}
	}
	return valid(q.Value, maxValueLength, "")
}

func (a Action) validate(groups map[string]bool) error {
	switch {
	case a.Forward != nil && a.Redirect == nil && a.Fixed == nil:
		return a.Forward.validate(groups)
	case a.Redirect != nil && a.Forward == nil && a.Fixed == nil:
		return a.Redirect.validate()
	case a.Fixed != nil && a.Forward == nil && a.Redirect == nil:
		return a.Fixed.validate()
	}
	return errors.New("an action is exactly one of forward, redirect, fixed-response")
}

func (f Forward) validate(groups map[string]bool) error {
	if len(f.Groups) == 0 || len(f.Groups) > maxGroups {
		return fmt.Errorf("forward: 1 to %d target groups are possible", maxGroups)
	}
	for _, g := range f.Groups {
		if !groups[g.Group] {
			return fmt.Errorf("forward: there is no target group %q", g.Group)
		}
		if g.Weight < 0 || g.Weight > 999 {
			return fmt.Errorf("forward: weight %d, must be 0 to 999", g.Weight)
		}
	}
	if f.Stickiness < 0 || f.Stickiness > 7*24*time.Hour {
		return errors.New("forward: stickiness must be 1 second to 7 days")
	}
	return nil
}

func (r Redirect) validate() error {
	if r.Code != 301 && r.Code != 302 {
		return fmt.Errorf("redirect: code %d, must be 301 or 302", r.Code)
	}
	if r.Path != "" && r.Path[0] != '/' {
		return fmt.Errorf("redirect: path %q must start with /", r.Path)
	}
	kept := func(v, whole string) bool { return v == "" || v == whole }
	if kept(r.Protocol, "#{protocol}") && kept(r.Host, "#{host}") && kept(r.Port, "#{port}") && kept(r.Path, "/#{path}") {
		return errors.New("redirect: protocol, host, port or path must change, or it is a loop")
	}
	return nil
}

func (f FixedResponse) validate() error {
	if c := f.Code / 100; c != 2 && c != 4 && c != 5 {
		return fmt.Errorf("fixed-response: code %d, must be 2XX, 4XX or 5XX", f.Code)
	}
	types := []string{"", "text/plain", "text/css", "text/html", "application/javascript", "application/json"}
	if !slices.Contains(types, f.ContentType) {
		return fmt.Errorf("fixed-response: content type %q is not possible", f.ContentType)
	}
	if len(f.Body) > 1024 {
		return errors.New("fixed-response: the body may have 1024 characters")
	}
	return nil
}
