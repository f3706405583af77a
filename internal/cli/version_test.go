package cli

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	code, out, _ := run(t, "version")
	if code != 0 || !strings.HasPrefix(out, "ecsail ") || !strings.Contains(out, runtime.GOOS+"/"+runtime.GOARCH) {
		t.Errorf("exit code %d: %s", code, out)
	}
	_, out, _ = run(t, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); err != nil || b.Go != runtime.Version() || b.OS != runtime.GOOS {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSchemaIsJSON(t *testing.T) {
	code, out, _ := run(t, "schema")
	var v struct{ Properties map[string]any }
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil || v.Properties["services"] == nil {
		t.Errorf("exit code %d, %v, %d properties", code, err, len(v.Properties))
	}
}
