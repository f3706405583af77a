package simulator

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) findACL(id string) error {
	for _, v := range s.vpcs.all() {
		if v.ACL == id {
			return nil
		}
	}
	return ec2Error("InvalidNetworkAclID.NotFound", "The networkAcl ID '%s' does not exist", id)
}

// showACL is a VPC's default network ACL, which all its subnets are in: it
// lets everything through. There are no others here.
func (s *ec2Service) showACL(v ec2VPC) types.NetworkAcl {
	out := types.NetworkAcl{
		NetworkAclId: aws.String(v.ACL), VpcId: aws.String(v.ID), IsDefault: aws.Bool(true), OwnerId: &s.c.opt.Account, Tags: s.tagList(v.ACL),
	}
	for _, n := range s.subnets.all() {
		if n.VPC == v.ID {
			out.Associations = append(out.Associations, types.NetworkAclAssociation{
				NetworkAclAssociationId: aws.String(n.ACLAssociation), NetworkAclId: aws.String(v.ACL), SubnetId: aws.String(n.ID),
			})
		}
	}
	for _, egress := range []bool{true, false} {
		out.Entries = append(out.Entries, ec2ACLEntry(100, egress, types.RuleActionAllow), ec2ACLEntry(32767, egress, types.RuleActionDeny))
	}
	return out
}

func ec2ACLEntry(number int32, egress bool, action types.RuleAction) types.NetworkAclEntry {
	return types.NetworkAclEntry{
		RuleNumber: &number, Egress: &egress, RuleAction: action, CidrBlock: aws.String("0.0.0.0/0"), Protocol: aws.String("-1"),
	}
}

func (s *ec2Service) describeACLs(in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
	var rows []types.NetworkAcl
	for _, v := range s.vpcs.all() {
		rows = append(rows, s.showACL(v))
	}
	slices.SortFunc(rows, func(a, b types.NetworkAcl) int { return strings.Compare(*a.NetworkAclId, *b.NetworkAclId) })
	page, next, err := ec2Query[types.NetworkAcl]{
		rows: rows, id: func(a types.NetworkAcl) string { return *a.NetworkAclId }, ids: in.NetworkAclIds, missing: s.findACL,
		tags:    func(a types.NetworkAcl) map[string]string { return s.tagsOf(*a.NetworkAclId) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults,
		fields: map[string]func(types.NetworkAcl) []string{
			"network-acl-id": func(a types.NetworkAcl) []string { return []string{*a.NetworkAclId} },
			"vpc-id":         func(a types.NetworkAcl) []string { return []string{*a.VpcId} },
			"owner-id":       func(a types.NetworkAcl) []string { return []string{*a.OwnerId} },
			"default":        func(types.NetworkAcl) []string { return []string{"true"} },
			"association.subnet-id": func(a types.NetworkAcl) (out []string) {
				for _, x := range a.Associations {
					out = append(out, *x.SubnetId)
				}
				return out
			},
		},
	}.run()
	return &ec2.DescribeNetworkAclsOutput{NetworkAcls: page, NextToken: next}, err
}
