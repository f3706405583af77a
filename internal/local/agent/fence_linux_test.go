package agent

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultGateway(t *testing.T) {
	const header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
	gateway := "0202000A" // 10.0.2.2 on a little-endian machine
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		gateway = "0A000202"
	}
	for name, c := range map[string]struct{ text, want, wrong string }{
		"usual":   {text: header + "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\neth0\t00000000\t" + gateway + "\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", want: "10.0.2.2"},
		"none":    {text: header + "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", wrong: "no gateway"},
		"garbage": {text: header + "eth0\t00000000\tzz\t0003\n", wrong: "route"},
		"empty":   {wrong: "no gateway"},
	} {
		path := filepath.Join(t.TempDir(), "route")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := defaultGateway(path)
		if c.wrong == "" && (err != nil || got.String() != c.want) || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
