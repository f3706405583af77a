package ui

import (
	"bytes"
	"testing"

	"github.com/ecsail/ecsail/internal/resource"
)

func TestDrawings(t *testing.T) {
	g := resource.NewGraph("shop", "dev")
	d := disks.Add(g, "data", disk{Name: "data"})
	g.For("web", nil, func() { jobs.Add(g, "web", job{Name: "web", Disk: d.ID}) })
	g.For("api", nil, func() {
		jobs.Add(g, "api", job{Name: "api", Disk: d.ID})
		// api needs the disk also by way of web: that arrow is implied and not drawn
		g.Order("Job/api", resource.Target{Addr: "Job/web"})
	})
	var mermaid, dot bytes.Buffer
	Mermaid(&mermaid, g)
	golden(t, "graph_mermaid", mermaid.Bytes())
	DOT(&dot, g)
	golden(t, "graph_dot", dot.Bytes())
}

func TestNoun(t *testing.T) {
	for kind, want := range map[string]string{
		"VPC": "VPC", "EIP": "elastic IP", "NATGateway": "NAT gateway", "VPCEndpoint": "VPC endpoint",
		"ListenerRule": "listener rule", "Cluster": "cluster", "Record": "DNS record", "Role": "IAM role",
		"Repository": "image repository", "Service": "ECS service",
	} {
		if got := Noun(kind); got != want {
			t.Errorf("Noun(%s) = %q, want %q", kind, got, want)
		}
	}
}
