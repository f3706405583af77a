package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// defaultGroups returns the default security groups of VPCs by VPC id.
func defaultGroups(ctx context.Context, e *awsx.Env, vpcs ...string) (map[string]types.SecurityGroup, error) {
	out := map[string]types.SecurityGroup{}
	for chunk := range slices.Chunk(vpcs, ec2FilterValues) {
		found, err := describeGroups(ctx, e, ec2Filter("vpc-id", chunk...), ec2Filter("group-name", "default"))
		if err != nil {
			return nil, err
		}
		for _, g := range found {
			out[aws.ToString(g.VpcId)] = g
		}
	}
	return out, nil
}

// countRules counts rules as the console does: one for each source of a permission.
func countRules(ps []types.IpPermission) int {
	n := 0
	for _, p := range ps {
		n += len(p.IpRanges) + len(p.Ipv6Ranges) + len(p.UserIdGroupPairs) + len(p.PrefixListIds)
	}
	return n
}

// emptyDefaultGroup revokes every rule of a VPC's default security group.
func emptyDefaultGroup(ctx context.Context, e *awsx.Env, vpc string) error {
	groups, err := defaultGroups(ctx, e, vpc)
	if err != nil {
		return err
	}
	g, ok := groups[vpc]
	if !ok {
		return notVisible("the default security group of " + vpc)
	}
	if len(g.IpPermissions) > 0 {
		_, err := e.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: g.GroupId, IpPermissions: g.IpPermissions})
		if err := awsx.Ignore(err, "InvalidPermission.NotFound"); err != nil {
			return err
		}
	}
	if len(g.IpPermissionsEgress) > 0 {
		_, err := e.EC2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: g.GroupId, IpPermissions: g.IpPermissionsEgress})
		return awsx.Ignore(err, "InvalidPermission.NotFound")
	}
	return nil
}
