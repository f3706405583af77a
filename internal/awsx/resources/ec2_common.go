package resources

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// ec2Page is the page size of EC2's Describe calls, their maximum.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination
const ec2Page = 1000

// ec2FilterValues is how many values one filter takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
const ec2FilterValues = 200

// pager is what the SDK's paginators have in common.
type pager[Out, Opt any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Opt)) (*Out, error)
}

// allPages reads every page of a paginated call.
func allPages[Out, Opt, T any](ctx context.Context, p pager[Out, Opt], items func(*Out) []T) ([]T, error) {
	var all []T
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, items(page)...)
	}
	return all, nil
}

// ec2Filter is one filter of a Describe call.
func ec2Filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

// ec2ARNs returns a function that builds ARNs of the account's EC2 resources,
// which the Describe calls do not return: "vpc", "vpc-0123" and so on.
func ec2ARNs(ctx context.Context, e *awsx.Env) (func(kind string, id *string) string, error) {
	who, err := e.Identity(ctx)
	if err != nil {
		return nil, err
	}
	return func(kind string, id *string) string {
		return fmt.Sprintf("arn:%s:ec2:%s:%s:%s/%s", who.Partition, e.Region, who.Account, kind, aws.ToString(id))
	}, nil
}

// ec2Live picks what belongs to q out of a sweep. live fills all but address
// and tags.
func ec2Live[T, S, O any](q resource.Query, found []T, tags func(T) []types.Tag, live func(T) awsx.Live[S, O]) []awsx.Live[S, O] {
	var out []awsx.Live[S, O]
	for _, f := range found {
		m := awsx.EC2TagMap(tags(f))
		addr, _, ok := q.Match("", m)
		if !ok {
			continue
		}
		l := live(f)
		l.Addr, l.Tags = addr, m
		out = append(out, l)
	}
	return out
}
