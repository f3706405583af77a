package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// SecurityGroupRule admits traffic into a group, from addresses or from another
// group (exactly one of CIDR and Source). It is changed in place.
type SecurityGroupRule struct {
	Group       resource.Ref[GroupID] `res:"replace"`
	Protocol    string                // tcp | udp | icmp | -1
	From, To    int32                 // 0 when the protocol is -1
	CIDR        string
	Source      resource.Ref[GroupID]
	Description string
	// Egress marks a rule for outgoing traffic that somebody added; wanted ones
	// are all for incoming traffic.
	Egress bool `res:"replace"`
}

// SecurityGroupRuleOut is what other resources may refer to: nothing does.
type SecurityGroupRuleOut struct {
	ID resource.Ref[SecurityGroupRuleID]
}

// SecurityGroupRuleID is sgr-….
type SecurityGroupRuleID string

// SecurityGroupRules defines AWS::EC2::SecurityGroupIngress. A rule in one of
// our groups without our tags is listed under its id, so that plans show and
// remove what somebody added by hand.
var SecurityGroupRules = awsx.Define(awsx.Type[SecurityGroupRule, SecurityGroupRuleOut]{
	Kind: "SecurityGroupRule", CFN: "AWS::EC2::SecurityGroupIngress",
	List: listSecurityGroupRules, Create: createSecurityGroupRule, Update: updateSecurityGroupRule, Delete: deleteSecurityGroupRule,
	Retag: retagRule,
})

// ruleSpec maps a rule as AWS shows it.
func ruleSpec(r types.SecurityGroupRule) SecurityGroupRule {
	s := SecurityGroupRule{
		Group:       resource.LitPtr[GroupID](r.GroupId),
		Protocol:    aws.ToString(r.IpProtocol),
		From:        aws.ToInt32(r.FromPort),
		To:          aws.ToInt32(r.ToPort),
		CIDR:        aws.ToString(r.CidrIpv4) + aws.ToString(r.CidrIpv6) + aws.ToString(r.PrefixListId),
		Description: aws.ToString(r.Description),
		Egress:      aws.ToBool(r.IsEgress),
	}
	if r.ReferencedGroupInfo != nil {
		s.Source = resource.LitPtr[GroupID](r.ReferencedGroupInfo.GroupId)
	}
	if s.Protocol == allProtocols {
		s.From, s.To = 0, 0 // AWS shows -1
	}
	return s
}

// ports are the port range as AWS wants it; all protocols have none.
func (s SecurityGroupRule) ports() (from, to *int32) {
	if s.Protocol == allProtocols {
		return aws.Int32(-1), aws.Int32(-1)
	}
	return &s.From, &s.To
}

// permission is the rule as Authorize wants it.
func (s SecurityGroupRule) permission() types.IpPermission {
	p := types.IpPermission{IpProtocol: &s.Protocol}
	p.FromPort, p.ToPort = s.ports()
	switch s.source() {
	case "group":
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: s.Source.Ptr(), Description: text(s.Description)}}
	case "prefix list":
		p.PrefixListIds = []types.PrefixListId{{PrefixListId: &s.CIDR, Description: text(s.Description)}}
	case "IPv6":
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: &s.CIDR, Description: text(s.Description)}}
	default:
		p.IpRanges = []types.IpRange{{CidrIp: &s.CIDR, Description: text(s.Description)}}
	}
	return p
}

// request is the rule as ModifySecurityGroupRules wants it.
func (s SecurityGroupRule) request() *types.SecurityGroupRuleRequest {
	r := &types.SecurityGroupRuleRequest{IpProtocol: &s.Protocol, Description: text(s.Description)}
	r.FromPort, r.ToPort = s.ports()
	switch s.source() {
	case "group":
		r.ReferencedGroupId = s.Source.Ptr()
	case "prefix list":
		r.PrefixListId = &s.CIDR
	case "IPv6":
		r.CidrIpv6 = &s.CIDR
	default:
		r.CidrIpv4 = &s.CIDR
	}
	return r
}

// source is what kind of source the rule admits.
func (s SecurityGroupRule) source() string {
	switch {
	case s.CIDR == "":
		return "group"
	case strings.HasPrefix(s.CIDR, "pl-"):
		return "prefix list"
	case strings.Contains(s.CIDR, ":"):
		return "IPv6"
	}
	return "IPv4"
}

// sameTraffic reports whether two rules admit the same, whatever they are called.
// AWS holds only one of such.
func sameTraffic(a, b SecurityGroupRule) bool {
	a.Description, b.Description = "", ""
	return a == b
}

func createSecurityGroupRule(ctx context.Context, e *awsx.Env, w awsx.Want[SecurityGroupRule]) (SecurityGroupRuleOut, error) {
	out, err := e.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: w.Spec.Group.Ptr(), IpPermissions: []types.IpPermission{w.Spec.permission()},
		TagSpecifications: awsx.EC2Spec(types.ResourceTypeSecurityGroupRule, w.Tags),
	})
	if awsx.Is(err, "InvalidPermission.Duplicate") {
		return adoptRule(ctx, e, w)
	}
	if err != nil {
		return SecurityGroupRuleOut{}, err
	}
	if len(out.SecurityGroupRules) == 0 {
		return adoptRule(ctx, e, w)
	}
	return SecurityGroupRuleOut{resource.LitPtr[SecurityGroupRuleID](out.SecurityGroupRules[0].SecurityGroupRuleId)}, nil
}

// adoptRule takes over the rule that admits the same already: the group is ours,
// and so is what is in it.
func adoptRule(ctx context.Context, e *awsx.Env, w awsx.Want[SecurityGroupRule]) (SecurityGroupRuleOut, error) {
	found, err := describeRules(ctx, e, ec2Filter("group-id", string(w.Spec.Group.Value())))
	if err != nil {
		return SecurityGroupRuleOut{}, err
	}
	for _, r := range found {
		if have := ruleSpec(r); sameTraffic(have, w.Spec) {
			out := SecurityGroupRuleOut{resource.LitPtr[SecurityGroupRuleID](r.SecurityGroupRuleId)}
			return out, claimRule(ctx, e, out, have, awsx.EC2TagMap(r.Tags), w)
		}
	}
	return SecurityGroupRuleOut{}, notVisible("the same rule")
}

// claimRule gives a rule our tags and description.
func claimRule(ctx context.Context, e *awsx.Env, out SecurityGroupRuleOut, have SecurityGroupRule, tags map[string]string, w awsx.Want[SecurityGroupRule]) error {
	if !resource.CompareTags(tags, w.Tags).Empty() {
		_, err := e.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{string(out.ID.Value())}, Tags: awsx.Tags(w.Tags, awsx.EC2Tag)})
		if err != nil {
			return err
		}
	}
	if have == w.Spec {
		return nil
	}
	return modifyRule(ctx, e, out, w.Spec)
}

func modifyRule(ctx context.Context, e *awsx.Env, out SecurityGroupRuleOut, s SecurityGroupRule) error {
	_, err := e.EC2.ModifySecurityGroupRules(ctx, &ec2.ModifySecurityGroupRulesInput{
		GroupId:            s.Group.Ptr(),
		SecurityGroupRules: []types.SecurityGroupRuleUpdate{{SecurityGroupRuleId: out.ID.Ptr(), SecurityGroupRule: s.request()}},
	})
	return err
}

// updateSecurityGroupRule changes the rule in place. AWS keeps the kind of its
// source and refuses a second rule for the same traffic; then the wanted rule is
// made, or taken over, before the old one goes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRuleRequest.html
func updateSecurityGroupRule(ctx context.Context, e *awsx.Env, l awsx.Live[SecurityGroupRule, SecurityGroupRuleOut], w awsx.Want[SecurityGroupRule], _ resource.Diff) error {
	if l.Spec.source() == w.Spec.source() {
		if err := modifyRule(ctx, e, l.Out, w.Spec); !awsx.Is(err, "InvalidPermission.Duplicate") {
			return err
		}
	}
	out, err := createSecurityGroupRule(ctx, e, w)
	if err != nil || out == l.Out {
		return err
	}
	return deleteSecurityGroupRule(ctx, e, l)
}

func deleteSecurityGroupRule(ctx context.Context, e *awsx.Env, l awsx.Live[SecurityGroupRule, SecurityGroupRuleOut]) (err error) {
	group, ids := l.Spec.Group.Ptr(), []string{string(l.Out.ID.Value())}
	if l.Spec.Egress {
		_, err = e.EC2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: group, SecurityGroupRuleIds: ids})
	} else {
		_, err = e.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: group, SecurityGroupRuleIds: ids})
	}
	return awsx.Ignore(err, "InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound")
}

// retagRule sets tags on a rule, or on the one that an update made in its stead.
func retagRule(ctx context.Context, e *awsx.Env, l awsx.Live[SecurityGroupRule, SecurityGroupRuleOut], tags map[string]string) error {
	missing := e.TagARN(ctx, l.ARN, tags)
	if !awsx.NotFound(missing) {
		return missing
	}
	found, err := describeRules(ctx, e, ec2Filter("group-id", string(l.Spec.Group.Value())), ec2Filter("tag:"+resource.TagAddress, string(l.Addr)))
	if err != nil {
		return err
	}
	for _, r := range found {
		if id := aws.ToString(r.SecurityGroupRuleId); id != string(l.Out.ID.Value()) {
			_, err := e.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: awsx.Tags(tags, awsx.EC2Tag)})
			return err
		}
	}
	return missing
}
