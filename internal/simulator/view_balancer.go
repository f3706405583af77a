package simulator

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// BalancerView is a load balancer as its data plane needs it.
type BalancerView struct {
	Region     string
	Balancer   types.LoadBalancer
	Attributes map[string]string // by AWS's keys, defaults included
	Listeners  []ListenerView
	Groups     []GroupView // those that its rules forward to
}

// ListenerView is a listener with its rules by priority, the default rule last.
type ListenerView struct {
	Listener types.Listener
	Rules    []types.Rule
	Names    []string // that its certificates are for
}

// GroupView is a target group with its targets.
type GroupView struct {
	Group      types.TargetGroup
	Attributes map[string]string // by AWS's keys, defaults included
	Targets    []TargetView      // registered; those that drain are left out
}

// TargetView is a registered target.
type TargetView struct {
	IP   string
	Port int32
	Task string // ARN of the task that has the address; empty: none
}

// Balancers lists the load balancers of all regions.
func (c *Cloud) Balancers() ([]BalancerView, error) {
	var out []BalancerView
	err := c.transact(func() {
		for _, r := range c.store.regions() {
			c.region = r
			holders := c.ecs.holders()
			for _, b := range c.elb.balancers.all() {
				out = append(out, c.elb.viewOf(b, holders))
			}
		}
	})
	return out, err
}

// holders are the tasks by their address.
func (s *ecsService) holders() map[string]string {
	out := map[string]string{}
	for _, t := range s.tasks.all() {
		if t.last() != "STOPPED" {
			out[t.IP] = *t.Task.TaskArn
		}
	}
	return out
}

func (e *elbService) viewOf(b elbBalancer, holders map[string]string) BalancerView {
	arn := *b.LB.LoadBalancerArn
	v := BalancerView{Region: e.c.region, Balancer: e.view(b), Attributes: attributeMap(balancerAttributes(b.LB.Scheme), b.Attributes)}
	for _, l := range e.listeners.all() {
		if *l.Listener.LoadBalancerArn != arn {
			continue
		}
		lv := ListenerView{Listener: l.Listener, Names: e.certified(l)}
		for _, r := range e.rulesOf(*l.Listener.ListenerArn) {
			lv.Rules = append(lv.Rules, r.Rule)
		}
		v.Listeners = append(v.Listeners, lv)
	}
	for _, g := range e.groups.all() {
		for _, user := range g.Group.LoadBalancerArns {
			if user == arn {
				v.Groups = append(v.Groups, groupView(g, holders))
			}
		}
	}
	return v
}

// certified are the names on a listener's certificates. One that is not in the
// account is taken to be for the load balancer's own name.
func (e *elbService) certified(l elbListener) []string {
	var out []string
	arns := slices.Clone(l.Extra)
	for _, c := range l.Listener.Certificates {
		arns = append(arns, aws.ToString(c.CertificateArn))
	}
	for _, arn := range arns {
		if c, ok := e.c.acm.certs.get(arn); ok {
			out = append(out, c.Names...)
		}
	}
	return out
}

func groupView(g elbGroup, holders map[string]string) GroupView {
	v := GroupView{Group: g.Group, Attributes: attributeMap(groupAttributes(), g.Attributes)}
	for _, key := range sortedKeys(g.Targets) {
		if t := g.Targets[key]; t.Gone.IsZero() {
			v.Targets = append(v.Targets, TargetView{IP: t.ID, Port: t.Port, Task: holders[t.ID]})
		}
	}
	return v
}

// attributeMap is every attribute's value, set or by default.
func attributeMap(keys []elbAttribute, set map[string]string) map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		out[k.key] = elbAttributeOf(keys, set, k.key)
	}
	return out
}

// regionOf is the region that an ARN names.
func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[3]
}
