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
	// Refused says that the security groups let nothing pass from the load
	// balancer to the task's port: it gets no answer, not even to health checks.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html
	Refused bool
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

// holder is an address in a VPC; two VPCs may have the same addresses.
type holder struct{ vpc, ip string }

// holders are the tasks by their address.
func (s *ecsService) holders() map[holder]ecsTask {
	out := map[holder]ecsTask{}
	for _, t := range s.tasks.all() {
		if t.last() != "STOPPED" {
			vpc, _, _ := s.c.ec2.vpcOf(t.Subnet)
			out[holder{vpc, t.IP}] = t
		}
	}
	return out
}

func (e *elbService) viewOf(b elbBalancer, holders map[holder]ecsTask) BalancerView {
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
				v.Groups = append(v.Groups, e.groupView(b, g, holders))
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

func (e *elbService) groupView(b elbBalancer, g elbGroup, holders map[holder]ecsTask) GroupView {
	v := GroupView{Group: g.Group, Attributes: attributeMap(groupAttributes(), g.Attributes)}
	for _, key := range sortedKeys(g.Targets) {
		t := g.Targets[key]
		if !t.Gone.IsZero() {
			continue
		}
		target := TargetView{IP: t.ID, Port: t.Port}
		if task, held := holders[holder{aws.ToString(g.Group.VpcId), t.ID}]; held {
			target.Task, target.Refused = *task.Task.TaskArn, !e.reaches(b, task.ENI, t.Port)
		}
		v.Targets = append(v.Targets, target)
	}
	return v
}

// reaches reports whether the security groups let each of a load balancer's
// nodes connect to a port of an interface.
func (e *elbService) reaches(b elbBalancer, eni string, port int32) bool {
	for _, node := range b.Interfaces {
		if !e.c.ec2.admits(node, eni, port) {
			return false
		}
	}
	return true
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
