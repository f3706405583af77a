package ui

import (
	"strings"
	"unicode"

	"github.com/ecsail/ecsail/internal/resource"
)

// Noun is what people call a kind: "load balancer" for LoadBalancer.
func Noun(kind string) string {
	switch kind {
	case "VPC":
		return "VPC"
	case "EIP":
		return "elastic IP"
	case "NATGateway":
		return "NAT gateway"
	case "VPCEndpoint":
		return "VPC endpoint"
	case "Service":
		return "ECS service"
	case "Record":
		return "DNS record"
	case "Role":
		return "IAM role"
	case "Repository":
		return "image repository"
	}
	return words(kind)
}

// words splits a camel-case name: "ListenerRule" becomes "listener rule".
func words(kind string) string {
	var b strings.Builder
	for i, r := range kind {
		if unicode.IsUpper(r) {
			if i > 0 {
				b.WriteByte(' ')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// phrase is an address in words: "load balancer main".
func phrase(a resource.Addr) string { return Noun(a.Kind()) + " " + a.Name() }
