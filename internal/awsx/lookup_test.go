package awsx

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func TestUsableZones(t *testing.T) {
	zone := func(name, kind string, state ec2types.AvailabilityZoneState, opt ec2types.AvailabilityZoneOptInStatus) ec2types.AvailabilityZone {
		return ec2types.AvailabilityZone{ZoneName: &name, ZoneType: &kind, State: state, OptInStatus: opt}
	}
	got := usableZones([]ec2types.AvailabilityZone{
		zone("us-east-1c", "availability-zone", "available", "opted-in"),
		zone("us-east-1a", "availability-zone", "available", "opt-in-not-required"),
		zone("us-east-1b", "availability-zone", "impaired", "opt-in-not-required"),
		zone("us-east-1d", "availability-zone", "available", "not-opted-in"),
		zone("us-east-1-bos-1a", "local-zone", "available", "opted-in"),
	})
	if want := []string{"us-east-1a", "us-east-1c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPublicZone(t *testing.T) {
	zone := func(id, name string, private bool) route53types.HostedZone {
		return route53types.HostedZone{Id: aws.String("/hostedzone/" + id), Name: &name, Config: &route53types.HostedZoneConfig{PrivateZone: private}}
	}
	one := []route53types.HostedZone{zone("Z1", "example.com.", false), zone("Z2", "example.com.", true), zone("Z3", "example.com.au.", false)}
	for _, c := range []struct {
		name, want string
		zones      []route53types.HostedZone
		wrong      string
	}{
		{name: "example.com", zones: one, want: "Z1"},
		{name: "example.org", zones: one, wrong: "no public hosted zone example.org"},
		{name: "example.com", zones: append(one, zone("Z4", "example.com.", false)), wrong: "2 public hosted zones example.com (Z1, Z4)"},
	} {
		got, err := publicZone(c.name, c.zones)
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}

func TestPickSubnet(t *testing.T) {
	e := &Env{Region: "eu-west-1"}
	found := []ec2types.Subnet{
		{SubnetId: aws.String("subnet-1"), VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.0.0.0/24"), AvailabilityZone: aws.String("eu-west-1a")},
		{SubnetId: aws.String("subnet-2"), VpcId: aws.String("vpc-2")},
	}
	for _, c := range []struct {
		id, wrong string
		want      AssignedSubnet
	}{
		{id: "subnet-1", want: AssignedSubnet{ID: "subnet-1", CIDR: "10.0.0.0/24", Zone: "eu-west-1a"}},
		{id: "subnet-2", wrong: "subnet subnet-2 is in vpc-2 and not in vpc-1"},
		{id: "subnet-3", wrong: "there is no subnet subnet-3 in eu-west-1"},
	} {
		got, err := e.pickSubnet(found, c.id, "vpc-1")
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: got %+v, %v", c.id, got, err)
		}
	}
}
