package simulator

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbMaxTagged is how many resources one tag operation may name.
const elbMaxTagged = 20

func (e *elbService) handleTags() {
	handle(e.c, e.addTags)
	handle(e.c, e.removeTags)
	handle(e.c, e.describeTags)
}

// elbTags checks the tags of a request.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html
func elbTags(tags []types.Tag) (map[string]string, error) {
	list := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	seen := map[string]bool{}
	for _, t := range list {
		if seen[t.Key] {
			return nil, elbError("DuplicateTagKeys", "Tag key '%s' was specified more than once", t.Key)
		}
		seen[t.Key] = true
	}
	if fault := tagFault(list); fault != "" {
		return nil, elbError("ValidationError", "%s", fault)
	}
	if len(list) > elbMaxTags {
		return nil, elbError("TooManyTags", "The maximum number of tags that can be assigned to a resource has been reached")
	}
	return withTags(nil, list), nil
}

// elbKind is the kind of resource that an ARN names: loadbalancer, targetgroup,
// listener or listener-rule.
func elbKind(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "elasticloadbalancing" {
		return ""
	}
	kind, _, _ := strings.Cut(parts[5], "/")
	return kind
}

// editTags reads a resource's tags and, unless f is nil, stores what f leaves.
func (e *elbService) editTags(arn string, f func(map[string]string)) (map[string]string, error) {
	switch elbKind(arn) {
	case "loadbalancer":
		return editRowTags(e.balancers, arn, func(r *elbBalancer) *map[string]string { return &r.Tags }, f, errNoBalancer)
	case "targetgroup":
		return editRowTags(e.groups, arn, func(r *elbGroup) *map[string]string { return &r.Tags }, f, errNoGroup)
	case "listener":
		return editRowTags(e.listeners, arn, func(r *elbListener) *map[string]string { return &r.Tags }, f, errNoListener)
	case "listener-rule":
		return editRowTags(e.rules, arn, func(r *elbRule) *map[string]string { return &r.Tags }, f, errNoRule)
	}
	return nil, elbError("ValidationError", "'%s' is not a valid load balancer, target group, listener or rule ARN", arn)
}

func editRowTags[T any](t *table[T], key string, field func(*T) *map[string]string, f func(map[string]string), missing error) (map[string]string, error) {
	row, ok := t.get(key)
	if !ok {
		return nil, missing
	}
	tags := field(&row)
	if *tags == nil {
		*tags = map[string]string{}
	}
	if f != nil {
		f(*tags)
		if len(*tags) > elbMaxTags {
			return nil, elbError("TooManyTags", "The maximum number of tags that can be assigned to a resource has been reached")
		}
		t.put(key, row)
	}
	return *tags, nil
}

func (e *elbService) addTags(_ context.Context, in *elbv2.AddTagsInput) (*elbv2.AddTagsOutput, error) {
	add, err := elbTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := e.retag(in.ResourceArns, addTags(add)); err != nil {
		return nil, err
	}
	return &elbv2.AddTagsOutput{}, nil
}

func (e *elbService) removeTags(_ context.Context, in *elbv2.RemoveTagsInput) (*elbv2.RemoveTagsOutput, error) {
	if err := e.retag(in.ResourceArns, dropTags(in.TagKeys)); err != nil {
		return nil, err
	}
	return &elbv2.RemoveTagsOutput{}, nil
}

// retag changes the tags of all resources or, if one is missing, of none.
func (e *elbService) retag(arns []string, f func(map[string]string)) error {
	if err := elbTagged(arns); err != nil {
		return err
	}
	for _, edit := range []func(map[string]string){nil, f} {
		for _, arn := range arns {
			if _, err := e.editTags(arn, edit); err != nil {
				return err
			}
		}
	}
	return nil
}

func elbTagged(arns []string) error {
	if len(arns) > elbMaxTagged {
		return elbError("ValidationError", "The maximum number of resource ARNs that can be specified is '%d'", elbMaxTagged)
	}
	if len(arns) == 0 {
		return elbError("ValidationError", "At least one resource ARN must be specified")
	}
	return nil
}

func (e *elbService) describeTags(_ context.Context, in *elbv2.DescribeTagsInput) (*elbv2.DescribeTagsOutput, error) {
	if err := elbTagged(in.ResourceArns); err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		tags, err := e.editTags(arn, nil)
		if err != nil {
			return nil, err
		}
		out.TagDescriptions = append(out.TagDescriptions, types.TagDescription{
			ResourceArn: aws.String(arn),
			Tags:        sortedTags(tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} }),
		})
	}
	return out, nil
}

// arns is for the tagging API.
func (e *elbService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for arn, r := range e.balancers.all() {
		out[arn] = r.Tags
	}
	for arn, r := range e.groups.all() {
		out[arn] = r.Tags
	}
	for arn, r := range e.listeners.all() {
		out[arn] = r.Tags
	}
	for arn, r := range e.rules.all() {
		out[arn] = r.Tags
	}
	return out
}

// tag is for the tagging API.
func (e *elbService) tag(arn string, tags map[string]string) bool {
	_, err := e.editTags(arn, addTags(tags))
	return err == nil
}

// untag is for the tagging API.
func (e *elbService) untag(arn string, keys []string) bool {
	_, err := e.editTags(arn, dropTags(keys))
	return err == nil
}
