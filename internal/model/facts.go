// Package model compiles a manifest into the wanted graph of AWS resources. It
// is pure: the same manifest and facts give the same graph, to the byte.
package model

import (
	"github.com/ecsail/ecsail/internal/manifest"
)

// Facts is what only AWS knows and the model needs, read before compiling.
type Facts struct {
	Account   string
	Partition string // aws, aws-cn, aws-us-gov
	Region    string
	Zones     []string          // names of the usable availability zones, sorted
	Zone      string            // id of the hosted zone of domain.zone
	Network   *Assigned         // of an assigned network
	Balancer  *Balancer         // of load_balancer.existing
	Secrets   map[string]string // full ARNs of Secrets Manager's secrets, by name
}

// Assigned is what is known of a network that exists already.
type Assigned struct{ CIDR string }

// Balancer is what is known of a shared load balancer. HTTPS is empty when it
// has no listener on 443.
type Balancer struct {
	ARN, DNSName, ZoneID, Label string
	HTTP, HTTPS                 string // listener ARNs
	Groups                      []string
}

// OfflineFacts stand in for an account where none is needed: drawing the graph,
// checking that a manifest compiles.
func OfflineFacts(m *manifest.Manifest) Facts {
	region := m.Region
	if region == "" {
		region = "eu-west-1"
	}
	f := Facts{Account: "111122223333", Partition: "aws", Region: region, Zone: "Z00000000000000000000"}
	if m.Account != "" {
		f.Account = m.Account
	}
	for i := range max(3, m.Network.Zones) {
		f.Zones = append(f.Zones, region+string(rune('a'+i)))
	}
	if m.Network.Assigned() {
		f.Network = &Assigned{CIDR: "10.0.0.0/16"}
	}
	if located, err := m.Located(f.Region, f.Account); err == nil { // Compile says what is wrong
		f.Secrets = map[string]string{}
		for _, name := range located.SecretNames() {
			f.Secrets[name] = "arn:" + f.Partition + ":secretsmanager:" + f.Region + ":" + f.Account + ":secret:" + name + "-AbCdEf"
		}
	}
	if arn := m.LoadBalancer.Existing; arn != "" {
		f.Balancer = &Balancer{ARN: arn, DNSName: "existing.elb.amazonaws.com", ZoneID: "Z00000000000000000001",
			Label: "app/existing/0", HTTP: arn + "/80", HTTPS: arn + "/443", Groups: []string{"sg-00000000000000000"}}
	}
	return f
}
