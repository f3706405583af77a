package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// SecurityGroup is a firewall around network interfaces; its rules are
// resources of their own, so that two groups may admit each other.
type SecurityGroup struct {
	Name        string              `res:"name"`
	Description string              `res:"replace"`
	VPC         resource.Ref[VPCID] `res:"replace"`
	// EgressAll is the rule that AWS adds at creation: everything may go out.
	EgressAll bool
}

// SecurityGroupOut is what other resources may refer to.
type SecurityGroupOut struct{ ID resource.Ref[GroupID] }

// SecurityGroups defines AWS::EC2::SecurityGroup.
var SecurityGroups = awsx.Define(awsx.Type[SecurityGroup, SecurityGroupOut]{
	Kind: "SecurityGroup", CFN: "AWS::EC2::SecurityGroup",
	List: listSecurityGroups, Create: createSecurityGroup, Update: updateSecurityGroup, Delete: deleteSecurityGroup,
})

type securityGroupsKey struct{}

// sweepGroups reads the environment's groups, once per round for groups and rules.
func sweepGroups(ctx context.Context, e *awsx.Env) ([]types.SecurityGroup, error) {
	return resource.Once(ctx, securityGroupsKey{}, func() ([]types.SecurityGroup, error) {
		return describeGroups(ctx, e, e.EC2Owned()...)
	})
}

func describeGroups(ctx context.Context, e *awsx.Env, filters ...types.Filter) ([]types.SecurityGroup, error) {
	return allPages(ctx, ec2.NewDescribeSecurityGroupsPaginator(e.EC2, &ec2.DescribeSecurityGroupsInput{Filters: filters, MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeSecurityGroupsOutput) []types.SecurityGroup { return o.SecurityGroups })
}

func listSecurityGroups(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[SecurityGroup, SecurityGroupOut], error) {
	found, err := sweepGroups(ctx, e)
	if err != nil {
		return nil, err
	}
	taken, err := foreignGroups(ctx, e, q, found)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[SecurityGroup, SecurityGroupOut]
	for _, g := range slices.Concat(found, taken) {
		l := liveGroup(g)
		ok := false
		if l.Addr, l.Foreign, ok = q.Match(l.Spec.Name, l.Tags); ok {
			l.ARN = arn("security-group", g.GroupId)
			out = append(out, l)
		}
	}
	return out, nil
}

// liveGroup maps a group as AWS shows it, without address and ARN.
func liveGroup(g types.SecurityGroup) awsx.Live[SecurityGroup, SecurityGroupOut] {
	return awsx.Live[SecurityGroup, SecurityGroupOut]{
		Tags: awsx.EC2TagMap(g.Tags),
		Spec: SecurityGroup{
			Name:        aws.ToString(g.GroupName),
			Description: aws.ToString(g.Description),
			VPC:         resource.LitPtr[VPCID](g.VpcId),
			EgressAll:   slices.ContainsFunc(g.IpPermissionsEgress, isEgressAll),
		},
		Out: SecurityGroupOut{resource.LitPtr[GroupID](g.GroupId)},
	}
}

// foreignGroups finds what holds the name of a wanted group that is not among
// ours, in the VPC where it is wanted. Names are unique within a VPC, so there is
// nothing to look for in a VPC that is yet to be made.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
func foreignGroups(ctx context.Context, e *awsx.Env, q resource.Query, ours []types.SecurityGroup) ([]types.SecurityGroup, error) {
	names := map[string][]string{}
	for _, n := range q.Wanted {
		s, ok := n.Spec.(SecurityGroup)
		if !ok || len(resource.Targets(s)) > 0 || slices.ContainsFunc(ours, func(g types.SecurityGroup) bool { return aws.ToString(g.GroupName) == s.Name }) {
			continue
		}
		vpc := string(s.VPC.Value())
		names[vpc] = append(names[vpc], s.Name)
	}
	var out []types.SecurityGroup
	for vpc, wanted := range names {
		for chunk := range slices.Chunk(wanted, ec2FilterValues) {
			found, err := describeGroups(ctx, e, ec2Filter("vpc-id", vpc), ec2Filter("group-name", chunk...))
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

func isEgressAll(p types.IpPermission) bool {
	return aws.ToString(p.IpProtocol) == allProtocols && slices.ContainsFunc(p.IpRanges, func(r types.IpRange) bool { return aws.ToString(r.CidrIp) == anywhere })
}

const (
	allProtocols = "-1"
	anywhere     = "0.0.0.0/0"
)

func egressAll() []types.IpPermission {
	return []types.IpPermission{{IpProtocol: aws.String(allProtocols), IpRanges: []types.IpRange{{CidrIp: aws.String(anywhere)}}}}
}

func createSecurityGroup(ctx context.Context, e *awsx.Env, w awsx.Want[SecurityGroup]) (SecurityGroupOut, error) {
	out, err := e.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: &w.Spec.Name, Description: &w.Spec.Description, VpcId: w.Spec.VPC.Ptr(),
		TagSpecifications: awsx.EC2Spec(types.ResourceTypeSecurityGroup, w.Tags),
	})
	if awsx.Is(err, "InvalidGroup.Duplicate") {
		return adoptSecurityGroup(ctx, e, w)
	}
	if err != nil {
		return SecurityGroupOut{}, err
	}
	born := awsx.Live[SecurityGroup, SecurityGroupOut]{Spec: w.Spec, Out: SecurityGroupOut{resource.LitPtr[GroupID](out.GroupId)}}
	born.Spec.EgressAll = true
	return born.Out, finish(ctx, e, updateSecurityGroup, born, w)
}

// adoptSecurityGroup takes over the group of that name, if it is ours: a call
// whose answer was lost made it.
func adoptSecurityGroup(ctx context.Context, e *awsx.Env, w awsx.Want[SecurityGroup]) (SecurityGroupOut, error) {
	found, err := describeGroups(ctx, e, ec2Filter("vpc-id", string(w.Spec.VPC.Value())), ec2Filter("group-name", w.Spec.Name))
	if err != nil {
		return SecurityGroupOut{}, err
	}
	if len(found) == 0 {
		return SecurityGroupOut{}, notVisible("security group " + w.Spec.Name)
	}
	l := liveGroup(found[0])
	if err := adoptable("security group "+w.Spec.Name, l.Tags, w.Tags); err != nil {
		return SecurityGroupOut{}, err
	}
	return l.Out, finish(ctx, e, updateSecurityGroup, l, w)
}

func updateSecurityGroup(ctx context.Context, e *awsx.Env, l awsx.Live[SecurityGroup, SecurityGroupOut], w awsx.Want[SecurityGroup], d resource.Diff) error {
	switch {
	case !d.Has("egressAll"):
		return nil
	case w.Spec.EgressAll:
		_, err := e.EC2.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: l.Out.ID.Ptr(), IpPermissions: egressAll()})
		return awsx.Ignore(err, "InvalidPermission.Duplicate")
	}
	_, err := e.EC2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: l.Out.ID.Ptr(), IpPermissions: egressAll()})
	return awsx.Ignore(err, "InvalidPermission.NotFound")
}

// deleteSecurityGroup is refused with DependencyViolation while an interface or
// another group's rule refers to the group.
func deleteSecurityGroup(ctx context.Context, e *awsx.Env, l awsx.Live[SecurityGroup, SecurityGroupOut]) error {
	_, err := e.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "InvalidGroup.NotFound", "InvalidGroupId.NotFound")
}
