package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// proxyPort is where redirected connections arrive. The ECS agent redirects
// 169.254.170.2 to the same one, see https://github.com/aws/amazon-ecs-agent#readme,
// and it is among the ports that ECS reserves for its agent, so that no container
// should want it, see hostPort at
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
const proxyPort = 51679

// virtual are the addresses that nothing listens at: [MetadataAddress]'s, and
// those of [Plan].
var virtual = []netip.Prefix{netip.MustParsePrefix("169.254.170.2/32"), netip.MustParsePrefix("127.255.0.0/16")}

// redirected listens for what this network namespace sends to the virtual
// addresses.
func redirected() (net.Listener, error) {
	if os.Getpid() != 1 {
		return nil, errors.New("not the first process of a container: these would be the rules of somebody else's network")
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(proxyPort)))
	if err != nil {
		return nil, fmt.Errorf("listen for redirected connections: %w", err)
	}
	if err := redirect(); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("redirect connections: %w", err)
	}
	return l, nil
}

// redirect makes the rules in one transaction. Those of an earlier run, which a
// restarted container finds, are replaced.
func redirect() error {
	var rules [][]expr.Any
	for _, p := range virtual {
		rules = append(rules, rule(p))
	}
	return install(nftables.Chain{
		Name: "output", Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityNATDest,
	}, rules)
}

// install makes a chain of our table consist of some rules.
func install(chain nftables.Chain, rules [][]expr.Any) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	chain.Table = c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "ecsail"})
	made := c.AddChain(&chain)
	c.FlushChain(made)
	for _, exprs := range rules {
		c.AddRule(&nftables.Rule{Table: chain.Table, Chain: made, Exprs: exprs})
	}
	return c.Flush()
}

// rule is, in nft's language, `ip daddr P tcp redirect to :51679`.
func rule(p netip.Prefix) []expr.Any {
	return slices.Concat(
		[]expr.Any{
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		},
		address(destination, p),
		[]expr.Any{
			&expr.Immediate{Register: 1, Data: binaryutil.BigEndian.PutUint16(proxyPort)},
			&expr.Redir{RegisterProtoMin: 1},
		})
}

// Where a packet has its addresses, see RFC 791 3.1.
const (
	source      = 12
	destination = 16
)

// address is `ip saddr P` or `ip daddr P`.
func address(offset uint32, p netip.Prefix) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: net.CIDRMask(p.Bits(), 32), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: p.Masked().Addr().AsSlice()},
	}
}

// originalDestination asks the kernel, which answers with a sockaddr_in: family,
// port and address, of 2, 2 and 4 bytes.
func originalDestination(c net.Conn) (netip.AddrPort, error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return netip.AddrPort{}, errors.New("original destination: not a socket")
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("original destination: %w", err)
	}
	var addr *unix.IPv6Mreq // large enough, and read by a ready-made function
	var asked error
	err = raw.Control(func(fd uintptr) {
		addr, asked = unix.GetsockoptIPv6Mreq(int(fd), unix.IPPROTO_IP, unix.SO_ORIGINAL_DST)
	})
	if err = errors.Join(err, asked); err != nil {
		return netip.AddrPort{}, fmt.Errorf("original destination: %w", err)
	}
	in := addr.Multiaddr
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(in[4:8])), binary.BigEndian.Uint16(in[2:4])), nil
}
