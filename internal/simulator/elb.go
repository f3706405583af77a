package simulator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbService is Elastic Load Balancing v2: application load balancers with
// their listeners and rules, and target groups with the health of their
// targets. States that take time follow from timestamps in the rows.
type elbService struct {
	c         *Cloud
	balancers *table[elbBalancer]  // by ARN, as all of them
	groups    *table[elbGroup]     //
	listeners *table[elbListener]  //
	rules     *table[elbRule]      // default rules included
	freed     *table[elbFreedCert] // by certificate and balancer
}

// elbBalancer is a load balancer; its state is derived, see view.
type elbBalancer struct {
	LB         types.LoadBalancer
	Attributes map[string]string // those that differ from the default
	Tags       map[string]string
	Interfaces map[string]string // subnet to network interface
}

// elbGroup is a target group with its targets by address and port.
// Group.LoadBalancerArns is kept by refreshUse.
type elbGroup struct {
	Group      types.TargetGroup
	Attributes map[string]string
	Tags       map[string]string
	UsedSince  time.Time // zero: no rule forwards to it
	Targets    map[string]elbTarget
}

type elbListener struct {
	Listener types.Listener
	Extra    []string // certificates besides the default one
	Tags     map[string]string
}

type elbRule struct {
	Rule     types.Rule
	Listener string
	Balancer string
	Tags     map[string]string
}

// Quotas of an account that has asked for nothing.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	elbMaxBalancers      = 50
	elbMaxGroups         = 3000
	elbMaxTargets        = 1000
	elbMaxListeners      = 50
	elbMaxCertificates   = 25
	elbMaxRules          = 100
	elbMaxGroupsOfLB     = 100
	elbMaxGroupsOfAction = 5
	elbMaxValues         = 5
	elbMaxWildcards      = 6
	elbMaxGroupsOfENI    = 5 // security groups
	elbMaxTags           = 50
	elbMaxPage           = 400
)

func newELB(c *Cloud) *elbService {
	e := &elbService{
		c:         c,
		balancers: newTable[elbBalancer](c, "elb/balancer"),
		groups:    newTable[elbGroup](c, "elb/group"),
		listeners: newTable[elbListener](c, "elb/listener"),
		rules:     newTable[elbRule](c, "elb/rule"),
		freed:     newTable[elbFreedCert](c, "elb/freed-certificate"),
	}
	e.handleBalancers()
	e.handleBalancerAttributes()
	e.handleGroups()
	e.handleTargets()
	e.handleListeners()
	e.handleListenerCertificates()
	e.handleRules()
	e.handleTags()
	c.taggers = append(c.taggers, e)
	return e
}

func elbError(code, format string, args ...any) error {
	return apiError(400, code, fmt.Sprintf(format, args...))
}

var elbNamePattern = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// elbName checks the name of a load balancer or target group.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func elbName(kind, name string) error {
	switch {
	case name == "":
		return elbError("ValidationError", "%s name cannot be empty", kind)
	case len(name) > 32:
		return elbError("ValidationError", "%s name '%s' cannot be longer than '32' characters", kind, name)
	case !elbNamePattern.MatchString(name):
		return elbError("ValidationError", "%s name '%s' can only contain characters that are alphanumeric characters or hyphens(-)", kind, name)
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return elbError("ValidationError", "%s name '%s' cannot begin or end with '-'", kind, name)
	}
	return nil
}

// elbPage cuts one page of a Describe operation.
func elbPage[T any](items []T, key func(T) string, marker *string, size *int32) ([]T, *string, error) {
	var b breaches
	b.between("pageSize", size, 1, elbMaxPage)
	if err := b.err("ValidationError"); err != nil {
		return nil, nil, err
	}
	page, next, ok := window(items, key, marker, sizeOr(size, elbMaxPage))
	if !ok {
		return nil, nil, elbError("ValidationError", "Marker '%s' is not valid", *marker)
	}
	return page, next, nil
}

// sameSet compares two lists whose order does not count.
func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
