package simulator

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ec2Service is the network part of EC2. All its time-dependent state (pending
// NAT gateways, interfaces about to leave) is derived from timestamps in rows
// when it is read.
type ec2Service struct {
	c         *Cloud
	vpcs      *table[ec2VPC]
	subnets   *table[ec2Subnet]
	gateways  *table[ec2Gateway]
	addresses *table[ec2Address]
	nats      *table[ec2NAT]
	tables    *table[ec2RouteTable]
	groups    *table[ec2Group]
	endpoints *table[ec2Endpoint]
	enis      *table[ec2ENI]
	taken     *table[string]            // interface by "subnet|address"
	leaving   *table[time.Time]         // when released interfaces are gone
	tags      *table[map[string]string] // by resource id; absent when there are none
	tokens    *table[ec2Token]
}

func newEC2(c *Cloud) *ec2Service {
	s := &ec2Service{
		c:         c,
		vpcs:      newTable[ec2VPC](c, "ec2/vpc"),
		subnets:   newTable[ec2Subnet](c, "ec2/subnet"),
		gateways:  newTable[ec2Gateway](c, "ec2/internet-gateway"),
		addresses: newTable[ec2Address](c, "ec2/elastic-ip"),
		nats:      newTable[ec2NAT](c, "ec2/natgateway"),
		tables:    newTable[ec2RouteTable](c, "ec2/route-table"),
		groups:    newTable[ec2Group](c, "ec2/security-group"),
		endpoints: newTable[ec2Endpoint](c, "ec2/vpc-endpoint"),
		enis:      newTable[ec2ENI](c, "ec2/network-interface"),
		taken:     newTable[string](c, "ec2/private-address"),
		leaving:   newTable[time.Time](c, "ec2/leaving-interface"),
		tags:      newTable[map[string]string](c, "ec2/tags"),
		tokens:    newTable[ec2Token](c, "ec2/client-token"),
	}
	for _, register := range []func(){
		s.handleVPCs, s.handleSubnets, s.handleGateways, s.handleAddresses, s.handleNATs, s.handleRouteTables,
		s.handleGroups, s.handleGroupRules, s.handleEndpoints, s.handleENIs, s.handleTags, s.handleCatalog,
	} {
		register()
	}
	c.taggers = append(c.taggers, s)
	return s
}

// ec2Handle registers an operation with EC2's dry run, which every one of its
// operations has: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
func ec2Handle[In, Out any](s *ec2Service, f func(*In) (*Out, error)) {
	handle(s.c, func(_ context.Context, in *In) (*Out, error) {
		if d := reflect.ValueOf(in).Elem().FieldByName("DryRun"); d.IsValid() {
			if dry, _ := d.Interface().(*bool); aws.ToBool(dry) {
				return nil, apiError(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
			}
		}
		return f(in)
	})
}

// ec2Error is a client error of EC2; its codes are listed at
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func ec2Error(code, format string, args ...any) error {
	return apiError(400, code, fmt.Sprintf(format, args...))
}

// ec2Unsupported refuses parameters that the embedded AWS does not have, so
// that nobody takes them for honoured. It looks at the named fields of a request.
func ec2Unsupported(in any, names ...string) error {
	v := reflect.ValueOf(in).Elem()
	for _, name := range names {
		f := v.FieldByName(name)
		if off, ok := f.Interface().(*bool); ok && !aws.ToBool(off) {
			continue
		}
		if !f.IsZero() && !(f.Kind() == reflect.Slice && f.Len() == 0) {
			return ec2Error("UnsupportedOperation", "The embedded AWS does not support the parameter %s.", name)
		}
	}
	return nil
}

func ec2Bool(b bool) []string { return []string{fmt.Sprint(b)} }

// stamp is now as EC2 reports times: UTC, milliseconds.
func (s *ec2Service) stamp() time.Time { return s.c.now().UTC().Truncate(time.Millisecond) }
