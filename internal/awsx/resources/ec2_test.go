package resources

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

func TestSetChanges(t *testing.T) {
	ref := func(ids ...SubnetID) (out []resource.Ref[SubnetID]) {
		for _, id := range ids {
			out = append(out, resource.Lit(id))
		}
		return out
	}
	add, drop := setChanges(ref("a", "b"), ref("b", "c"))
	if !slices.Equal(add, []string{"c"}) || !slices.Equal(drop, []string{"a"}) {
		t.Errorf("got +%v -%v", add, drop)
	}
	if add, drop = setChanges(ref("a", "b"), ref("b", "a")); add != nil || drop != nil {
		t.Errorf("order counts: +%v -%v", add, drop)
	}
}

func TestHalfMadeMustBeLookedFor(t *testing.T) {
	later := &smithy.GenericAPIError{Code: "InvalidVpcID.NotFound", Message: "not yet"}
	if r := resource.AsRetry(halfMade(later)); r == nil || !r.Lost {
		t.Errorf("a transient error after the creation is not marked: %v", r)
	}
	for _, err := range []error{nil, errors.New("boom")} {
		if got := halfMade(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// A token that leads to a dead resource is followed by another, always the same
// one, until something is alive.
func TestCreateAlivePassesTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &awsx.Env{App: "shop", Name: "dev", Region: "eu-west-1"}
		w := awsx.Want[NATGateway]{Addr: "NATGateway/a", Tags: map[string]string{"team": "x"}}
		ids, states := map[string]string{}, map[string]string{}
		create := func(token string) (string, string, error) {
			if ids[token] == "" {
				ids[token] = "nat-" + token[:6]
			}
			return ids[token], states[ids[token]], nil
		}
		var made []string
		for range 3 {
			id, err := createAlive(e, w, deadNAT, create)
			if err != nil || slices.Contains(made, id) {
				t.Fatalf("got %s, %v after %v", id, err, made)
			}
			if again, _ := createAlive(e, w, deadNAT, create); again != id {
				t.Errorf("the same want made %s and %s", id, again)
			}
			made = append(made, id)
			states[id] = "deleted"
		}
		first := ec2Token(e, w, "")
		w.Tags = map[string]string{"team": "y"}
		if ec2Token(e, w, "") == first {
			t.Error("other tags, same token")
		}
		w.Tags = map[string]string{"team": "x"}
		time.Sleep(time.Hour)
		if ec2Token(e, w, "") == first {
			t.Error("the token outlives the hour")
		}
		if len(first) > 64 {
			t.Errorf("token of %d characters", len(first))
		}
	})
}

func TestCreateAliveEnds(t *testing.T) {
	_, err := createAlive(&awsx.Env{}, awsx.Want[NATGateway]{}, deadNAT, func(string) (string, string, error) { return "nat-1", "failed", nil })
	if err == nil {
		t.Error("a service that answers with the same dead thing for every token must not loop")
	}
}

func TestMadeByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		r    types.Route
		cidr string
		ok   bool
	}{
		{"local", types.Route{DestinationCidrBlock: aws.String("10.0.0.0/16"), GatewayId: aws.String("local"), Origin: types.RouteOriginCreateRouteTable}, "10.0.0.0/16", false},
		{"internet", types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: aws.String("igw-1"), Origin: types.RouteOriginCreateRoute}, "0.0.0.0/0", true},
		{"blackhole", types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String("nat-1"), State: types.RouteStateBlackhole, Origin: types.RouteOriginCreateRoute}, "0.0.0.0/0", true},
		{"IPv6", types.Route{DestinationIpv6CidrBlock: aws.String("::/0"), Origin: types.RouteOriginCreateRoute}, "::/0", true},
		{"endpoint", types.Route{DestinationPrefixListId: aws.String("pl-1"), GatewayId: aws.String("vpce-1"), Origin: types.RouteOriginCreateRoute}, "", false},
		{"propagated", types.Route{DestinationCidrBlock: aws.String("192.168.0.0/16"), GatewayId: aws.String("vgw-1"), Origin: types.RouteOriginEnableVgwRoutePropagation}, "192.168.0.0/16", false},
	} {
		if cidr, ok := madeByHand(c.r); cidr != c.cidr || ok != c.ok {
			t.Errorf("%s: got %s %v", c.name, cidr, ok)
		}
	}
	if v4, v6 := destination("::/0"); v4 != nil || aws.ToString(v6) != "::/0" {
		t.Error("an IPv6 destination has a parameter of its own")
	}
	if v4, v6 := destination(anywhere); v6 != nil || aws.ToString(v4) != anywhere {
		t.Error("an IPv4 destination has a parameter of its own")
	}
}

func TestDetachedGatewayKnowsItsVPC(t *testing.T) {
	g := types.InternetGateway{Attachments: []types.InternetGatewayAttachment{{State: types.AttachmentStatusDetaching, VpcId: aws.String("vpc-1")}}}
	if _, attached := attachedVPC(g); attached {
		t.Error("a detaching gateway counts as attached")
	}
	g.Attachments[0].State = "available" // what EC2 says of internet gateways, outside its model
	if vpc, attached := attachedVPC(g); !attached || vpc != "vpc-1" {
		t.Errorf("got %s %v", vpc, attached)
	}
}

func TestReadiness(t *testing.T) {
	failed := natState(types.NatGateway{State: types.NatGatewayStateFailed, FailureCode: aws.String("Gateway.NotAttached"), FailureMessage: aws.String("no way out")}, true)
	if failed.Failed != "AWS could not create it: Gateway.NotAttached: no way out" {
		t.Errorf("got %q", failed.Failed)
	}
	for _, c := range []struct {
		state   string
		visible bool
		ready   bool
		failed  bool
	}{
		{"pending", true, false, false}, {"available", true, true, false}, {"available", false, false, false},
		{"deleted", true, false, true}, {"deleting", true, false, true}, {"failed", true, false, true},
	} {
		n := natState(types.NatGateway{State: types.NatGatewayState(c.state)}, c.visible)
		v := endpointReadiness(types.VpcEndpoint{State: types.State(c.state)}, c.visible)
		if n.Ready != c.ready || (n.Failed != "") != c.failed || v.Ready != c.ready || (v.Failed != "") != c.failed {
			t.Errorf("%+v: NAT gateway %+v, endpoint %+v", c, n, v)
		}
		if !c.ready && !c.failed && (n.Note == "" || v.Note == "") {
			t.Errorf("%+v: waits without saying for what", c)
		}
	}
	if s := endpointReadiness(types.VpcEndpoint{State: types.StateAvailable}, true); !s.Ready {
		t.Error("the model spells states with a capital, the service without: both count")
	}
}

func TestUnsuccessfulKeepsTheCode(t *testing.T) {
	err := unsuccessful([]types.UnsuccessfulItem{{ResourceId: aws.String("vpce-1"), Error: &types.UnsuccessfulItemError{Code: aws.String("InvalidVpcEndpointId.NotFound"), Message: aws.String("gone")}}})
	if awsx.Code(err) != "InvalidVpcEndpointId.NotFound" || unsuccessful(nil) != nil {
		t.Errorf("got %v", err)
	}
}

func TestCountRules(t *testing.T) {
	n := countRules([]types.IpPermission{
		{IpRanges: []types.IpRange{{}, {}}, Ipv6Ranges: []types.Ipv6Range{{}}},
		{UserIdGroupPairs: []types.UserIdGroupPair{{}}, PrefixListIds: []types.PrefixListId{{}}},
	})
	if n != 5 {
		t.Errorf("got %d", n)
	}
}

func TestPrimaryAddress(t *testing.T) {
	n := types.NatGateway{NatGatewayAddresses: []types.NatGatewayAddress{
		{AllocationId: aws.String("eipalloc-2"), IsPrimary: aws.Bool(false)}, {AllocationId: aws.String("eipalloc-1"), IsPrimary: aws.Bool(true)},
	}}
	if got := primaryAddress(n).Value(); got != "eipalloc-1" {
		t.Errorf("got %s", got)
	}
}
