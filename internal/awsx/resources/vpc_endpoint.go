package resources

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// VPCEndpoint reaches an AWS service without the internet: a gateway (routes)
// or an interface (addresses in the subnets).
type VPCEndpoint struct {
	VPC        resource.Ref[VPCID]          `res:"replace"`
	Service    string                       `res:"replace"` // com.amazonaws.eu-west-1.s3
	Type       string                       `res:"replace"` // Gateway | Interface
	Subnets    []resource.Ref[SubnetID]     `res:"set"`     // Interface
	Groups     []resource.Ref[GroupID]      `res:"set"`     // Interface
	Tables     []resource.Ref[RouteTableID] `res:"set"`     // Gateway
	PrivateDNS bool                         // Interface
}

// VPCEndpointOut is what other resources may refer to.
type VPCEndpointOut struct {
	ID resource.Ref[EndpointID] `res:"ready"`
}

// VPCEndpoints defines AWS::EC2::VPCEndpoint.
var VPCEndpoints = awsx.Define(awsx.Type[VPCEndpoint, VPCEndpointOut]{
	Kind: "VPCEndpoint", CFN: "AWS::EC2::VPCEndpoint",
	List: listVPCEndpoints, Create: createVPCEndpoint, Update: updateVPCEndpoint, Delete: deleteVPCEndpoint,
	Ready: readyVPCEndpoints, Gone: goneVPCEndpoints,
	Typical: func(VPCEndpoint) time.Duration { return 45 * time.Second },
})

const interfaceEndpoint = string(types.VpcEndpointTypeInterface)

func sweepEndpoints(ctx context.Context, e *awsx.Env) ([]types.VpcEndpoint, error) {
	return allPages(ctx, ec2.NewDescribeVpcEndpointsPaginator(e.EC2, &ec2.DescribeVpcEndpointsInput{Filters: e.EC2Owned(), MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeVpcEndpointsOutput) []types.VpcEndpoint { return o.VpcEndpoints })
}

// endpointState is the state in lower case, as AWS answers and its model does not say.
func endpointState(v types.VpcEndpoint) string { return strings.ToLower(string(v.State)) }

func listVPCEndpoints(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[VPCEndpoint, VPCEndpointOut], error) {
	found, err := sweepEndpoints(ctx, e)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(v types.VpcEndpoint) bool { return slices.Contains(endpointLeaves, endpointState(v)) })
	return ec2Live(q, found, func(v types.VpcEndpoint) []types.Tag { return v.Tags }, func(v types.VpcEndpoint) awsx.Live[VPCEndpoint, VPCEndpointOut] {
		return awsx.Live[VPCEndpoint, VPCEndpointOut]{
			ARN: arn("vpc-endpoint", v.VpcEndpointId), Spec: endpointSpec(v),
			Out:     VPCEndpointOut{resource.LitPtr[EndpointID](v.VpcEndpointId)},
			Pending: endpointState(v) != "available",
		}
	}), nil
}

// The states of an endpoint that goes, and of one that will never work.
// https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html#concepts-endpoint-states
var (
	endpointLeaves = []string{"deleting", "deleted"}
	endpointFails  = []string{"failed", "rejected", "expired"}
)

func endpointSpec(v types.VpcEndpoint) VPCEndpoint {
	s := VPCEndpoint{VPC: resource.LitPtr[VPCID](v.VpcId), Service: aws.ToString(v.ServiceName), Type: string(v.VpcEndpointType)}
	if s.Type == interfaceEndpoint {
		s.PrivateDNS = aws.ToBool(v.PrivateDnsEnabled)
	}
	for _, id := range v.SubnetIds {
		s.Subnets = append(s.Subnets, resource.Lit(SubnetID(id)))
	}
	for _, g := range v.Groups {
		s.Groups = append(s.Groups, resource.LitPtr[GroupID](g.GroupId))
	}
	for _, id := range v.RouteTableIds {
		s.Tables = append(s.Tables, resource.Lit(RouteTableID(id)))
	}
	return s
}

func createVPCEndpoint(ctx context.Context, e *awsx.Env, w awsx.Want[VPCEndpoint]) (VPCEndpointOut, error) {
	in := ec2.CreateVpcEndpointInput{
		VpcId: w.Spec.VPC.Ptr(), ServiceName: &w.Spec.Service, VpcEndpointType: types.VpcEndpointType(w.Spec.Type),
		TagSpecifications: awsx.EC2Spec(types.ResourceTypeVpcEndpoint, w.Tags),
	}
	in.SubnetIds, _ = setChanges(nil, w.Spec.Subnets)
	in.SecurityGroupIds, _ = setChanges(nil, w.Spec.Groups)
	in.RouteTableIds, _ = setChanges(nil, w.Spec.Tables)
	if w.Spec.Type == interfaceEndpoint {
		in.PrivateDnsEnabled = &w.Spec.PrivateDNS
	}
	id, err := createAlive(e, w, slices.Concat(endpointLeaves, endpointFails), func(token string) (string, string, error) {
		in.ClientToken = &token
		out, err := e.EC2.CreateVpcEndpoint(ctx, &in)
		if err != nil {
			return "", "", err
		}
		return aws.ToString(out.VpcEndpoint.VpcEndpointId), endpointState(*out.VpcEndpoint), nil
	})
	return VPCEndpointOut{resource.Lit(EndpointID(id))}, err
}

// updateVPCEndpoint makes the change from what was seen; AWS refuses to remove
// what is gone and to add what is there, so that a refusal is checked against
// what is there now.
func updateVPCEndpoint(ctx context.Context, e *awsx.Env, l awsx.Live[VPCEndpoint, VPCEndpointOut], w awsx.Want[VPCEndpoint], _ resource.Diff) error {
	refused := modifyEndpoint(ctx, e, l.Out.ID, l.Spec, w.Spec)
	if awsx.Code(refused) == "" {
		return refused
	}
	byID, err := endpointsByID(ctx, e)
	if err != nil {
		return err
	}
	v, visible := byID[l.Out.ID.Value()]
	if !visible || resource.Compare(l.Spec, endpointSpec(v)).Empty() {
		return refused
	}
	return modifyEndpoint(ctx, e, l.Out.ID, endpointSpec(v), w.Spec)
}

// modifyEndpoint adds and removes in one call, so that there is no moment with
// too little.
func modifyEndpoint(ctx context.Context, e *awsx.Env, id resource.Ref[EndpointID], live, want VPCEndpoint) error {
	if resource.Compare(live, want).Empty() {
		return nil
	}
	in := ec2.ModifyVpcEndpointInput{VpcEndpointId: id.Ptr()}
	in.AddSubnetIds, in.RemoveSubnetIds = setChanges(live.Subnets, want.Subnets)
	in.AddSecurityGroupIds, in.RemoveSecurityGroupIds = setChanges(live.Groups, want.Groups)
	in.AddRouteTableIds, in.RemoveRouteTableIds = setChanges(live.Tables, want.Tables)
	if live.PrivateDNS != want.PrivateDNS {
		in.PrivateDnsEnabled = &want.PrivateDNS
	}
	_, err := e.EC2.ModifyVpcEndpoint(ctx, &in)
	return err
}

// deleteVPCEndpoint looks into the answer: AWS reports a refusal there.
func deleteVPCEndpoint(ctx context.Context, e *awsx.Env, l awsx.Live[VPCEndpoint, VPCEndpointOut]) error {
	out, err := e.EC2.DeleteVpcEndpoints(ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{string(l.Out.ID.Value())}})
	if err == nil {
		err = unsuccessful(out.Unsuccessful)
	}
	return awsx.Ignore(err, "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
}

// unsuccessful turns the first refusal of a bulk call into an error with AWS's code.
func unsuccessful(items []types.UnsuccessfulItem) error {
	for _, u := range items {
		if u.Error != nil {
			return &smithy.GenericAPIError{Code: aws.ToString(u.Error.Code), Message: aws.ToString(u.Error.Message)}
		}
	}
	return nil
}

func endpointsByID(ctx context.Context, e *awsx.Env) (map[EndpointID]types.VpcEndpoint, error) {
	found, err := sweepEndpoints(ctx, e)
	byID := make(map[EndpointID]types.VpcEndpoint, len(found))
	for _, v := range found {
		byID[EndpointID(aws.ToString(v.VpcEndpointId))] = v
	}
	return byID, err
}

func readyVPCEndpoints(ctx context.Context, e *awsx.Env, ls []awsx.Live[VPCEndpoint, VPCEndpointOut]) ([]awsx.State[VPCEndpointOut], error) {
	byID, err := endpointsByID(ctx, e)
	if err != nil {
		return nil, err
	}
	out := make([]awsx.State[VPCEndpointOut], len(ls))
	for i, l := range ls {
		v, visible := byID[l.Out.ID.Value()]
		out[i] = endpointReadiness(v, visible)
		out[i].Out = l.Out
	}
	return out, nil
}

func endpointReadiness(v types.VpcEndpoint, visible bool) awsx.State[VPCEndpointOut] {
	switch state := endpointState(v); {
	case !visible:
		return awsx.State[VPCEndpointOut]{Note: "not visible yet"}
	case state == "available":
		return awsx.State[VPCEndpointOut]{Ready: true}
	case slices.Contains(endpointLeaves, state):
		return awsx.State[VPCEndpointOut]{Failed: "it was deleted meanwhile"}
	case slices.Contains(endpointFails, state):
		why := "state " + state
		if v.LastError != nil {
			why += fmt.Sprintf(": %s: %s", aws.ToString(v.LastError.Code), aws.ToString(v.LastError.Message))
		}
		return awsx.State[VPCEndpointOut]{Failed: why}
	default:
		return awsx.State[VPCEndpointOut]{Note: "state " + state}
	}
}

// goneVPCEndpoints waits for the network interfaces too: they hold the subnets
// and the security groups.
func goneVPCEndpoints(ctx context.Context, e *awsx.Env, ls []awsx.Live[VPCEndpoint, VPCEndpointOut]) ([]bool, error) {
	byID, err := endpointsByID(ctx, e)
	if err != nil {
		return nil, err
	}
	gone := make([]bool, len(ls))
	var names []string // descriptions of interfaces that may be left
	for i, l := range ls {
		v, visible := byID[l.Out.ID.Value()]
		gone[i] = !visible || endpointState(v) == "deleted"
		if gone[i] && l.Spec.Type == interfaceEndpoint {
			names = append(names, interfaceOf(l.Out.ID.Value()))
		}
	}
	left, err := interfacesNamed(ctx, e, names)
	if err != nil {
		return nil, err
	}
	for i, l := range ls {
		gone[i] = gone[i] && !left[interfaceOf(l.Out.ID.Value())]
	}
	return gone, nil
}

// interfaceOf is the description AWS gives an endpoint's network interfaces.
// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
func interfaceOf(id EndpointID) string { return "VPC Endpoint Interface " + string(id) }
