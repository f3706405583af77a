package simulator

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2GroupsMax is the default quota of a region:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2GroupsMax = 2500

// ec2Text are the characters of a group's name and of descriptions:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
const ec2Text = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"

type ec2Group struct {
	ID, VPC           string
	Name, Description string
	Rules             []ec2Rule
}

// isDefault tells the group that came with the VPC: nobody else may have its name.
func (g ec2Group) isDefault() bool { return g.Name == "default" }

func (s *ec2Service) handleGroups() {
	ec2Handle(s, s.createGroup)
	ec2Handle(s, s.describeGroups)
	ec2Handle(s, s.deleteGroup)
}

// groupExists reports the VPC of a security group.
func (s *ec2Service) groupExists(id string) (vpcID string, ok bool) {
	g, ok := s.groups.get(id)
	return g.VPC, ok
}

func (s *ec2Service) group(id string) (ec2Group, error) {
	if !strings.HasPrefix(id, "sg-") {
		return ec2Group{}, ec2Error("InvalidGroupId.Malformed", `Invalid id: "%s" (expecting "sg-...")`, id)
	}
	g, ok := s.groups.get(id)
	if !ok {
		return g, ec2Error("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
	}
	return g, nil
}

// groupNamed finds a group by the two ways requests name one; names work in
// the default VPC only, and this account has none.
func (s *ec2Service) groupNamed(id, name *string) (ec2Group, error) {
	switch {
	case id != nil && name != nil:
		return ec2Group{}, ec2Error("InvalidParameterCombination", "The parameters groupName and groupId cannot be used together.")
	case id != nil:
		return s.group(*id)
	case name != nil:
		return ec2Group{}, ec2Error("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC", *name)
	}
	return ec2Group{}, ec2Error("MissingParameter", "The request must contain the parameter groupName or groupId")
}

// defaultGroup is the group that came with a VPC.
func (s *ec2Service) defaultGroup(vpc string) string {
	for id, g := range s.groups.all() {
		if g.VPC == vpc && g.isDefault() {
			return id
		}
	}
	return ""
}

func (s *ec2Service) groupNames() map[string]string {
	out := map[string]string{}
	for id, g := range s.groups.all() {
		out[id] = g.Name
	}
	return out
}

func (s *ec2Service) createGroup(in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	name, description := strings.TrimRight(aws.ToString(in.GroupName), " "), aws.ToString(in.Description)
	if err := ec2CheckGroupText(name, description); err != nil {
		return nil, err
	}
	if in.VpcId == nil {
		return nil, ec2Error("VPCIdNotSpecified", "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.")
	}
	v, err := s.vpc(*in.VpcId)
	if err != nil {
		return nil, err
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeSecurityGroup)
	if err != nil {
		return nil, err
	}
	count := 0
	for _, g := range s.groups.all() {
		count++
		if g.VPC == v.ID && strings.EqualFold(g.Name, name) {
			return nil, ec2Error("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.ID)
		}
	}
	if count >= ec2GroupsMax {
		return nil, ec2Error("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
	}
	g := ec2Group{ID: s.c.id("sg"), VPC: v.ID, Name: name, Description: description}
	g.Rules = []ec2Rule{{ID: s.c.id("sgr"), Egress: true, Protocol: "-1", From: -1, To: -1, CIDR: "0.0.0.0/0"}}
	s.groups.put(g.ID, g)
	s.setTags(g.ID, tags)
	return &ec2.CreateSecurityGroupOutput{GroupId: &g.ID, SecurityGroupArn: aws.String(s.arn(g.ID)), Tags: s.tagList(g.ID)}, nil
}

func ec2CheckGroupText(name, description string) error {
	switch {
	case name == "":
		return ec2Error("MissingParameter", "The request must contain the parameter GroupName")
	case description == "":
		return ec2Error("MissingParameter", "The request must contain the parameter GroupDescription")
	case strings.EqualFold(name, "default"):
		return ec2Error("InvalidGroup.Reserved", "Cannot use reserved security group name: %s", name)
	case strings.HasPrefix(strings.ToLower(name), "sg-"):
		return ec2Error("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name)
	case !ec2TextOK(name):
		return ec2Error("InvalidParameterValue", "Invalid security group name. Valid names are strings less than 256 characters from the following set:  %s", ec2Text)
	case !ec2TextOK(description):
		return ec2Error("InvalidParameterValue", "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  %s", ec2Text)
	}
	return nil
}

// ec2TextOK checks length and characters against ec2Text.
func ec2TextOK(text string) bool {
	return len(text) <= 255 && !strings.ContainsFunc(text, func(r rune) bool {
		alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !alnum && !strings.ContainsRune(". _-:/()#,@[]+=&;{}!$*", r)
	})
}

// deleteGroup refuses a group that an interface is in, or that another group's
// rules refer to: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
func (s *ec2Service) deleteGroup(in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	g, err := s.groupNamed(in.GroupId, in.GroupName)
	if err != nil {
		return nil, err
	}
	if g.isDefault() {
		return nil, ec2Error("CannotDelete", `the specified group: "%s" name: "default" cannot be deleted by a user`, g.ID)
	}
	if s.groupInUse(g.ID) {
		return nil, ec2Error("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	s.dropGroup(g.ID)
	return &ec2.DeleteSecurityGroupOutput{Return: aws.Bool(true), GroupId: &g.ID}, nil
}

func (s *ec2Service) groupInUse(id string) bool {
	for _, e := range s.liveENIs() {
		if slices.Contains(e.Groups, id) {
			return true
		}
	}
	for other, g := range s.groups.all() {
		if other != id && slices.ContainsFunc(g.Rules, func(r ec2Rule) bool { return r.Group == id }) {
			return true
		}
	}
	return false
}

// dropGroup deletes a group with its rules and all their tags.
func (s *ec2Service) dropGroup(id string) {
	if g, ok := s.groups.get(id); ok {
		for _, r := range g.Rules {
			s.setTags(r.ID, nil)
		}
	}
	s.setTags(id, nil)
	s.groups.delete(id)
}
