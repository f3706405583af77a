package simulator

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestEC2TagsComeWithCreation(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	out, err := l.api.CreateSubnet(l.ctx, &ec2.CreateSubnetInput{
		VpcId: &vpc, CidrBlock: aws.String("10.0.0.0/24"), TagSpecifications: ec2Spec(types.ResourceTypeSubnet, "b", "2", "a", "1"),
	})
	tags := ec2Must(l, out, err).Subnet.Tags
	if len(tags) != 2 || *tags[0].Key != "a" || *tags[1].Value != "2" {
		t.Fatalf("tags: %+v", tags)
	}
	for name, filters := range map[string][]types.Filter{
		"value": ec2FilterOf("tag:a", "1"), "key": ec2FilterOf("tag-key", "b"), "wildcard": ec2FilterOf("tag:a", "*"),
	} {
		found, err := l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{Filters: filters})
		if n := len(ec2Must(l, found, err).Subnets); n != 1 {
			t.Errorf("by %s: %d subnets", name, n)
		}
	}
	many := make([]string, 0, 102)
	for i := range 51 {
		many = append(many, fmt.Sprint("k", i), "v")
	}
	for name, c := range map[string]struct{ code, message string }{
		"aws:x": {"InvalidParameterValue", "reserved"}, "": {"InvalidParameterValue", "empty"}, strings.Repeat("k", 128): {"InvalidParameterValue", "length"},
	} {
		_, err := l.api.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{vpc}, Tags: ec2Spec("", name, "v")[0].Tags})
		l.refused(err, c.code, c.message)
	}
	_, err = l.api.CreateInternetGateway(l.ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: ec2Spec(types.ResourceTypeInternetGateway, many...)})
	l.refused(err, "TagLimitExceeded")
	_, err = l.api.CreateInternetGateway(l.ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: ec2Spec(types.ResourceTypeInternetGateway, "a", "1", "a", "2")})
	l.refused(err, "InvalidParameterValue", "Duplicate tag key 'a'")
}

func TestEC2TagsChange(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	set := func(kv ...string) {
		_, err := l.api.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{vpc}, Tags: ec2Spec("", kv...)[0].Tags})
		ec2Must(l, vpc, err)
	}
	unset := func(tags ...types.Tag) {
		_, err := l.api.DeleteTags(l.ctx, &ec2.DeleteTagsInput{Resources: []string{vpc}, Tags: tags})
		ec2Must(l, vpc, err)
	}
	have := func() map[string]string {
		out, err := l.api.DescribeTags(l.ctx, &ec2.DescribeTagsInput{Filters: append(ec2FilterOf("resource-id", vpc), ec2FilterOf("resource-type", "vpc")...)})
		got := map[string]string{}
		for _, d := range ec2Must(l, out, err).Tags {
			got[*d.Key] = *d.Value
		}
		return got
	}
	set("a", "1", "b", "2", "c", "3")
	set("b", "4")
	unset(types.Tag{Key: aws.String("a")}, types.Tag{Key: aws.String("c"), Value: aws.String("other")})
	if got, want := have(), map[string]string{"b": "4", "c": "3"}; !maps.Equal(got, want) {
		t.Fatalf("tags: %v, want %v", got, want)
	}
	out, err := l.api.DescribeTags(l.ctx, &ec2.DescribeTagsInput{Filters: ec2FilterOf("tag:b", "4")})
	if d := ec2Must(l, out, err).Tags; len(d) != 1 || *d[0].ResourceId != vpc {
		t.Fatalf("by value: %+v", d)
	}
	unset()
	if got := have(); len(got) != 0 {
		t.Fatalf("tags: %v, want none", got)
	}
}

func TestEC2TakesPartInTagging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		subnet, group := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.group(vpc, "web")
		l.gateway(vpc)
		made, err := l.authorize(group, ec2TCP(80, "0.0.0.0/0"))
		rule := *ec2Must(l, made, err)[0].SecurityGroupRuleId
		nat, err := l.api.CreateNatGateway(l.ctx, &ec2.CreateNatGatewayInput{
			SubnetId: &subnet, AllocationId: aws.String(l.address()), TagSpecifications: ec2Spec(types.ResourceTypeNatgateway, "k", "v"),
		})
		id := *ec2Must(l, nat, err).NatGateway.NatGatewayId
		prefix := "arn:aws:ec2:eu-west-1:111122223333:"
		arns := func() (out map[string]map[string]string) {
			l.inside(func(s *ec2Service) { out = s.arns() })
			return out
		}
		got := arns()
		if len(got) != 2 || got[prefix+"security-group-rule/"+rule]["of"] != group || got[prefix+"natgateway/"+id]["k"] != "v" {
			t.Fatalf("tagged: %v", got)
		}
		l.inside(func(s *ec2Service) {
			if !s.tag(prefix+"subnet/"+subnet, map[string]string{"a": "b"}) || s.tagsOf(subnet)["a"] != "b" {
				t.Error("a subnet is not tagged")
			}
			for _, arn := range []string{prefix + "subnet/subnet-0", "arn:aws:ecs:eu-west-1:111122223333:cluster/x", prefix + "vpc/" + subnet} {
				if s.tag(arn, map[string]string{"a": "b"}) {
					t.Errorf("%s is tagged", arn)
				}
			}
		})
		_, err = l.api.DeleteNatGateway(l.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &id})
		ec2Must(l, nat, err)
		time.Sleep(Latency("NatGateway", "delete") + time.Minute)
		if arns()[prefix+"natgateway/"+id] == nil {
			t.Fatal("a deleted NAT gateway is forgotten at once")
		}
		time.Sleep(ec2NATLinger)
		if arns()[prefix+"natgateway/"+id] != nil {
			t.Fatal("a deleted NAT gateway is never forgotten")
		}
	})
}
