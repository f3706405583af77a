package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestLoadBalancerLifecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		lb := l.balancer("web")
		if lb.State.Code != types.LoadBalancerStateEnumProvisioning || *lb.VpcId != l.net || len(lb.AvailabilityZones) != 2 {
			t.Fatalf("fresh load balancer: %+v", lb)
		}
		if !strings.HasPrefix(*lb.DNSName, "web-") || !strings.HasSuffix(*lb.DNSName, ".eu-west-1.elb.amazonaws.com") || *lb.CanonicalHostedZoneId != "Z32O12XQLNTSW2" {
			t.Fatalf("name %s in %s", *lb.DNSName, *lb.CanonicalHostedZoneId)
		}
		again := l.balancer("web")
		if *again.LoadBalancerArn != *lb.LoadBalancerArn {
			t.Fatal("creating with the same settings made another one")
		}
		time.Sleep(Latency("ALB", "create") - time.Second)
		if s := l.state(lb.LoadBalancerArn); s != types.LoadBalancerStateEnumProvisioning {
			t.Fatalf("state %s too early", s)
		}
		time.Sleep(time.Second)
		if s := l.state(lb.LoadBalancerArn); s != types.LoadBalancerStateEnumActive {
			t.Fatalf("state %s after its time", s)
		}
		l.deleted(lb)
	})
}

// deleted deletes a load balancer and sees its interfaces linger.
func (l *elbLab) deleted(lb types.LoadBalancer) {
	l.t.Helper()
	_, err := l.elb.DeleteLoadBalancer(l.ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
	_, err = l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"web"}})
	l.refused(err, "LoadBalancerNotFound")
	_, err = l.elb.DeleteLoadBalancer(l.ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
	_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &l.subnets[0]})
	l.refused(err, "DependencyViolation")
	_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &l.sg})
	l.refused(err, "DependencyViolation")
	_, err = l.api.DetachInternetGateway(l.ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &l.gate, VpcId: &l.net})
	l.refused(err, "DependencyViolation")
	time.Sleep(Latency("ALB", "delete incl. ENI release") - 1)
	_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &l.subnets[0]})
	l.refused(err, "DependencyViolation")
	time.Sleep(time.Nanosecond)
	_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &l.subnets[0]})
	l.ok(err)
	_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &l.sg})
	l.ok(err)
}

func TestLoadBalancerRefusals(t *testing.T) {
	l := newELBLab(t, Options{})
	l.balancer("taken")
	other := l.vpc("10.9.0.0/16")
	foreign := l.subnet(other, "10.9.0.0/24", "eu-west-1b")
	offline := l.subnet(other, "10.9.1.0/24", "eu-west-1a")
	foreignGroup := l.group(other, "other")
	twin := l.subnet(l.net, "10.0.99.0/24", "eu-west-1a")
	for name, c := range map[string]struct {
		edit func(*elbv2.CreateLoadBalancerInput)
		code string
		text string
	}{
		"long name":     {func(i *elbv2.CreateLoadBalancerInput) { i.Name = aws.String(strings.Repeat("a", 33)) }, "ValidationError", "longer than '32'"},
		"bad character": {func(i *elbv2.CreateLoadBalancerInput) { i.Name = aws.String("a_b") }, "ValidationError", "alphanumeric"},
		"hyphen":        {func(i *elbv2.CreateLoadBalancerInput) { i.Name = aws.String("web-") }, "ValidationError", "end with '-'"},
		"internal":      {func(i *elbv2.CreateLoadBalancerInput) { i.Name = aws.String("internal-web") }, "ValidationError", "internal-"},
		"one subnet":    {func(i *elbv2.CreateLoadBalancerInput) { i.Subnets = i.Subnets[:1] }, "ValidationError", "two different Availability Zones"},
		"one zone":      {func(i *elbv2.CreateLoadBalancerInput) { i.Subnets = []string{l.subnets[0], twin} }, "InvalidConfigurationRequest", "same Availability Zone"},
		"no subnet":     {func(i *elbv2.CreateLoadBalancerInput) { i.Subnets = []string{l.subnets[0], "subnet-0123"} }, "SubnetNotFound", "subnet-0123"},
		"two VPCs":      {func(i *elbv2.CreateLoadBalancerInput) { i.Subnets = []string{l.subnets[0], foreign} }, "InvalidConfigurationRequest", "same VPC"},
		"no gateway":    {func(i *elbv2.CreateLoadBalancerInput) { i.Subnets = []string{offline, foreign} }, "InvalidSubnet", "no internet gateway"},
		"no group":      {func(i *elbv2.CreateLoadBalancerInput) { i.SecurityGroups = []string{"sg-0123"} }, "InvalidSecurityGroup", "sg-0123"},
		"foreign group": {func(i *elbv2.CreateLoadBalancerInput) { i.SecurityGroups = []string{foreignGroup} }, "InvalidConfigurationRequest", "security groups"},
		"scheme":        {func(i *elbv2.CreateLoadBalancerInput) { i.Scheme = "public" }, "ValidationError", "enum value set"},
		"other settings": {func(i *elbv2.CreateLoadBalancerInput) {
			i.Name, i.Scheme = aws.String("taken"), types.LoadBalancerSchemeEnumInternal
		}, "DuplicateLoadBalancerName", "different settings"},
		"tags twice": {func(i *elbv2.CreateLoadBalancerInput) {
			i.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("2")}}
		}, "DuplicateTagKeys", "'a'"},
		"AWS's tag": {func(i *elbv2.CreateLoadBalancerInput) {
			i.Tags = []types.Tag{{Key: aws.String("aws:a"), Value: aws.String("1")}}
		}, "ValidationError", "aws:"},
	} {
		t.Run(name, func(t *testing.T) {
			in := l.balancerInput("web")
			c.edit(in)
			_, err := l.elb.CreateLoadBalancer(l.ctx, in)
			l.refused(err, c.code, c.text)
		})
	}
	out, err := l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{})
	l.ok(err)
	if len(out.LoadBalancers) != 1 {
		t.Fatalf("%d load balancers after refusals", len(out.LoadBalancers))
	}
}

func TestLoadBalancerMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		lb := l.balancer("web")
		second := l.group(l.net, "second")
		_, err := l.elb.SetSecurityGroups(l.ctx, &elbv2.SetSecurityGroupsInput{LoadBalancerArn: lb.LoadBalancerArn, SecurityGroups: []string{second}})
		l.ok(err)
		_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &l.sg})
		l.ok(err)
		_, err = l.elb.SetSubnets(l.ctx, &elbv2.SetSubnetsInput{LoadBalancerArn: lb.LoadBalancerArn, Subnets: l.subnets[:1]})
		l.refused(err, "ValidationError", "two different")
		moved, err := l.elb.SetSubnets(l.ctx, &elbv2.SetSubnetsInput{LoadBalancerArn: lb.LoadBalancerArn, Subnets: l.subnets[1:]})
		l.ok(err)
		if len(moved.AvailabilityZones) != 2 || *moved.AvailabilityZones[1].ZoneName != "eu-west-1c" {
			t.Fatalf("zones %v", moved.AvailabilityZones)
		}
		_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &l.subnets[0]})
		l.refused(err, "DependencyViolation")
		time.Sleep(Latency("ALB", "delete incl. ENI release"))
		_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &l.subnets[0]})
		l.ok(err)
		enis, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{Filters: ec2FilterOf("group-id", second)})
		l.ok(err)
		if len(enis.NetworkInterfaces) != 2 || !strings.HasPrefix(*enis.NetworkInterfaces[0].Description, "ELB app/web/") {
			t.Fatalf("interfaces %+v", enis.NetworkInterfaces)
		}
	})
}

func TestLoadBalancerAttributes(t *testing.T) {
	l := newELBLab(t, Options{})
	lb := l.balancer("web")
	set := func(key, value string) error {
		_, err := l.elb.ModifyLoadBalancerAttributes(l.ctx, &elbv2.ModifyLoadBalancerAttributesInput{
			LoadBalancerArn: lb.LoadBalancerArn, Attributes: []types.LoadBalancerAttribute{{Key: &key, Value: &value}},
		})
		return err
	}
	for _, bad := range [][2]string{
		{"idle_timeout.timeout_seconds", "0"}, {"idle_timeout.timeout_seconds", "4001"}, {"idle_timeout.timeout_seconds", "x"},
		{"routing.http2.enabled", "yes"}, {"routing.http.desync_mitigation_mode", "lax"}, {"no.such.key", "1"},
		{"load_balancing.cross_zone.enabled", "false"},
	} {
		l.refused(set(bad[0], bad[1]), "ValidationError", bad[0])
	}
	l.refused(set("access_logs.s3.enabled", "true"), "InvalidConfigurationRequest", "access_logs.s3.bucket")
	l.ok(set("idle_timeout.timeout_seconds", "4000"))
	l.ok(set("deletion_protection.enabled", "true"))
	got, err := l.elb.DescribeLoadBalancerAttributes(l.ctx, &elbv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
	have := map[string]string{}
	for _, a := range got.Attributes {
		have[*a.Key] = *a.Value
	}
	for key, want := range map[string]string{
		"idle_timeout.timeout_seconds": "4000", "deletion_protection.enabled": "true", "routing.http2.enabled": "true",
		"routing.http.drop_invalid_header_fields.enabled": "false", "routing.http.desync_mitigation_mode": "defensive", "access_logs.s3.bucket": "",
	} {
		if have[key] != want {
			t.Errorf("%s is %q, want %q", key, have[key], want)
		}
	}
	_, err = l.elb.DeleteLoadBalancer(l.ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.refused(err, "OperationNotPermitted", "deletion protection")
	l.ok(set("deletion_protection.enabled", "false"))
	_, err = l.elb.DeleteLoadBalancer(l.ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
}

func TestLoadBalancerPages(t *testing.T) {
	l := newELBLab(t, Options{})
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		l.balancer(n)
	}
	seen := map[string]bool{}
	p := elbv2.NewDescribeLoadBalancersPaginator(l.elb, &elbv2.DescribeLoadBalancersInput{PageSize: aws.Int32(2)})
	pages := 0
	for ; p.HasMorePages(); pages++ {
		out, err := p.NextPage(l.ctx)
		l.ok(err)
		for _, b := range out.LoadBalancers {
			seen[*b.LoadBalancerName] = true
		}
	}
	if pages != 3 || len(seen) != 5 {
		t.Fatalf("%d load balancers on %d pages", len(seen), pages)
	}
	_, err := l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{PageSize: aws.Int32(401)})
	l.refused(err, "ValidationError", "pageSize")
	_, err = l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{Marker: aws.String("!")})
	l.refused(err, "ValidationError", "Marker")
	_, err = l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{Names: make([]string, 21)})
	l.refused(err, "ValidationError", "'20'")
	_, err = l.elb.DescribeLoadBalancers(l.ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"a", "x"}})
	l.refused(err, "LoadBalancerNotFound")
}

func TestELBTags(t *testing.T) {
	l := newELBLab(t, Options{})
	lb := l.balancer("web")
	tg := l.targetGroup("tg")
	listener := l.listener(lb, 80, notFound(""))
	rule := l.rule(listener, 1, "/a", tg)
	arns := []string{*lb.LoadBalancerArn, tg, listener, rule}
	_, err := l.elb.AddTags(l.ctx, &elbv2.AddTagsInput{ResourceArns: arns, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}, {Key: aws.String("x"), Value: aws.String("")}}})
	l.ok(err)
	_, err = l.elb.RemoveTags(l.ctx, &elbv2.RemoveTagsInput{ResourceArns: arns, TagKeys: []string{"x"}})
	l.ok(err)
	out, err := l.elb.DescribeTags(l.ctx, &elbv2.DescribeTagsInput{ResourceArns: arns})
	l.ok(err)
	for i, d := range out.TagDescriptions {
		if *d.ResourceArn != arns[i] || len(d.Tags) != 1 || *d.Tags[0].Key != "k" {
			t.Errorf("tags of %s: %+v", arns[i], d.Tags)
		}
	}
	_, err = l.elb.DescribeTags(l.ctx, &elbv2.DescribeTagsInput{ResourceArns: make([]string, 21)})
	l.refused(err, "ValidationError", "'20'")
	_, err = l.elb.AddTags(l.ctx, &elbv2.AddTagsInput{ResourceArns: []string{tg, tg + "x"}, Tags: []types.Tag{{Key: aws.String("n"), Value: aws.String("")}}})
	l.refused(err, "TargetGroupNotFound")
	out, err = l.elb.DescribeTags(l.ctx, &elbv2.DescribeTagsInput{ResourceArns: []string{tg}})
	l.ok(err)
	if len(out.TagDescriptions[0].Tags) != 1 {
		t.Error("a refused AddTags tagged something")
	}
}

func TestELBIsDurable(t *testing.T) {
	dir := t.TempDir()
	l := newELBLab(t, Options{Dir: dir})
	lb := l.balancer("web")
	tg := l.targetGroup("tg")
	l.listener(lb, 80, forwardTo(tg))
	_, err := l.elb.RegisterTargets(l.ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{{Id: aws.String("10.0.0.9")}}})
	l.ok(err)
	l.ok(l.cloud.Close())

	again, err := New(Options{Dir: dir})
	l.ok(err)
	api := elbv2.NewFromConfig(again.Config("eu-west-1"))
	groups, err := api.DescribeTargetGroups(l.ctx, &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
	if len(groups.TargetGroups) != 1 || *groups.TargetGroups[0].TargetGroupArn != tg {
		t.Fatalf("after reopening: %+v", groups.TargetGroups)
	}
	health, err := api.DescribeTargetHealth(l.ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &tg})
	l.ok(err)
	if len(health.TargetHealthDescriptions) != 1 || health.TargetHealthDescriptions[0].TargetHealth.State != types.TargetHealthStateEnumInitial {
		t.Fatalf("after reopening: %+v", health.TargetHealthDescriptions)
	}
}
