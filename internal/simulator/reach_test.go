package simulator

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// reachLab is a service api, which only web's security group may call, and tasks
// that try.
type reachLab struct {
	*ecsLab
	runtime *toldRuntime
	space   string
}

func newReachLab(t *testing.T) *reachLab {
	r := &toldRuntime{usual: well}
	l := &reachLab{ecsLab: newECSLab(t, Options{Runtime: r}), runtime: r}
	l.space = *l.ecsLab.space("shop").Arn
	return l
}

// member starts a service of the namespace; alias is what it is called there,
// "" for one that only calls.
func (l *reachLab) member(name, group, alias string, tasks int32) {
	l.t.Helper()
	d := l.webDefinition(name, publicImage)
	d.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}}
	d.ContainerDefinitions[0].PortMappings[0].AppProtocol = types.ApplicationProtocolHttp
	in := l.serviceInput(name, l.registered(d))
	in.DesiredCount = &tasks
	in.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = []string{group}
	in.ServiceConnectConfiguration = &types.ServiceConnectConfiguration{Enabled: true, Namespace: &l.space}
	if alias != "" {
		in.ServiceConnectConfiguration.Services = []types.ServiceConnectService{{PortName: aws.String("http"), DiscoveryName: aws.String(name),
			ClientAliases: []types.ServiceConnectClientAlias{{Port: aws.Int32(8080), DnsName: &alias}}}}
	}
	l.created(in)
	l.steady(name)
}

// silence takes a group's permission to send anything.
func (l *reachLab) silence(group string) {
	l.t.Helper()
	l.ok(second(l.api.RevokeSecurityGroupEgress(l.ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &group, IpPermissions: []ec2types.IpPermission{
		{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}})))
}

func (l *reachLab) taskOf(service string) string { return *l.tasks(service, "")[0].TaskArn }

func TestReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newReachLab(t)
		groups := map[string]string{}
		for _, n := range []string{"api", "web", "cron", "mute"} {
			groups[n] = l.group(l.net, n)
		}
		for _, n := range []string{"web", "mute"} {
			l.ok(second(l.authorize(groups["api"], ec2TCP(80, groups[n]))))
		}
		l.silence(groups["mute"])
		l.member("api", groups["api"], "api.shop", 2)
		for _, n := range []string{"web", "cron", "mute"} {
			l.member(n, groups[n], "", 1)
		}
		alone := *l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String("web")}).TaskArn
		for name, c := range map[string]struct {
			caller, host string
			port         int32
			known        bool
			backends     int
			refused      bool
		}{
			"declared":        {l.taskOf("web"), "api.shop", 8080, true, 2, false},
			"not declared":    {l.taskOf("cron"), "api.shop", 8080, true, 0, true},
			"may not send":    {l.taskOf("mute"), "api.shop", 8080, true, 0, true},
			"another name":    {l.taskOf("web"), "api", 8080, false, 0, false},
			"container port":  {l.taskOf("web"), "api.shop", 80, false, 0, false},
			"outside":         {alone, "api.shop", 8080, false, 0, false},
			"an unknown task": {"arn:aws:ecs:eu-west-1:111122223333:task/main/x", "api.shop", 8080, false, 0, false},
		} {
			r, known, err := l.cloud.Reach(c.caller, c.host, c.port)
			l.ok(err)
			if known != c.known || len(r.Backends) != c.backends || r.Refused != c.refused {
				t.Errorf("%s: known %v, %+v", name, known, r)
			}
			if known && (r.Service != "api" || r.Protocol != "http") || len(r.Backends) > 0 && r.Backends[0].Port != 80 {
				t.Errorf("%s: %+v", name, r)
			}
		}
		l.checkSound()
	})
}

// checkSound prefers healthy tasks, and takes all while none is.
func (l *reachLab) checkSound() {
	l.t.Helper()
	backends := func() []string {
		r, _, err := l.cloud.Reach(l.taskOf("web"), "api.shop", 8080)
		l.ok(err)
		var out []string
		for _, b := range r.Backends {
			out = append(out, b.Task)
		}
		return out
	}
	both := backends()
	l.runtime.say(both[0], sick)
	l.ok(l.cloud.TaskChanged(both[0]))
	if got := backends(); !slices.Equal(got, both[1:]) {
		l.t.Errorf("with %s unhealthy there are %v", both[0], got)
	}
	l.runtime.say(both[1], sick)
	l.ok(l.cloud.TaskChanged(both[1]))
	if got := backends(); !slices.Equal(got, both) {
		l.t.Errorf("with none healthy there are %v, want %v", got, both)
	}
}

// A load balancer's data plane learns whom the security groups shut off.
func TestTargetsThatSecurityGroupsRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		group := l.balanced("web")
		l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		time.Sleep(2 * time.Minute)
		refused := func() (out []bool) {
			views, err := l.cloud.Balancers()
			l.ok(err)
			for _, tv := range views[0].Groups[0].Targets {
				if tv.Task == "" {
					t.Errorf("nobody has the address %s", tv.IP)
				}
				out = append(out, tv.Refused)
			}
			return out
		}
		both := func(v bool) []bool { return []bool{v, v} }
		if got := refused(); !slices.Equal(got, both(true)) {
			t.Errorf("without a rule: refused %v", got)
		}
		l.ok(second(l.authorize(l.tasksSG, ec2TCP(81, l.sg))))
		if got := refused(); !slices.Equal(got, both(true)) {
			t.Errorf("with a rule for another port: refused %v", got)
		}
		l.ok(second(l.authorize(l.tasksSG, ec2TCP(80, l.sg))))
		if got := refused(); !slices.Equal(got, both(false)) {
			t.Errorf("with the rule: refused %v", got)
		}
		(&reachLab{ecsLab: l}).silence(l.sg)
		if got := refused(); !slices.Equal(got, both(true)) {
			t.Errorf("with a load balancer that may not send: refused %v", got)
		}
	})
}
