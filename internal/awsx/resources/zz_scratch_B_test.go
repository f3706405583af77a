package resources

import (
	"context"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/simulator"
)

type world struct {
	t   *testing.T
	e   *awsx.Env
	ctx context.Context
	wire bool
}

func (w world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) q(nodes ...*resource.Node) resource.Query {
	q := resource.Query{App: "shop", Env: "dev", Names: map[string]resource.Addr{}}
	for _, n := range nodes {
		q.Names[resource.PhysicalName(n.Spec)] = n.Addr
		q.Wanted = append(q.Wanted, n)
	}
	return q
}

func (w world) list(d resource.Driver, nodes ...*resource.Node) []resource.LiveNode {
	w.t.Helper()
	ls, err := d.List(resource.WithMemo(w.ctx), w.q(nodes...))
	w.must(err)
	return ls
}

func node(d resource.Driver, name string, spec any) *resource.Node {
	k := d.Traits().Kind
	return &resource.Node{Addr: resource.Addr(k + "/" + name), Kind: k, Spec: spec, Untagged: d.Traits().Untagged, Tags: map[string]string{"ecsail:zone": zone, "ecsail:domain": "shop.example.com"}}
}

func (w world) create(d resource.Driver, n *resource.Node) resource.LiveNode {
	w.t.Helper()
	l, err := d.Create(w.ctx, *n, n.OwnTags("shop", "dev"))
	w.must(err)
	return l
}

func (w world) same(d resource.Driver, n *resource.Node) resource.LiveNode {
	w.t.Helper()
	for _, l := range w.list(d, n) {
		if l.Addr != n.Addr {
			continue
		}
		if l.Foreign != "" {
			w.t.Errorf("%s foreign %s", l.Addr, l.Foreign)
		}
		if diff := resource.Compare(l.Spec, n.Spec); !diff.Empty() {
			w.t.Errorf("%s: %+v", n.Addr, diff.Changes)
		}
		if !n.Untagged {
			tags := n.OwnTags("shop", "dev")
			delete(tags, resource.TagSpec)
			if diff := resource.CompareTags(l.Tags, tags); !diff.Empty() {
				w.t.Errorf("%s: %+v", n.Addr, diff.Changes)
			}
		}
		return l
	}
	w.t.Fatalf("%s not listed", n.Addr)
	panic(0)
}

func (w world) update(d resource.Driver, n *resource.Node, spec any) resource.LiveNode {
	w.t.Helper()
	l := w.same(d, n)
	n.Spec = spec
	diff := resource.Compare(l.Spec, spec)
	if diff.Empty() || diff.Replace() {
		w.t.Fatalf("diff %+v", diff)
	}
	w.must(d.Update(w.ctx, l, *n, diff, n.OwnTags("shop", "dev")))
	w.must(d.Update(w.ctx, l, *n, diff, n.OwnTags("shop", "dev")))
	return w.same(d, n)
}

func (w world) remove(d resource.Driver, n *resource.Node) {
	w.t.Helper()
	l := w.same(d, n)
	for i := 0; i < 300; i++ {
		err := d.Delete(w.ctx, l)
		if err == nil {
			break
		}
		if resource.AsRetry(err) == nil || i == 299 {
			w.must(err)
		}
		w.sleep(5 * time.Second)
	}
	w.must(d.Delete(w.ctx, l))
	for i := 0; ; i++ {
		gone, err := d.Gone(w.ctx, []resource.LiveNode{l})
		w.must(err)
		if gone[0] {
			break
		}
		if i > 300 {
			w.t.Fatal("never gone")
		}
		w.sleep(time.Second)
	}
	for _, x := range w.list(d) {
		if x.Addr == n.Addr {
			w.t.Errorf("%s still listed", n.Addr)
		}
	}
}

func (w world) sleep(d time.Duration) {
	if w.wire {
		return
	}
	time.Sleep(d)
}

func (w world) ready(d resource.Driver, l resource.LiveNode) resource.LiveNode {
	w.t.Helper()
	for i := 0; i < 1000; i++ {
		s, err := d.Ready(w.ctx, []resource.LiveNode{l})
		w.must(err)
		if s[0].Failed != "" {
			w.t.Fatal(s[0].Failed)
		}
		if s[0].Out != nil {
			l.Out = s[0].Out
		}
		if s[0].Ready {
			return l
		}
		if i == 0 { fmt.Println(l.Addr, s[0].Note) }
		w.sleep(time.Second)
	}
	w.t.Fatal("never ready")
	return l
}

var zone string

func TestScratchB(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, err := simulator.New(simulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		cfg := awsx.Tune(cloud.Config("eu-west-1"))
		scratch(world{t, awsx.NewEnv(cfg, "shop", "dev"), t.Context(), false})
	})
}

func TestScratchWire(t *testing.T) {
	if os.Getenv("AWS_ENDPOINT_URL") == "" {
		t.Skip()
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scratch(world{t, awsx.NewEnv(awsx.Tune(cfg), "shop", "dev"), t.Context(), true})
}

func scratch(w world) {
	e, ctx := w.e, w.ctx
	vpc, err := e.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	w.must(err)
	vid := *vpc.Vpc.VpcId
	var subnets []resource.Ref[SubnetID]
	for i, z := range []string{"a", "b", "c"} {
		s, err := e.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &vid, CidrBlock: aws.String(fmt.Sprintf("10.0.%d.0/24", i)), AvailabilityZone: aws.String("eu-west-1" + z)})
		w.must(err)
		subnets = append(subnets, resource.LitPtr[SubnetID](s.Subnet.SubnetId))
	}
	igw, err := e.EC2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	w.must(err)
	_, err = e.EC2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{VpcId: &vid, InternetGatewayId: igw.InternetGateway.InternetGatewayId})
	w.must(err)
	var groups []resource.Ref[GroupID]
	for _, n := range []string{"one", "two"} {
		g, err := e.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &n, Description: &n, VpcId: &vid})
		w.must(err)
		groups = append(groups, resource.LitPtr[GroupID](g.GroupId))
	}
	z, err := e.Route53.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("x")})
	w.must(err)
	zone = plainZone(*z.HostedZone.Id)

	lbd, tgd, ld, rd, cd, recd := LoadBalancers.Bind(e), TargetGroups.Bind(e), Listeners.Bind(e), ListenerRules.Bind(e), Certificates.Bind(e), Records.Bind(e)
	spec := LoadBalancer{Name: "shop-dev", Scheme: "internet-facing", Subnets: subnets[:2], Groups: groups[:1], Attributes: LoadBalancerAttributes{IdleTimeout: 60, DropInvalidHeaders: true, DesyncMode: "defensive", HTTP2: true}}
	lb := node(lbd, "main", spec)
	lbl := w.create(lbd, lb)
	if !w.wire { w.create(lbd, lb) }
	w.same(lbd, lb)
	w.ready(lbd, lbl)
	spec.Subnets, spec.Groups = subnets, groups
	spec.Attributes.IdleTimeout, spec.Attributes.DeletionProtection = 120, true
	lbl = w.update(lbd, lb, spec)
	out := lbl.Out.(LoadBalancerOut)
	foreign := *lb
	foreign.Addr = "LoadBalancer/other"
	fs := spec; fs.Groups = groups[:1]; foreign.Spec = fs
	if !w.wire { _, err = lbd.Create(ctx, foreign, foreign.OwnTags("shop", "dev")) }
	fmt.Println("foreign:", err)

	tspec := TargetGroup{Name: "shop-dev-web", VPC: resource.Lit(VPCID(vid)), Port: 8080, Protocol: "HTTP", Version: "HTTP1",
		Health: TargetHealth{Path: "/", Port: "traffic-port", Interval: 15, Timeout: 5, Healthy: 2, Unhealthy: 3, Codes: "200-399"}, Attributes: TargetGroupAttributes{DeregistrationDelay: 30}}
	tg := node(tgd, "web", tspec)
	w.create(tgd, tg)
	w.same(tgd, tg)
	tspec.Health.Path, tspec.Attributes.Stickiness, tspec.Attributes.SlowStart = "/healthz", 60, 30
	tgl := w.update(tgd, tg, tspec)
	tspec.Attributes.Stickiness = 0
	tgl = w.update(tgd, tg, tspec)
	gspec := tspec
	gspec.Name, gspec.Version, gspec.Health.Codes = "shop-dev-grpc", "GRPC", "0-99"
	gspec.Health.Path = "/AWS.ALB/healthcheck"
	tg2 := node(tgd, "grpc", gspec)
	tgl2 := w.create(tgd, tg2)
	w.same(tgd, tg2)

	cert := node(cd, "main", Certificate{Domain: "shop.example.com", Alternatives: []string{"*.shop.example.com"}, KeyAlgorithm: "RSA_2048"})
	cl := w.create(cd, cert)
	w.create(cd, cert)
	if n := len(w.list(cd, cert)); n != 1 {
		w.t.Errorf("%d certificates", n)
	}
	for i := 0; i < 100; i++ {
		s, err := cd.Ready(ctx, []resource.LiveNode{cl})
		w.must(err)
		if s[0].Out != nil { cl.Out = s[0].Out }
		if !cl.Out.(CertificateOut).Name.IsZero() {
			break
		}
		w.sleep(time.Second)
	}
	co := cl.Out.(CertificateOut)
	fmt.Printf("cert out %+v\n", co)
	vrec := node(recd, "validation-shop.example.com", Record{Zone: resource.Lit(HostedZoneID(zone)), Name: co.Name, Value: co.Value, Type: "CNAME", TTL: 300})
	w.create(recd, vrec)
	w.create(recd, vrec)
	w.same(recd, vrec)
	cl = w.ready(cd, cl)
	w.same(cd, cert)

	https := node(ld, "https", Listener{LoadBalancer: out.ARN, Port: 443, Protocol: "HTTPS", TLSPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", Certificate: cl.Out.(CertificateOut).ARN, Default: ListenerAction{FixedStatus: "404", FixedBody: "not found"}})
	http := node(ld, "http", Listener{LoadBalancer: out.ARN, Port: 80, Protocol: "HTTP", Default: ListenerAction{FixedStatus: "404"}})
	hl := w.create(ld, https)
	if !w.wire { w.create(ld, https) }
	w.create(ld, http)
	w.same(ld, https)
	w.same(ld, http)
	hs := http.Spec.(Listener)
	hs.Default = ListenerAction{RedirectHTTPS: true}
	w.update(ld, http, hs)
	x := https.Spec.(Listener)
	x.TLSPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
	w.update(ld, https, x)
	dup := *http
	dup.Addr = "Listener/zzz"
	ds := hs; ds.Default = ListenerAction{FixedStatus: "500"}; dup.Spec = ds
	if !w.wire { _, err = ld.Create(ctx, dup, dup.OwnTags("shop", "dev")) }
	fmt.Println("foreign:", err)

	arn := hl.Out.(ListenerOut).ARN
	tga, tgb := tgl.Out.(TargetGroupOut).ARN, tgl2.Out.(TargetGroupOut).ARN
	r1 := node(rd, "web-1", ListenerRule{Listener: arn, Priority: 10, Match: RuleMatch{Paths: []string{"/a", "/a/*"}, Hosts: []string{"shop.example.com"}}, Target: tga})
	r2 := node(rd, "web-2", ListenerRule{Listener: arn, Priority: 20, Match: RuleMatch{Methods: []string{"GET", "HEAD"}, Headers: []RuleHeader{{Name: "X-Test", Values: []string{"1"}}}, SourceIPs: []string{"10.0.0.0/8"}}, Target: tga})
	r3 := node(rd, "web-3", ListenerRule{Listener: arn, Priority: 30, Match: RuleMatch{Query: []RuleQuery{{"a", "b"}, {"", "c"}}}, Target: tgb})
	for _, r := range []*resource.Node{r1, r2, r3} {
		w.create(rd, r)
		w.same(rd, r)
	}
	w.create(rd, r1) // lost answer: adopted
	if n := len(w.list(rd)); n != 3 {
		w.t.Errorf("%d rules", n)
	}
	// rotate priorities: 10->20->30->10
	var ls []resource.LiveNode
	rules := []*resource.Node{r1, r2, r3}
	for _, r := range rules {
		ls = append(ls, w.same(rd, r))
	}
	prios := []int32{20, 30, 10}
	if w.wire { prios = []int32{11, 22, 33} }
	for i, r := range rules {
		s := r.Spec.(ListenerRule)
		s.Priority = prios[i]
		r.Spec = s
		w.must(rd.Update(ctx, ls[i], *r, resource.Compare(ls[i].Spec, s), r.OwnTags("shop", "dev")))
	}
	for _, r := range rules {
		w.same(rd, r)
	}
	// a new rule wants a priority in use
	r4 := node(rd, "web-4", ListenerRule{Listener: arn, Priority: prios[0], Match: RuleMatch{Paths: []string{"/n"}}, Target: tga})
	w.create(rd, r4)
	w.same(rd, r4)
	l1 := w.list(rd)
	for _, l := range l1 {
		fmt.Println(l.Addr, l.Spec.(ListenerRule).Priority)
	}
	s1 := r1.Spec.(ListenerRule); s1.Priority = prios[0]+1; r1.Spec = s1
	s1.Match.Paths = []string{"/zzz"}
	w.update(rd, r1, s1)
	other := *r4
	other.Addr = "ListenerRule/foreign"
	_, err = rd.Create(ctx, other, other.OwnTags("blog", "dev"))
	fmt.Println("foreign:", err)

	a := node(recd, "A-shop.example.com", Record{Zone: resource.Lit(HostedZoneID(zone)), Name: resource.Lit(RecordName("shop.example.com")), Type: "A", Alias: out.DNSName, AliasZone: out.ZoneID})
	w.create(recd, a)
	w.create(recd, a)
	w.same(recd, a)
	star := node(recd, "A-*.shop.example.com", Record{Zone: resource.Lit(HostedZoneID(zone)), Name: resource.Lit(RecordName("*.shop.example.com")), Type: "A", Alias: out.DNSName, AliasZone: out.ZoneID})
	w.create(recd, star)
	w.same(recd, star)
	for _, l := range w.list(recd) {
		fmt.Println("orphan search:", l.Addr, l.ARN)
	}
	cn := node(recd, "x", Record{Zone: resource.Lit(HostedZoneID(zone)), Name: resource.Lit(RecordName("other.example.com")), Type: "CNAME", Value: resource.Lit(RecordValue("a.example.org")), TTL: 60})
	w.create(recd, cn)
	c2 := cn.Spec.(Record); c2.Value = resource.Lit(RecordValue("b.example.org"))
	cn2 := *cn; cn2.Spec = c2
	for _, l := range w.list(recd, &cn2) { if l.Foreign != "" { fmt.Println(l.Addr, "FOREIGN", l.Foreign) } }
	_, err = recd.Create(ctx, cn2, nil)
	fmt.Println("foreign:", err)
	l := w.same(recd, cn)
	cn.Spec = c2
	w.must(recd.Update(ctx, l, *cn, resource.Compare(l.Spec, c2), nil))
	w.remove(recd, cn)

	// teardown
	for _, n := range []*resource.Node{a, star} { w.remove(recd, n) }
	if !w.wire { err = cd.Delete(ctx, cl) }
	fmt.Println("in use:", err)
	err = tgd.Delete(ctx, tgl)
	fmt.Println("in use:", err)
	for _, r := range []*resource.Node{r1, r2, r3, r4} {
		w.remove(rd, r)
	}
	w.remove(ld, https)
	w.remove(ld, http)
	w.remove(recd, vrec)
	w.remove(cd, cert)
	w.remove(lbd, lb)
	w.remove(tgd, tg)
	w.remove(tgd, tg2)
	for _, g := range groups {
		_, err := e.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: g.Ptr()})
		w.must(err)
	}
	for _, s := range subnets {
		_, err := e.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: s.Ptr()})
		w.must(err)
	}
	_ = ec2types.Filter{}
}
