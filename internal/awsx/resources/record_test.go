package resources

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

func TestPlainNames(t *testing.T) {
	for in, want := range map[string]string{"Shop.Example.COM.": "shop.example.com", `\052.example.com.`: "*.example.com", "": ""} {
		if got := plainName(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := plainAlias("dualstack.Shop-1.eu-west-1.elb.amazonaws.com."); got != "shop-1.eu-west-1.elb.amazonaws.com" {
		t.Errorf("alias %s", got)
	}
	if got := plainZone("/hostedzone/Z1"); got != "Z1" {
		t.Errorf("zone %s", got)
	}
}

func alias(name, typ, target string) r53types.ResourceRecordSet {
	return r53types.ResourceRecordSet{Name: aws.String(name), Type: r53types.RRType(typ), AliasTarget: &r53types.AliasTarget{
		DNSName: aws.String(target), HostedZoneId: aws.String("ZLB"), EvaluateTargetHealth: true}}
}

func cname(name, value string) r53types.ResourceRecordSet {
	return r53types.ResourceRecordSet{Name: aws.String(name), Type: r53types.RRTypeCname, TTL: aws.Int64(300),
		ResourceRecords: []r53types.ResourceRecord{{Value: aws.String(value)}}}
}

// search knows one load balancer and one certificate of ours.
func search(wanted ...*resource.Node) recordSearch {
	s := recordSearch{map[string][]string{}, map[string]bool{}, map[string]LoadBalancerOut{}, map[string]string{}, map[string]*resource.Node{}}
	s.balancers["shop-1.elb.amazonaws.com"] = LoadBalancerOut{DNSName: resource.Lit(DNSName("Shop-1.elb.amazonaws.com"))}
	s.prove(ownCertificate{detail(acmtypes.CertificateStatusIssued), map[string]string{awsx.TagZone: "Z1"}})
	for _, n := range wanted {
		s.want(n)
	}
	return s
}

func wantedAlias(target resource.Ref[DNSName]) *resource.Node {
	return &resource.Node{Addr: "Record/A-shop.example.com", Spec: Record{Zone: resource.Lit(HostedZoneID("Z1")),
		Name: resource.Lit(RecordName("shop.example.com")), Type: "A", Alias: target, AliasZone: resource.Lit(DNSZoneID("ZLB"))}}
}

func TestWhoseRecord(t *testing.T) {
	ours, elsewhere := "dualstack.shop-1.elb.amazonaws.com.", "old.elb.amazonaws.com."
	weighted := alias("shop.example.com.", "A", ours)
	weighted.SetIdentifier = aws.String("blue")
	later := wantedAlias(LoadBalancers.Refs("main").DNSName)
	for name, c := range map[string]struct {
		s       recordSearch
		set     r53types.ResourceRecordSet
		addr    resource.Addr
		foreign string
	}{
		"orphan alias":        {search(), alias("Shop.example.com.", "AAAA", ours), "Record/AAAA-shop.example.com", ""},
		"orphan wildcard":     {search(), alias(`\052.example.com.`, "A", ours), "Record/A-*.example.com", ""},
		"orphan validation":   {search(), cname("_a.shop.example.com.", "_B.acm-validations.aws."), "Record/validation-shop.example.com", ""},
		"stranger":            {search(), alias("shop.example.com.", "A", elsewhere), "", ""},
		"stranger's text":     {search(), cname("shop.example.com.", "shop-1.elb.amazonaws.com"), "", ""},
		"wanted":              {search(later), alias("shop.example.com.", "A", ours), "Record/A-shop.example.com", ""},
		"wanted, another's":   {search(later), alias("shop.example.com.", "A", elsewhere), "Record/A-shop.example.com", "whoever points it at old.elb.amazonaws.com"},
		"wanted, other type":  {search(later), cname("shop.example.com.", "x.example.com"), "", ""},
		"wanted, as it is":    {search(wantedAlias(resource.Lit(DNSName("Old.elb.amazonaws.com")))), alias("shop.example.com.", "A", elsewhere), "Record/A-shop.example.com", ""},
		"one of many answers": {search(later), weighted, "Record/A-shop.example.com", "whoever points it at shop-1.elb.amazonaws.com"},
	} {
		l, ok := c.s.live("Z1", c.set)
		if ok != (c.addr != "") || ok && (l.Addr != c.addr || l.Foreign != c.foreign) {
			t.Errorf("%s: %v %q %q", name, ok, l.Addr, l.Foreign)
		}
	}
}

// A record of ours reads in the spelling that the plan compares it with.
func TestRecordReadsAsWanted(t *testing.T) {
	n := wantedAlias(resource.Lit(DNSName("Shop-1.elb.amazonaws.com")))
	l, _ := search(n).live("Z1", alias("SHOP.example.com.", "A", "shop-1.elb.amazonaws.com."))
	if d := resource.Compare(l.Spec, n.Spec); !d.Empty() {
		t.Errorf("%+v", d.Changes)
	}
	l, _ = search().live("Z1", alias("shop.example.com.", "A", "shop-1.elb.amazonaws.com."))
	if l.Spec.Alias.Value() != "Shop-1.elb.amazonaws.com" {
		t.Errorf("without a plan it points at %s, which no load balancer is called", l.Spec.Alias)
	}
}

func TestSearchRemembersNames(t *testing.T) {
	s := search()
	s.remember(map[string]string{awsx.TagZone: "/hostedzone/Z2", awsx.TagDomain: "shop.example.com Admin.example.com"})
	s.remember(map[string]string{awsx.TagZone: "Z3"})
	s.remember(map[string]string{awsx.TagDomain: "nowhere.example.com"})
	if got := s.names["Z2"]; len(got) != 2 || got[1] != "admin.example.com" || s.whole["Z2"] {
		t.Errorf("Z2: %v, whole %v", got, s.whole["Z2"])
	}
	if _, ok := s.names["Z3"]; !ok || !s.whole["Z3"] {
		t.Error("a zone without names is not read whole")
	}
	if got := s.names["Z1"]; len(got) != 2 {
		t.Errorf("the validation records' names are %v", got)
	}
}

func TestRefusedChangeSaysWhy(t *testing.T) {
	err := batchError(&smithy.OperationError{Err: &r53types.InvalidChangeBatch{Messages: []string{"[Tried to create x but it already exists]"}}})
	if !refusedBecause(err, "already exists") {
		t.Errorf("got %v", err)
	}
	generic := batchError(&smithy.GenericAPIError{Code: "InvalidChangeBatch", Message: "[Tried to delete x but it was not found]"})
	if !refusedBecause(generic, "not found") || refusedBecause(errors.New("not found"), "not found") {
		t.Errorf("got %v", generic)
	}
}
