package simulator

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// elbLab is an account with a VPC in two zones.
type elbLab struct {
	*ec2Lab
	elb     *elbv2.Client
	acm     *acm.Client
	dns     *route53.Client
	net     string
	gate    string
	subnets []string
	sg      string
}

func newELBLab(t *testing.T, opt Options) *elbLab {
	t.Helper()
	l := &elbLab{ec2Lab: newEC2Lab(t, opt)}
	cfg := l.cloud.Config("eu-west-1")
	l.elb, l.acm, l.dns = elbv2.NewFromConfig(cfg), acm.NewFromConfig(cfg), route53.NewFromConfig(cfg)
	l.net = l.vpc("10.0.0.0/16")
	l.gate = l.gateway(l.net)
	for i, zone := range []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"} {
		l.subnets = append(l.subnets, l.subnet(l.net, "10.0."+string(rune('0'+i))+".0/24", zone))
	}
	l.sg = l.group(l.net, "alb")
	return l
}

func (l *elbLab) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *elbLab) balancerInput(name string) *elbv2.CreateLoadBalancerInput {
	return &elbv2.CreateLoadBalancerInput{Name: &name, Subnets: l.subnets[:2], SecurityGroups: []string{l.sg}}
}

func (l *elbLab) balancer(name string) types.LoadBalancer {
	l.t.Helper()
	out, err := l.elb.CreateLoadBalancer(l.ctx, l.balancerInput(name))
	l.ok(err)
	return out.LoadBalancers[0]
}

func (l *elbLab) state(arn *string) types.LoadBalancerStateEnum {
	l.t.Helper()
	out, err := l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{*arn}})
	l.ok(err)
	return out.LoadBalancers[0].State.Code
}

func (l *elbLab) groupInput(name string) *elbv2.CreateTargetGroupInput {
	return &elbv2.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &l.net, TargetType: types.TargetTypeEnumIp,
	}
}

func (l *elbLab) targetGroup(name string) string {
	l.t.Helper()
	out, err := l.elb.CreateTargetGroup(l.ctx, l.groupInput(name))
	l.ok(err)
	return *out.TargetGroups[0].TargetGroupArn
}

func notFound(text string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("404"), MessageBody: &text}}}
}

func forwardTo(arn string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &arn}}
}

func (l *elbLab) listener(lb types.LoadBalancer, port int32, actions []types.Action) string {
	l.t.Helper()
	out, err := l.elb.CreateListener(l.ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancerArn, Port: &port, Protocol: types.ProtocolEnumHttp, DefaultActions: actions,
	})
	l.ok(err)
	return *out.Listeners[0].ListenerArn
}

func pathIs(paths ...string) []types.RuleCondition {
	return []types.RuleCondition{{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: paths}}}
}

func (l *elbLab) rule(listener string, priority int32, path, group string) string {
	l.t.Helper()
	out, err := l.elb.CreateRule(l.ctx, &elbv2.CreateRuleInput{
		ListenerArn: &listener, Priority: &priority, Conditions: pathIs(path), Actions: forwardTo(group),
	})
	l.ok(err)
	return *out.Rules[0].RuleArn
}

// certificate requests one and has it validated when valid is set.
func (l *elbLab) certificate(domain string, valid bool) string {
	l.t.Helper()
	out, err := l.acm.RequestCertificate(l.ctx, &acm.RequestCertificateInput{DomainName: &domain, ValidationMethod: acmtypes.ValidationMethodDns})
	l.ok(err)
	if valid {
		l.validate(*out.CertificateArn, l.zone("example.com", domain))
		time.Sleep(10 * time.Minute)
	}
	return *out.CertificateArn
}

func (l *elbLab) zone(name, ref string) string {
	l.t.Helper()
	out, err := l.dns.CreateHostedZone(l.ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &ref})
	l.ok(err)
	return *out.HostedZone.Id
}

// validate makes the records that a certificate asks for.
func (l *elbLab) validate(arn, zone string) {
	l.t.Helper()
	time.Sleep(acmRecordDelay)
	got, err := l.acm.DescribeCertificate(l.ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	l.ok(err)
	for _, v := range got.Certificate.DomainValidationOptions {
		l.ok(l.change(zone, r53types.ChangeActionUpsert, r53types.ResourceRecordSet{
			Name: v.ResourceRecord.Name, Type: r53types.RRTypeCname, TTL: aws.Int64(300),
			ResourceRecords: []r53types.ResourceRecord{{Value: v.ResourceRecord.Value}},
		}))
	}
}

func (l *elbLab) change(zone string, action r53types.ChangeAction, set r53types.ResourceRecordSet) error {
	_, err := l.dns.ChangeResourceRecordSets(l.ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{Action: action, ResourceRecordSet: &set}}},
	})
	return err
}
