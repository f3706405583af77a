package awsx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ecsail/ecsail/internal/resource"
)

// Identity says in whose account we are.
type Identity struct{ Account, Partition string }

type identityKey struct{}

// Identity asks whose account the credentials are for, once per round of
// observation.
func (e *Env) Identity(ctx context.Context) (Identity, error) {
	return resource.Once(ctx, identityKey{}, func() (Identity, error) {
		out, err := e.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return Identity{}, fmt.Errorf("ask whose credentials these are: %w", err)
		}
		a, err := arn.Parse(aws.ToString(out.Arn))
		if err != nil {
			return Identity{}, fmt.Errorf("ask whose credentials these are: %w", err)
		}
		return Identity{Account: aws.ToString(out.Account), Partition: a.Partition}, nil
	})
}

// Facts are what the wanted graph depends on and only AWS knows.
type Facts struct {
	Account, Partition, Region string

	Zones      []string     // usable availability zones, sorted
	HostedZone string       // id of the zone asked for
	VPC        *AssignedVPC // the VPC asked for
	Balancer   *SharedBalancer
}

// AssignedVPC is a network that exists already.
type AssignedVPC struct {
	ID, CIDR string
	Subnets  []AssignedSubnet // in the order asked for
}

// AssignedSubnet is one subnet of it.
type AssignedSubnet struct{ ID, CIDR, Zone string }

// Needs are the questions that a manifest gives rise to.
type Needs struct {
	Zone    string   // name of a public hosted zone
	VPC     string   // id of an assigned VPC
	Subnets []string // ids of its subnets

	Balancer string // ARN of a load balancer to share
}

// Lookup answers them, all at once. The error joins everything that is wrong,
// each for a person to read.
func (e *Env) Lookup(ctx context.Context, n Needs) (Facts, error) {
	f := Facts{Region: e.Region}
	asks := []func() error{
		func() error {
			who, err := e.Identity(ctx)
			f.Account, f.Partition = who.Account, who.Partition
			return err
		},
		func() (err error) { f.Zones, err = e.zones(ctx); return err },
	}
	if n.Zone != "" {
		asks = append(asks, func() (err error) { f.HostedZone, err = e.hostedZone(ctx, n.Zone); return err })
	}
	if n.VPC != "" {
		asks = append(asks, func() (err error) { f.VPC, err = e.assignedVPC(ctx, n.VPC, n.Subnets); return err })
	}
	if n.Balancer != "" {
		asks = append(asks, func() (err error) { f.Balancer, err = e.sharedBalancer(ctx, n.Balancer); return err })
	}
	errs := make([]error, len(asks))
	var wg sync.WaitGroup
	for i, ask := range asks {
		wg.Go(func() { errs[i] = ask() })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return f, err
	}
	if f.Balancer != nil && f.Balancer.VPC != n.VPC {
		return f, fmt.Errorf("load balancer %s is in %s; sharing it takes network.vpc: %s", n.Balancer, f.Balancer.VPC, f.Balancer.VPC)
	}
	return f, nil
}

func (e *Env) zones(ctx context.Context) ([]string, error) {
	out, err := e.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return nil, fmt.Errorf("read the availability zones of %s: %w", e.Region, err)
	}
	return usableZones(out.AvailabilityZones), nil
}

// usableZones are the availability zones one may put subnets into; local and
// wavelength zones are none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
func usableZones(all []ec2types.AvailabilityZone) []string {
	var names []string
	for _, z := range all {
		if z.State == ec2types.AvailabilityZoneStateAvailable && aws.ToString(z.ZoneType) == "availability-zone" &&
			z.OptInStatus != ec2types.AvailabilityZoneOptInStatusNotOptedIn {
			names = append(names, aws.ToString(z.ZoneName))
		}
	}
	slices.Sort(names)
	return names
}

func (e *Env) hostedZone(ctx context.Context, name string) (string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	out, err := e.Route53.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: &name})
	if err != nil {
		return "", fmt.Errorf("look for the hosted zone %s: %w", name, err)
	}
	return publicZone(name, out.HostedZones)
}

// publicZone picks the one public zone of a name, in lower case without its
// dot. AWS holds zone names unique neither among public nor private ones.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
func publicZone(name string, all []route53types.HostedZone) (string, error) {
	var ids []string
	for _, z := range all {
		private := z.Config != nil && z.Config.PrivateZone
		if strings.EqualFold(strings.TrimSuffix(aws.ToString(z.Name), "."), name) && !private {
			ids = append(ids, strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"))
		}
	}
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return "", fmt.Errorf("this account has no public hosted zone %s in Route 53: create it, or give domain.certificate instead of domain.zone", name)
	}
	return "", fmt.Errorf("this account has %d public hosted zones %s (%s): the domain can be delegated to only one of them; delete the others", len(ids), name, strings.Join(ids, ", "))
}

// assignedVPC checks the network that the manifest names.
func (e *Env) assignedVPC(ctx context.Context, id string, subnets []string) (*AssignedVPC, error) {
	v := &AssignedVPC{ID: id}
	var errVPC, errSubnets error
	var wg sync.WaitGroup
	wg.Go(func() { v.CIDR, errVPC = e.vpcCIDR(ctx, id) })
	wg.Go(func() { v.Subnets, errSubnets = e.assignedSubnets(ctx, subnets, id) })
	wg.Wait()
	if errVPC != nil {
		return nil, errVPC // then the subnets are wrong too, for this reason
	}
	return v, errSubnets
}

// vpcCIDR asks by filter: what does not exist is absent and no error.
func (e *Env) vpcCIDR(ctx context.Context, id string) (string, error) {
	out, err := e.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{id}}}})
	if err != nil {
		return "", fmt.Errorf("read VPC %s: %w", id, err)
	}
	if len(out.Vpcs) == 0 {
		return "", fmt.Errorf("there is no VPC %s in %s in this account", id, e.Region)
	}
	return aws.ToString(out.Vpcs[0].CidrBlock), nil
}

func (e *Env) assignedSubnets(ctx context.Context, ids []string, vpc string) ([]AssignedSubnet, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := e.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: []ec2types.Filter{{Name: aws.String("subnet-id"), Values: ids}}})
	if err != nil {
		return nil, fmt.Errorf("read the subnets of %s: %w", vpc, err)
	}
	subnets, errs := make([]AssignedSubnet, len(ids)), make([]error, len(ids))
	for i, id := range ids {
		subnets[i], errs[i] = e.pickSubnet(out.Subnets, id, vpc)
	}
	return subnets, errors.Join(errs...)
}

func (e *Env) pickSubnet(found []ec2types.Subnet, id, vpc string) (AssignedSubnet, error) {
	for _, s := range found {
		switch have := aws.ToString(s.VpcId); {
		case aws.ToString(s.SubnetId) != id:
		case have != vpc:
			return AssignedSubnet{}, fmt.Errorf("subnet %s is in %s and not in %s, the VPC of the manifest", id, have, vpc)
		default:
			return AssignedSubnet{ID: id, CIDR: aws.ToString(s.CidrBlock), Zone: aws.ToString(s.AvailabilityZone)}, nil
		}
	}
	return AssignedSubnet{}, fmt.Errorf("there is no subnet %s in %s in this account", id, e.Region)
}
