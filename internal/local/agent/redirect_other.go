//go:build !linux

package agent

import (
	"net"
	"net/netip"
)

func redirected() (net.Listener, error) { return nil, errSystem }

func fence() error { return errSystem }

func originalDestination(net.Conn) (netip.AddrPort, error) { return netip.AddrPort{}, errSystem }
