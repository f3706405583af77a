package resources

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// RouteTable is a table with the subnets associated with it. Its routes are
// resources of their own, so that the table need not wait for a NAT gateway.
type RouteTable struct {
	VPC     resource.Ref[VPCID]      `res:"replace"`
	Subnets []resource.Ref[SubnetID] `res:"set"`
}

// RouteTableOut is what other resources may refer to.
type RouteTableOut struct{ ID resource.Ref[RouteTableID] }

// RouteTables defines AWS::EC2::RouteTable with its associations.
var RouteTables = awsx.Define(awsx.Type[RouteTable, RouteTableOut]{
	Kind: "RouteTable", CFN: "AWS::EC2::RouteTable",
	List: listRouteTables, Create: createRouteTable, Update: updateRouteTable, Delete: deleteRouteTable,
})

type routeTablesKey struct{}

// sweepRouteTables reads the environment's tables with their routes, once per
// round for tables and routes.
func sweepRouteTables(ctx context.Context, e *awsx.Env) ([]types.RouteTable, error) {
	return resource.Once(ctx, routeTablesKey{}, func() ([]types.RouteTable, error) {
		return describeRouteTables(ctx, e, e.EC2Owned()...)
	})
}

// describeRouteTables pages by 100, the maximum of this call.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
func describeRouteTables(ctx context.Context, e *awsx.Env, filters ...types.Filter) ([]types.RouteTable, error) {
	return allPages(ctx, ec2.NewDescribeRouteTablesPaginator(e.EC2, &ec2.DescribeRouteTablesInput{Filters: filters, MaxResults: aws.Int32(100)}),
		func(o *ec2.DescribeRouteTablesOutput) []types.RouteTable { return o.RouteTables })
}

func listRouteTables(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[RouteTable, RouteTableOut], error) {
	found, err := sweepRouteTables(ctx, e)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	return ec2Live(q, found, func(t types.RouteTable) []types.Tag { return t.Tags }, func(t types.RouteTable) awsx.Live[RouteTable, RouteTableOut] {
		l := awsx.Live[RouteTable, RouteTableOut]{
			ARN:  arn("route-table", t.RouteTableId),
			Spec: RouteTable{VPC: resource.LitPtr[VPCID](t.VpcId)},
			Out:  RouteTableOut{resource.LitPtr[RouteTableID](t.RouteTableId)},
		}
		for _, a := range associations(t) {
			l.Spec.Subnets = append(l.Spec.Subnets, resource.LitPtr[SubnetID](a.SubnetId))
		}
		return l
	}), nil
}

// associations are a table's associations with subnets that are in force.
func associations(t types.RouteTable) []types.RouteTableAssociation {
	over := []types.RouteTableAssociationStateCode{
		types.RouteTableAssociationStateCodeDisassociating, types.RouteTableAssociationStateCodeDisassociated, types.RouteTableAssociationStateCodeFailed,
	}
	var out []types.RouteTableAssociation
	for _, a := range t.Associations {
		if a.SubnetId != nil && (a.AssociationState == nil || !slices.Contains(over, a.AssociationState.State)) {
			out = append(out, a)
		}
	}
	return out
}

// createRouteTable leaves the idempotency token to the SDK: an answer to a
// repeated one does not tell whether the table still exists, and a second table
// costs nothing and is removed by the next plan.
func createRouteTable(ctx context.Context, e *awsx.Env, w awsx.Want[RouteTable]) (RouteTableOut, error) {
	out, err := e.EC2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: w.Spec.VPC.Ptr(), TagSpecifications: awsx.EC2Spec(types.ResourceTypeRouteTable, w.Tags)})
	if err != nil {
		return RouteTableOut{}, err
	}
	born := awsx.Live[RouteTable, RouteTableOut]{
		Spec: RouteTable{VPC: w.Spec.VPC},
		Out:  RouteTableOut{resource.LitPtr[RouteTableID](out.RouteTable.RouteTableId)},
	}
	return born.Out, finish(ctx, e, updateRouteTable, born, w)
}

// updateRouteTable associates what is new before it lets go of what is not
// wanted any more.
func updateRouteTable(ctx context.Context, e *awsx.Env, l awsx.Live[RouteTable, RouteTableOut], w awsx.Want[RouteTable], d resource.Diff) error {
	if !d.Has("subnets") {
		return nil
	}
	table := string(l.Out.ID.Value())
	add, drop := setChanges(l.Spec.Subnets, w.Spec.Subnets)
	_, err := awsx.Parallel(ctx, add, func(ctx context.Context, subnet string) (struct{}, error) {
		return struct{}{}, associate(ctx, e, table, subnet)
	})
	if err != nil {
		return fmt.Errorf("associate: %w", err)
	}
	if len(drop) == 0 {
		return nil
	}
	return disassociate(ctx, e, table, func(a types.RouteTableAssociation) bool { return slices.Contains(drop, aws.ToString(a.SubnetId)) })
}

// setChanges returns the literals that must be added to and dropped from live
// to get want.
func setChanges[T ~string](live, want []resource.Ref[T]) (add, drop []string) {
	for _, r := range want {
		if !slices.Contains(live, r) {
			add = append(add, string(r.Value()))
		}
	}
	for _, r := range live {
		if !slices.Contains(want, r) {
			drop = append(drop, string(r.Value()))
		}
	}
	return add, drop
}

// associate gives a subnet the table. A subnet that has another one changes over
// in one step, so that it is never without.
func associate(ctx context.Context, e *awsx.Env, table, subnet string) error {
	_, err := e.EC2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &table, SubnetId: &subnet})
	if !awsx.Is(err, "Resource.AlreadyAssociated") {
		return err
	}
	found, err := describeRouteTables(ctx, e, ec2Filter("association.subnet-id", subnet))
	if err != nil {
		return err
	}
	for _, t := range found {
		for _, a := range associations(t) {
			switch {
			case aws.ToString(a.SubnetId) != subnet:
			case aws.ToString(t.RouteTableId) == table:
				return nil
			default:
				_, err := e.EC2.ReplaceRouteTableAssociation(ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: a.RouteTableAssociationId, RouteTableId: &table})
				return err
			}
		}
	}
	return notVisible("the association of " + subnet)
}

// disassociate ends those associations of a table that pick chooses.
func disassociate(ctx context.Context, e *awsx.Env, table string, pick func(types.RouteTableAssociation) bool) error {
	found, err := describeRouteTables(ctx, e, ec2Filter("route-table-id", table))
	if err != nil {
		return err
	}
	for _, t := range found {
		for _, a := range t.Associations {
			if aws.ToBool(a.Main) || !pick(a) {
				continue
			}
			_, err := e.EC2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: a.RouteTableAssociationId})
			if err := awsx.Ignore(err, "InvalidAssociationID.NotFound"); err != nil {
				return fmt.Errorf("disassociate: %w", err)
			}
		}
	}
	return nil
}

func deleteRouteTable(ctx context.Context, e *awsx.Env, l awsx.Live[RouteTable, RouteTableOut]) error {
	all := func(types.RouteTableAssociation) bool { return true }
	if err := disassociate(ctx, e, string(l.Out.ID.Value()), all); err != nil {
		return err
	}
	_, err := e.EC2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "InvalidRouteTableID.NotFound")
}
