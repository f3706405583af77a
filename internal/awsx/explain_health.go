package awsx

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// balancerAnswer is what the load balancer asked a task and got, when the task
// was stopped for that. A target that is leaving has forgotten it, so what was
// seen before (by the target group's ARN) and ECS's event count as well:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func (e *Env) balancerAnswer(ctx context.Context, t ecstypes.Task, s ecstypes.Service, seen map[string]string) string {
	if !strings.Contains(aws.ToString(t.StoppedReason), "ELB health checks") {
		return ""
	}
	for _, lb := range s.LoadBalancers {
		arn := aws.ToString(lb.TargetGroupArn)
		if !strings.Contains(aws.ToString(t.StoppedReason), arn) {
			continue
		}
		if answer := e.Unhealthy(ctx, lb)[TaskAddress(t)]; answer != "" {
			return answer
		}
		if answer := seen[arn]; answer != "" {
			return answer
		}
		return e.question(ctx, lb) + ": " + cmp.Or(eventAnswer(s, arn), "Health checks failed")
	}
	return ""
}

// TaskAddress is the private address of a task's interface; empty without one.
func TaskAddress(t ecstypes.Task) string {
	for _, a := range t.Attachments {
		for _, kv := range a.Details {
			if aws.ToString(kv.Name) == "privateIPv4Address" {
				return aws.ToString(kv.Value)
			}
		}
	}
	return ""
}

// Unhealthy is what a target group asks and gets from each of its targets that
// is not healthy, by address: "GET /healthz on port 8080, wanting 200: Health
// checks failed with these codes: [503]". It is empty when the load balancer cannot be asked.
func (e *Env) Unhealthy(ctx context.Context, lb ecstypes.LoadBalancer) map[string]string {
	out, err := e.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: lb.TargetGroupArn})
	if err != nil {
		return nil
	}
	answers := map[string]string{}
	for _, t := range out.TargetHealthDescriptions {
		if h := t.TargetHealth; h != nil && h.State == elbtypes.TargetHealthStateEnumUnhealthy && t.Target != nil {
			answers[aws.ToString(t.Target.Id)] = e.question(ctx, lb) + ": " + cmp.Or(sentence(aws.ToString(h.Description)), string(h.Reason))
		}
	}
	return answers
}

type groupKey struct{ arn string }

// groupMemory keeps how a target group's health check asks.
type groupMemory struct {
	mu       sync.Mutex
	question string
}

// question is how the load balancer asks a target: "GET /healthz on port 8080,
// wanting 200-399".
func (e *Env) question(ctx context.Context, lb ecstypes.LoadBalancer) string {
	m := Memory[groupMemory](e, groupKey{aws.ToString(lb.TargetGroupArn)})
	m.mu.Lock()
	known := m.question
	m.mu.Unlock()
	if known != "" {
		return known
	}
	out, err := e.ELB.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{aws.ToString(lb.TargetGroupArn)}})
	if err != nil || len(out.TargetGroups) == 0 {
		return fmt.Sprintf("the health check on port %d", aws.ToInt32(lb.ContainerPort))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.question = question(out.TargetGroups[0], aws.ToInt32(lb.ContainerPort))
	return m.question
}

func question(g elbtypes.TargetGroup, port int32) string {
	verb := "GET"
	if aws.ToString(g.ProtocolVersion) == "GRPC" {
		verb = "gRPC"
	}
	at := aws.ToString(g.HealthCheckPort)
	if at == "" || at == "traffic-port" {
		at = fmt.Sprint(port)
	}
	text := fmt.Sprintf("%s %s on port %s", verb, aws.ToString(g.HealthCheckPath), at)
	if m := g.Matcher; m != nil {
		text += ", wanting " + aws.ToString(m.HttpCode) + aws.ToString(m.GrpcCode) // it has one of them
	}
	return text
}

var eventReason = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`is unhealthy in \(?target-group ([^\s()]+)\)? due to \(reason (.*)\)`)
})

// eventAnswer is the reason in the newest event about unhealthy targets of a group.
func eventAnswer(s ecstypes.Service, arn string) string {
	for _, ev := range s.Events { // newest first
		if m := eventReason().FindStringSubmatch(aws.ToString(ev.Message)); m != nil && m[1] == arn {
			return m[2]
		}
	}
	return ""
}
