package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// retentions are the days a group may keep events:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *logsService) handleGroups() {
	handle(s.c, s.createGroup)
	handle(s.c, s.describeGroups)
	handle(s.c, s.deleteGroup)
	handle(s.c, func(_ context.Context, in *logs.PutRetentionPolicyInput) (*logs.PutRetentionPolicyOutput, error) {
		if !slices.Contains(retentions, aws.ToInt32(in.RetentionInDays)) {
			words := strings.Trim(strings.ReplaceAll(fmt.Sprint(retentions), " ", ", "), "[]")
			var b breaches
			b.add("retentionInDays", fmt.Sprint(aws.ToInt32(in.RetentionInDays)), "satisfy enum value set: ["+words+"]")
			return nil, b.err("InvalidParameterException")
		}
		return &logs.PutRetentionPolicyOutput{}, s.retain(in.LogGroupName, *in.RetentionInDays)
	})
	handle(s.c, func(_ context.Context, in *logs.DeleteRetentionPolicyInput) (*logs.DeleteRetentionPolicyOutput, error) {
		return &logs.DeleteRetentionPolicyOutput{}, s.retain(in.LogGroupName, 0)
	})
}

func (s *logsService) retain(name *string, days int32) error {
	g, err := s.group(name)
	if err != nil {
		return err
	}
	g.Retention = days
	s.groups.put(g.Name, g)
	return nil
}

func (s *logsService) createGroup(_ context.Context, in *logs.CreateLogGroupInput) (*logs.CreateLogGroupOutput, error) {
	var b breaches
	b.name("logGroupName", in.LogGroupName, 1, 512, logGroupName)
	oneOf(&b, "logGroupClass", in.LogGroupClass, in.LogGroupClass.Values())
	if err := b.err("InvalidParameterException"); err != nil {
		return nil, err
	}
	if strings.HasPrefix(*in.LogGroupName, "aws/") {
		return nil, logsInvalid("Log group names starting with 'aws/' are reserved for AWS use")
	}
	if err := logsTagFault(in.Tags, nil); err != nil {
		return nil, err
	}
	if s.groups.has(*in.LogGroupName) {
		return nil, apiError(400, "ResourceAlreadyExistsException", "The specified log group already exists")
	}
	class := string(in.LogGroupClass)
	if class == "" {
		class = "STANDARD"
	}
	s.groups.put(*in.LogGroupName, logGroup{Name: *in.LogGroupName, Created: s.now(), Class: class, Key: aws.ToString(in.KmsKeyId), Tags: in.Tags})
	return &logs.CreateLogGroupOutput{}, nil
}

func (s *logsService) deleteGroup(_ context.Context, in *logs.DeleteLogGroupInput) (*logs.DeleteLogGroupOutput, error) {
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	for _, st := range s.streamsOf(g.Name, "") {
		s.dropStream(st)
	}
	s.groups.delete(g.Name)
	return &logs.DeleteLogGroupOutput{}, nil
}

func (s *logsService) describeGroups(_ context.Context, in *logs.DescribeLogGroupsInput) (*logs.DescribeLogGroupsOutput, error) {
	var b breaches
	b.name("logGroupNamePrefix", in.LogGroupNamePrefix, 1, 512, logGroupName)
	b.name("logGroupNamePattern", in.LogGroupNamePattern, 0, 512, logGroupPart)
	b.between("limit", in.Limit, 1, 50)
	oneOf(&b, "logGroupClass", in.LogGroupClass, in.LogGroupClass.Values())
	if err := b.err("InvalidParameterException"); err != nil {
		return nil, err
	}
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, logsInvalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	wanted := make([]string, 0, len(in.LogGroupIdentifiers))
	for _, id := range in.LogGroupIdentifiers {
		wanted = append(wanted, groupOfARN(id))
	}
	all := slices.DeleteFunc(s.groups.values(), func(g logGroup) bool {
		return !strings.HasPrefix(g.Name, aws.ToString(in.LogGroupNamePrefix)) ||
			!strings.Contains(strings.ToLower(g.Name), strings.ToLower(aws.ToString(in.LogGroupNamePattern))) ||
			in.LogGroupClass != "" && g.Class != string(in.LogGroupClass) ||
			len(wanted) > 0 && !slices.Contains(wanted, g.Name)
	})
	page, next, ok := window(all, func(g logGroup) string { return g.Name }, in.NextToken, sizeOr(in.Limit, 50))
	if !ok {
		return nil, logsInvalid("The specified nextToken is invalid.")
	}
	out := &logs.DescribeLogGroupsOutput{NextToken: next, LogGroups: []types.LogGroup{}}
	for _, g := range page {
		out.LogGroups = append(out.LogGroups, s.shownGroup(g))
	}
	return out, nil
}

func (s *logsService) shownGroup(g logGroup) types.LogGroup {
	var stored int64
	for _, st := range s.streamsOf(g.Name, "") {
		stored += st.Bytes
	}
	out := types.LogGroup{
		LogGroupName: &g.Name, LogGroupArn: aws.String(s.groupARN(g.Name)), Arn: aws.String(s.groupARN(g.Name) + ":*"),
		CreationTime: &g.Created, LogGroupClass: types.LogGroupClass(g.Class), MetricFilterCount: aws.Int32(0), StoredBytes: &stored,
	}
	if g.Retention > 0 {
		out.RetentionInDays = &g.Retention
	}
	if g.Key != "" {
		out.KmsKeyId = &g.Key
	}
	return out
}

func (s *logsService) handleGroupTags() {
	handle(s.c, func(_ context.Context, in *logs.TagResourceInput) (*logs.TagResourceOutput, error) {
		g, err := s.byARN(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		if err := logsTagFault(in.Tags, g.Tags); err != nil {
			return nil, err
		}
		s.tag(*in.ResourceArn, in.Tags)
		return &logs.TagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *logs.UntagResourceInput) (*logs.UntagResourceOutput, error) {
		g, err := s.byARN(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		for _, k := range in.TagKeys {
			delete(g.Tags, k)
		}
		s.groups.put(g.Name, g)
		return &logs.UntagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *logs.ListTagsForResourceInput) (*logs.ListTagsForResourceOutput, error) {
		g, err := s.byARN(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		if g.Tags == nil {
			g.Tags = map[string]string{}
		}
		return &logs.ListTagsForResourceOutput{Tags: g.Tags}, nil
	})
}

// byARN finds a group by the ARN without the final :*, which the tagging
// operations refuse:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html
func (s *logsService) byARN(arn *string) (logGroup, error) {
	name := groupOfARN(aws.ToString(arn))
	if aws.ToString(arn) != s.groupARN(name) || strings.HasSuffix(*arn, ":*") {
		return logGroup{}, logsInvalid("The specified resource ARN is invalid.")
	}
	g, ok := s.groups.get(name)
	if !ok {
		return g, logsMissing("The specified resource does not exist.")
	}
	return g, nil
}

func logsTagFault(tags, old map[string]string) error {
	ps := mapPairs(tags)
	if fault := tagFault(ps); fault != "" {
		return logsInvalid(fault)
	}
	if tooMany(ps, old) {
		return apiError(400, "TooManyTagsException", "A resource can have no more than 50 tags.")
	}
	return nil
}
