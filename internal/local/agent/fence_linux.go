package agent

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

// fence keeps out what comes from other containers of the task's network, since
// not all engines have networks whose containers cannot reach one another. The
// engine's host, which is the network's gateway, is let in: what it publishes comes
// from there.
func fence() error {
	gateway, err := defaultGateway("/proc/net/route")
	if err != nil {
		return err
	}
	subnet, err := subnetOf(gateway)
	if err != nil {
		return err
	}
	accept, drop := &expr.Verdict{Kind: expr.VerdictAccept}, &expr.Verdict{Kind: expr.VerdictDrop}
	return install(nftables.Chain{
		Name: "input", Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
	}, [][]expr.Any{
		append(local(), accept),
		append(established(), accept),
		append(address(source, netip.PrefixFrom(gateway, 32)), accept),
		append(address(source, subnet), drop),
	})
}

// local is, in nft's language, `iifname "lo"`: what the task sends to itself, and to
// the redirected addresses.
func local() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte("lo\x00")},
	}
}

// established is `ct state established,related`.
func established() []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// defaultGateway reads it in the kernel's table of routes, where addresses are
// hexadecimal numbers in the machine's byte order; see proc_net(5).
func defaultGateway(path string) (netip.Addr, error) {
	f, err := os.Open(path)
	if err != nil {
		return netip.Addr{}, err
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Fields(sc.Text()) // interface, destination, gateway, …
		if len(fields) < 3 || fields[1] != "00000000" {
			continue
		}
		raw, err := hex.DecodeString(fields[2])
		if err != nil || len(raw) != 4 {
			return netip.Addr{}, fmt.Errorf("route %q", sc.Text())
		}
		var a [4]byte
		binary.NativeEndian.PutUint32(a[:], binary.BigEndian.Uint32(raw))
		return netip.AddrFrom4(a), nil
	}
	return netip.Addr{}, errors.New("the task's network has no gateway")
}

// subnetOf is the network of this machine that an address is in.
func subnetOf(a netip.Addr) (netip.Prefix, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Prefix{}, err
	}
	for _, i := range all {
		if p, err := netip.ParsePrefix(i.String()); err == nil && p.Contains(a) {
			return p.Masked(), nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("the gateway %s is in no network of the task", a)
}
