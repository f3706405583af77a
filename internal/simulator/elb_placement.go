package simulator

import (
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// placement checks the subnets of a load balancer: of one VPC, one per zone, in
// two zones at least.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
func (e *elbService) placement(subnets []string, mappings []types.SubnetMapping) (vpc *string, zones []types.AvailabilityZone, err error) {
	if len(subnets) > 0 && len(mappings) > 0 {
		return nil, nil, elbError("ValidationError", "You can specify either subnets or subnet mappings but not both")
	}
	subnets = slices.Clone(subnets)
	for _, m := range mappings {
		if m.AllocationId != nil {
			return nil, nil, elbError("InvalidConfigurationRequest", "Elastic IP addresses cannot be specified for application load balancers")
		}
		subnets = append(subnets, aws.ToString(m.SubnetId))
	}
	seen := map[string]bool{}
	for _, s := range subnets {
		v, zone, ok := e.c.ec2.vpcOf(s)
		switch {
		case !ok:
			return nil, nil, elbError("SubnetNotFound", "The subnet ID '%s' does not exist", s)
		case vpc != nil && *vpc != v:
			return nil, nil, elbError("InvalidConfigurationRequest", "All subnets must belong to the same VPC: '%s'", *vpc)
		case seen[zone]:
			return nil, nil, elbError("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
		vpc, seen[zone] = &v, true
		zones = append(zones, types.AvailabilityZone{SubnetId: aws.String(s), ZoneName: aws.String(zone)})
	}
	if len(zones) < 2 {
		return nil, nil, elbError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	return vpc, zones, nil
}

// securityGroups checks the groups of a load balancer; none means the VPC's
// default group.
func (e *elbService) securityGroups(vpc string, groups []string) ([]string, error) {
	if len(groups) == 0 {
		return []string{e.c.ec2.defaultGroup(vpc)}, nil
	}
	if len(groups) > elbMaxGroupsOfENI {
		return nil, elbError("InvalidConfigurationRequest", "A load balancer can have at most '%d' security groups", elbMaxGroupsOfENI)
	}
	for _, g := range groups {
		in, ok := e.c.ec2.groupExists(g)
		if !ok {
			return nil, elbError("InvalidSecurityGroup", "Security group '%s' does not exist", g)
		}
		if in != vpc {
			return nil, elbError("InvalidConfigurationRequest", "One or more security groups are invalid")
		}
	}
	return slices.Clone(groups), nil
}

// attach makes a network interface in each of some subnets.
func (e *elbService) attach(b *elbBalancer, subnets []string) error {
	for _, s := range subnets {
		id, _ := e.c.ec2.attachENI(s, b.LB.SecurityGroups, "ELB "+b.id(), "interface")
		if id == "" {
			e.detach(b, sortedKeys(b.Interfaces))
			return elbError("InvalidSubnet", "Not enough IP space available in %s. ELB requires at least 8 free IP addresses in each subnet.", s)
		}
		b.Interfaces[s] = id
		if b.LB.Scheme == types.LoadBalancerSchemeEnumInternetFacing {
			e.c.ec2.setENIPublic(id)
		}
	}
	return nil
}

// detach lets go the interfaces in some subnets, as late as AWS does.
func (e *elbService) detach(b *elbBalancer, subnets []string) {
	at := e.c.now().Add(e.c.latency("ALB", "delete incl. ENI release"))
	for _, s := range subnets {
		e.c.ec2.releaseENI(b.Interfaces[s], at)
		delete(b.Interfaces, s)
	}
}

func (e *elbService) setSubnets(_ context.Context, in *elbv2.SetSubnetsInput) (*elbv2.SetSubnetsOutput, error) {
	b, ok := e.balancers.get(*in.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	vpc, zones, err := e.placement(in.Subnets, in.SubnetMappings)
	if err != nil {
		return nil, err
	}
	if *vpc != *b.LB.VpcId {
		return nil, elbError("InvalidConfigurationRequest", "The subnets must belong to the VPC of the load balancer: '%s'", *b.LB.VpcId)
	}
	before := b.subnets()
	b.LB.AvailabilityZones = zones
	after := b.subnets()
	fresh := slices.DeleteFunc(after, func(s string) bool { return slices.Contains(before, s) })
	if err := e.attach(&b, fresh); err != nil {
		return nil, err
	}
	e.detach(&b, slices.DeleteFunc(before, func(s string) bool { return slices.Contains(b.subnets(), s) }))
	if in.IpAddressType != "" {
		b.LB.IpAddressType = in.IpAddressType
	}
	e.balancers.put(*in.LoadBalancerArn, b)
	return &elbv2.SetSubnetsOutput{AvailabilityZones: zones, IpAddressType: b.LB.IpAddressType}, nil
}

func (e *elbService) setSecurityGroups(_ context.Context, in *elbv2.SetSecurityGroupsInput) (*elbv2.SetSecurityGroupsOutput, error) {
	b, ok := e.balancers.get(*in.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	if len(in.SecurityGroups) == 0 {
		return nil, elbError("ValidationError", "At least one security group must be specified")
	}
	groups, err := e.securityGroups(*b.LB.VpcId, in.SecurityGroups)
	if err != nil {
		return nil, err
	}
	b.LB.SecurityGroups = groups
	for _, id := range b.Interfaces {
		e.c.ec2.setENIGroups(id, groups)
	}
	e.balancers.put(*in.LoadBalancerArn, b)
	return &elbv2.SetSecurityGroupsOutput{SecurityGroupIds: groups}, nil
}

func (e *elbService) setIPAddressType(_ context.Context, in *elbv2.SetIpAddressTypeInput) (*elbv2.SetIpAddressTypeOutput, error) {
	var faults breaches
	oneOf(&faults, "ipAddressType", in.IpAddressType, in.IpAddressType.Values())
	if err := faults.err("ValidationError"); err != nil {
		return nil, err
	}
	b, ok := e.balancers.get(*in.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	b.LB.IpAddressType = in.IpAddressType
	e.balancers.put(*in.LoadBalancerArn, b)
	return &elbv2.SetIpAddressTypeOutput{IpAddressType: in.IpAddressType}, nil
}

// elbZones are the hosted zones of the load balancers' DNS names.
// https://docs.aws.amazon.com/general/latest/gr/elb.html
const elbZones = `us-east-1 Z35SXDOTRQ7X7K us-east-2 Z3AADJGX6KTTL2 us-west-1 Z368ELLRRE2KJ0 us-west-2 Z1H1FL5HABSF5
ca-central-1 ZQSVJUPU6J1EY sa-east-1 Z2P70J7HTTTPLU eu-west-1 Z32O12XQLNTSW2 eu-west-2 ZHURV8PSTC4K8
eu-west-3 Z3Q77PNBQS71R4 eu-central-1 Z215JYRZR1TBD5 eu-north-1 Z23TAZ6LKFMNIO eu-south-1 Z3ULH7SSC9OV64
ap-southeast-1 Z1LMS91P8CMLE5 ap-southeast-2 Z1GM3OXH4ZPM65 ap-northeast-1 Z14GRHDCWA56QT ap-northeast-2 ZWKZPGTI48KDX
ap-northeast-3 Z5LXEXXYW11ES ap-south-1 ZP97RAFLXTNZK ap-east-1 Z3DQVH9N71FHZ0 me-south-1 ZS929ML54UICD af-south-1 Z268VQBMOI5EKX`

// elbZoneID is the hosted zone of a region's load balancers; a region that the
// list lacks gets one made up from its name.
func elbZoneID(region string) string {
	words := strings.Fields(elbZones)
	for i := 0; i < len(words); i += 2 {
		if words[i] == region {
			return words[i+1]
		}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(region))
	return "Z" + strings.ToUpper(strconv.FormatUint(h.Sum64(), 36))
}

// balancerNames maps the DNS names of the load balancers of all regions to
// their hosted zones, for alias records.
func (e *elbService) balancerNames() map[string]string {
	here := e.c.region
	defer func() { e.c.region = here }()
	out := map[string]string{}
	for _, e.c.region = range e.c.store.regions() {
		for _, b := range e.balancers.all() {
			out[strings.ToLower(*b.LB.DNSName)] = *b.LB.CanonicalHostedZoneId
		}
	}
	return out
}
