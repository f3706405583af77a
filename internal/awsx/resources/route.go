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

// Route is one entry of a route table: to an internet gateway or a NAT gateway.
// Exactly one of the two is set. A change of target is one ReplaceRoute, so
// that there is no moment without the route.
type Route struct {
	Table   resource.Ref[RouteTableID] `res:"replace"`
	CIDR    string                     `res:"replace"`
	Gateway resource.Ref[GatewayID]
	NAT     resource.Ref[NATID]
}

// RouteOut orders what needs the way out after the route: it has no attribute
// of its own in AWS.
type RouteOut struct{ Table resource.Ref[RoutedTableID] }

// RoutedTableID is the table's id as the route's output, of another type than
// the table's own: what refers to the table does not refer to its routes.
type RoutedTableID string

// Routes defines AWS::EC2::Route. A route cannot be tagged: its identity is its
// table and its destination, its address "Route/<table name>-<CIDR>".
var Routes = awsx.Define(awsx.Type[Route, RouteOut]{
	Kind: "Route", CFN: "AWS::EC2::Route", Untagged: true, Parent: "RouteTable",
	List: listRoutes, Create: createRoute, Update: updateRoute, Delete: deleteRoute,
})

// listRoutes finds the routes of our tables. A route to something else than a
// gateway, added by hand, is among them: it shows in plans.
func listRoutes(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Route, RouteOut], error) {
	tables, err := sweepRouteTables(ctx, e)
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[Route, RouteOut]
	for _, t := range tables {
		addr, _, ok := q.Match("", awsx.EC2TagMap(t.Tags))
		if !ok {
			continue
		}
		for _, r := range t.Routes {
			if cidr, ours := madeByHand(r); ours {
				out = append(out, liveRoute(addr, t.RouteTableId, cidr, r))
			}
		}
	}
	return out, nil
}

// madeByHand returns a route's destination and whether somebody, the product
// included, created it. Local routes, those of VPC endpoints and propagated ones
// come from AWS.
func madeByHand(r types.Route) (cidr string, ok bool) {
	cidr = aws.ToString(r.DestinationCidrBlock) + aws.ToString(r.DestinationIpv6CidrBlock)
	ok = cidr != "" && r.DestinationPrefixListId == nil && aws.ToString(r.GatewayId) != "local" &&
		(r.Origin == types.RouteOriginCreateRoute || r.Origin == "")
	return cidr, ok
}

func liveRoute(table resource.Addr, id *string, cidr string, r types.Route) awsx.Live[Route, RouteOut] {
	return awsx.Live[Route, RouteOut]{
		Addr: resource.Addr("Route/" + table.Name() + "-" + cidr),
		ARN:  aws.ToString(id) + " " + cidr,
		Spec: Route{Table: resource.LitPtr[RouteTableID](id), CIDR: cidr, Gateway: resource.LitPtr[GatewayID](r.GatewayId), NAT: resource.LitPtr[NATID](r.NatGatewayId)},
		Out:  RouteOut{resource.LitPtr[RoutedTableID](id)},
	}
}

// destination is a CIDR as the parameter for its family.
func destination(cidr string) (v4, v6 *string) {
	if strings.Contains(cidr, ":") {
		return nil, &cidr
	}
	return &cidr, nil
}

func createRoute(ctx context.Context, e *awsx.Env, w awsx.Want[Route]) (RouteOut, error) {
	v4, v6 := destination(w.Spec.CIDR)
	_, err := e.EC2.CreateRoute(ctx, &ec2.CreateRouteInput{
		RouteTableId: w.Spec.Table.Ptr(), DestinationCidrBlock: v4, DestinationIpv6CidrBlock: v6,
		GatewayId: w.Spec.Gateway.Ptr(), NatGatewayId: w.Spec.NAT.Ptr(),
	})
	if awsx.Is(err, "RouteAlreadyExists") {
		err = replaceRoute(ctx, e, w.Spec)
	}
	return RouteOut{resource.Lit(RoutedTableID(w.Spec.Table.Value()))}, err
}

func updateRoute(ctx context.Context, e *awsx.Env, _ awsx.Live[Route, RouteOut], w awsx.Want[Route], _ resource.Diff) error {
	return replaceRoute(ctx, e, w.Spec)
}

func replaceRoute(ctx context.Context, e *awsx.Env, s Route) error {
	v4, v6 := destination(s.CIDR)
	_, err := e.EC2.ReplaceRoute(ctx, &ec2.ReplaceRouteInput{
		RouteTableId: s.Table.Ptr(), DestinationCidrBlock: v4, DestinationIpv6CidrBlock: v6,
		GatewayId: s.Gateway.Ptr(), NatGatewayId: s.NAT.Ptr(),
	})
	return err
}

func deleteRoute(ctx context.Context, e *awsx.Env, l awsx.Live[Route, RouteOut]) error {
	v4, v6 := destination(l.Spec.CIDR)
	_, err := e.EC2.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: l.Spec.Table.Ptr(), DestinationCidrBlock: v4, DestinationIpv6CidrBlock: v6})
	return awsx.Ignore(err, "InvalidRoute.NotFound", "InvalidRouteTableID.NotFound")
}
