package simulator

import (
	"net/netip"
	"strings"
)

// ec2CIDR parses an IPv4 block and gives its canonical form, as EC2 does.
func ec2CIDR(text, parameter string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return p, ec2Error("InvalidParameterValue", "Value (%s) for parameter %s is invalid. This is not a valid CIDR block.", text, parameter)
	}
	return p.Masked(), nil
}

// ec2Hosts is the number of addresses in a block that can be used: AWS keeps
// the first four and the last one.
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func ec2Hosts(p netip.Prefix) int { return 1<<(32-p.Bits()) - 5 }

// ec2Host is the n-th usable address of a block, counting from 0.
func ec2Host(p netip.Prefix, n int) netip.Addr {
	b := p.Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n) + 4
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// ec2Within says whether inner is equal to or more specific than outer.
func ec2Within(outer, inner netip.Prefix) bool {
	return outer.Overlaps(inner) && inner.Bits() >= outer.Bits()
}

// ec2ZoneID names a zone as AWS does independently of the account: eu-west-1a
// is euw1-az1 (which letter has which number differs between accounts).
// https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
func ec2ZoneID(region string, index int) string {
	short := map[string]string{
		"north": "n", "south": "s", "east": "e", "west": "w", "central": "c", "gov": "g",
		"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw",
	}
	var b strings.Builder
	for _, part := range strings.Split(region, "-") {
		if s, ok := short[part]; ok {
			part = s
		}
		b.WriteString(part)
	}
	return b.String() + "-az" + string(rune('1'+index))
}
