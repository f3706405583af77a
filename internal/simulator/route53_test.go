package simulator

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func recordOf(name string, typ types.RRType, ttl int64, values ...string) types.ResourceRecordSet {
	set := types.ResourceRecordSet{Name: &name, Type: typ, TTL: &ttl}
	for _, v := range values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	return set
}

func aliasOf(name string, typ types.RRType, zone, target string) types.ResourceRecordSet {
	return types.ResourceRecordSet{Name: &name, Type: typ, AliasTarget: &types.AliasTarget{HostedZoneId: &zone, DNSName: &target, EvaluateTargetHealth: true}}
}

func (l *elbLab) names(in *route53.ListResourceRecordSetsInput) string {
	l.t.Helper()
	var out []string
	for p := route53.NewListResourceRecordSetsPaginator(l.dns, in); p.HasMorePages(); {
		page, err := p.NextPage(l.ctx)
		l.ok(err)
		for _, r := range page.ResourceRecordSets {
			out = append(out, fmt.Sprint(*r.Name, "/", r.Type))
		}
	}
	return strings.Join(out, " ")
}

func TestHostedZones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		out, err := l.dns.CreateHostedZone(l.ctx, &route53.CreateHostedZoneInput{Name: aws.String("Example.com"), CallerReference: aws.String("1")})
		l.ok(err)
		if *out.HostedZone.Name != "example.com." || *out.HostedZone.ResourceRecordSetCount != 2 || len(out.DelegationSet.NameServers) != 4 || out.ChangeInfo.Status != types.ChangeStatusPending {
			t.Fatalf("zone %+v", out.HostedZone)
		}
		_, err = l.dns.CreateHostedZone(l.ctx, &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("1")})
		l.refused(err, "HostedZoneAlreadyExists")
		_, err = l.dns.CreateHostedZone(l.ctx, &route53.CreateHostedZoneInput{Name: aws.String("a..com"), CallerReference: aws.String("2")})
		l.refused(err, "InvalidDomainName")
		time.Sleep(Latency("Route53 change", "ChangeResourceRecordSets"))
		ch, err := l.dns.GetChange(l.ctx, &route53.GetChangeInput{Id: out.ChangeInfo.Id})
		l.ok(err)
		if ch.ChangeInfo.Status != types.ChangeStatusInsync {
			t.Fatal(ch.ChangeInfo.Status)
		}
		l.zone("a.org", "3")
		l.zone("b.example.com", "4")
		byName, err := l.dns.ListHostedZonesByName(l.ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com"), MaxItems: aws.Int32(2)})
		l.ok(err)
		if len(byName.HostedZones) != 2 || *byName.HostedZones[0].Name != "example.com." || *byName.HostedZones[1].Name != "b.example.com." || *byName.NextDNSName != "a.org." {
			t.Fatalf("by name: %+v", byName)
		}
		n := 0
		for p := route53.NewListHostedZonesPaginator(l.dns, &route53.ListHostedZonesInput{MaxItems: aws.Int32(1)}); p.HasMorePages(); n++ {
			page, err := p.NextPage(l.ctx)
			l.ok(err)
			if len(page.HostedZones) != 1 {
				t.Fatalf("page of %d", len(page.HostedZones))
			}
		}
		if n != 3 {
			t.Fatalf("%d pages", n)
		}
		l.zoneGoes(*out.HostedZone.Id)
	})
}

// zoneGoes deletes a zone once it is empty.
func (l *elbLab) zoneGoes(id string) {
	l.t.Helper()
	set := recordOf("x.example.com", types.RRTypeA, 60, "192.0.2.1")
	l.ok(l.change(id, types.ChangeActionCreate, set))
	_, err := l.dns.DeleteHostedZone(l.ctx, &route53.DeleteHostedZoneInput{Id: &id})
	l.refused(err, "HostedZoneNotEmpty")
	l.ok(l.change(id, types.ChangeActionDelete, set))
	_, err = l.dns.DeleteHostedZone(l.ctx, &route53.DeleteHostedZoneInput{Id: &id})
	l.ok(err)
	_, err = l.dns.GetHostedZone(l.ctx, &route53.GetHostedZoneInput{Id: &id})
	l.refused(err, "NoSuchHostedZone", "No hosted zone found")
}

func TestRecordsAreListedInOrder(t *testing.T) {
	l := newELBLab(t, Options{})
	zone := l.zone("example.com", "1")
	for _, n := range []string{"z.a.example.com", "*.example.com", "A.example.com.", "b.example.com"} {
		l.ok(l.change(zone, types.ChangeActionCreate, recordOf(n, types.RRTypeA, 60, "192.0.2.1")))
	}
	l.ok(l.change(zone, types.ChangeActionCreate, recordOf("b.example.com", types.RRTypeAaaa, 60, "2001:db8::1")))
	want := `example.com./NS example.com./SOA \052.example.com./A a.example.com./A z.a.example.com./A b.example.com./A b.example.com./AAAA`
	if got := l.names(&route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: aws.Int32(2)}); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	got := l.names(&route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: aws.String("b.example.com"), StartRecordType: types.RRTypeAaaa})
	if got != "b.example.com./AAAA" {
		t.Fatal(got)
	}
	if got := l.names(&route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: aws.String("b.example.com")}); got != "b.example.com./A b.example.com./AAAA" {
		t.Fatal(got)
	}
}

func TestRecordChangesAreRefused(t *testing.T) {
	l := newELBLab(t, Options{})
	zone := l.zone("example.com", "1")
	a := recordOf("www.example.com", types.RRTypeA, 60, "192.0.2.1", "192.0.2.2")
	l.ok(l.change(zone, types.ChangeActionCreate, a))
	l.ok(l.change(zone, types.ChangeActionCreate, recordOf("c.example.com", types.RRTypeCname, 60, "x.org")))
	lb := l.balancer("web")
	both := recordOf("d.example.com", types.RRTypeA, 60, "192.0.2.1")
	both.AliasTarget = aliasOf("", types.RRTypeA, *lb.CanonicalHostedZoneId, *lb.DNSName).AliasTarget
	weighted := recordOf("w.example.com", types.RRTypeA, 60, "192.0.2.1")
	weighted.Weight = aws.Int64(1)
	const create, del = types.ChangeActionCreate, types.ChangeActionDelete
	for name, c := range map[string]struct {
		action     types.ChangeAction
		set        types.ResourceRecordSet
		code, text string
	}{
		"exists":         {create, a, "InvalidChangeBatch", "[Tried to create resource record set [name='www.example.com.', type='A'] but it already exists]"},
		"not there":      {del, recordOf("n.example.com", types.RRTypeA, 60, "192.0.2.1"), "InvalidChangeBatch", "but it was not found"},
		"other TTL":      {del, recordOf("www.example.com", types.RRTypeA, 61, "192.0.2.1", "192.0.2.2"), "InvalidChangeBatch", "values provided do not match the current values"},
		"other value":    {del, recordOf("www.example.com", types.RRTypeA, 60, "192.0.2.1"), "InvalidChangeBatch", "do not match"},
		"outside":        {create, recordOf("www.example.org", types.RRTypeA, 60, "192.0.2.1"), "InvalidChangeBatch", "is not permitted in zone example.com."},
		"address":        {create, recordOf("d.example.com", types.RRTypeA, 60, "x"), "InvalidChangeBatch", "ARRDATAIllegalIPv4Address"},
		"IPv6":           {create, recordOf("d.example.com", types.RRTypeAaaa, 60, "192.0.2.1"), "InvalidChangeBatch", "AAAARRDATAIllegalIPv6Address"},
		"text":           {create, recordOf("d.example.com", types.RRTypeTxt, 60, "x"), "InvalidChangeBatch", "quotation marks"},
		"CNAME at apex":  {create, recordOf("example.com", types.RRTypeCname, 60, "x.org"), "InvalidChangeBatch", "not permitted at apex"},
		"CNAME beside A": {create, recordOf("www.example.com", types.RRTypeCname, 60, "x.org"), "InvalidChangeBatch", "conflicts with other records"},
		"A beside CNAME": {create, recordOf("c.example.com", types.RRTypeA, 60, "192.0.2.1"), "InvalidChangeBatch", "conflicting RRSet of type  CNAME"},
		"no SOA":         {del, recordOf("example.com", types.RRTypeSoa, 60, "x"), "InvalidChangeBatch", "exactly one SOA"},
		"both kinds":     {create, both, "InvalidInput", "more than one"},
		"no values":      {create, types.ResourceRecordSet{Name: aws.String("d.example.com"), Type: types.RRTypeA}, "InvalidInput", "found none"},
		"no identifier":  {create, weighted, "InvalidInput", "SetIdentifier"},
		"alias unknown":  {create, aliasOf("example.com", types.RRTypeA, *lb.CanonicalHostedZoneId, "gone-1.eu-west-1.elb.amazonaws.com"), "InvalidChangeBatch", "but that target was not found"},
		"alias zone":     {create, aliasOf("example.com", types.RRTypeA, "Z35SXDOTRQ7X7K", *lb.DNSName), "InvalidChangeBatch", "does not lie within the target zone"},
		"alias inside":   {create, aliasOf("example.com", types.RRTypeA, strings.TrimPrefix(zone, "/hostedzone/"), "none.example.com"), "InvalidChangeBatch", "but that target was not found"},
		"type":           {create, recordOf("d.example.com", "WKS", 60, "x"), "InvalidInput", "enum value set"},
	} {
		t.Run(name, func(t *testing.T) { l.refused(l.change(zone, c.action, c.set), c.code, c.text) })
	}
	l.refused(l.change("Z0", create, a), "NoSuchHostedZone")
}

func TestRecordBatchesAreAtomic(t *testing.T) {
	l := newELBLab(t, Options{})
	zone := l.zone("example.com", "1")
	batch := func(changes ...types.Change) error {
		_, err := l.dns.ChangeResourceRecordSets(l.ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: changes}})
		return err
	}
	a, b := recordOf("a.example.com", types.RRTypeA, 60, "192.0.2.1"), recordOf("a.example.com", types.RRTypeA, 60, "192.0.2.2")
	l.refused(batch(types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &a}, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &b}), "InvalidChangeBatch")
	if got := l.names(&route53.ListResourceRecordSetsInput{HostedZoneId: &zone}); strings.Contains(got, "a.example") {
		t.Fatalf("a refused batch left %s", got)
	}
	l.ok(batch(types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &a}))
	l.ok(batch(types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &a}, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &b}))
	l.ok(batch(types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &a}, types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &a}))
	l.cloud.mu.Lock()
	defer l.cloud.mu.Unlock()
	if got := l.cloud.route53.lookup("A.example.com", "A"); len(got) != 1 || got[0] != "192.0.2.1" {
		t.Fatalf("lookup: %v", got)
	}
}

func TestAliasesOfLoadBalancers(t *testing.T) {
	l := newELBLab(t, Options{})
	zone := l.zone("example.com", "1")
	lb := l.balancer("Web")
	set := aliasOf("example.com", types.RRTypeA, *lb.CanonicalHostedZoneId, "dualstack."+*lb.DNSName)
	l.ok(l.change(zone, types.ChangeActionUpsert, set))
	_, err := l.elb.DeleteLoadBalancer(l.ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
	l.ok(l.change(zone, types.ChangeActionCreate, recordOf("b.example.com", types.RRTypeA, 60, "192.0.2.1")))
	out, err := l.dns.ListResourceRecordSets(l.ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: aws.Int32(1)})
	l.ok(err)
	if a := out.ResourceRecordSets[0].AliasTarget; a == nil || *a.DNSName != "dualstack."+strings.ToLower(*lb.DNSName)+"." {
		t.Fatalf("alias %+v", a)
	}
	l.ok(l.change(zone, types.ChangeActionDelete, set))
}

func TestHostedZonesAreGlobal(t *testing.T) {
	l := newELBLab(t, Options{})
	zone := l.zone("example.com", "1")
	other := route53.NewFromConfig(l.cloud.Config("us-east-1"))
	_, err := other.GetHostedZone(l.ctx, &route53.GetHostedZoneInput{Id: &zone})
	l.ok(err)
	_, err = other.ChangeTagsForResource(l.ctx, &route53.ChangeTagsForResourceInput{
		ResourceId: aws.String(strings.TrimPrefix(zone, "/hostedzone/")), ResourceType: types.TagResourceTypeHostedzone, AddTags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	})
	l.ok(err)
	tags, err := l.dns.ListTagsForResource(l.ctx, &route53.ListTagsForResourceInput{ResourceId: aws.String(strings.TrimPrefix(zone, "/hostedzone/")), ResourceType: types.TagResourceTypeHostedzone})
	l.ok(err)
	if len(tags.ResourceTagSet.Tags) != 1 {
		t.Fatalf("tags %+v", tags.ResourceTagSet)
	}
}
