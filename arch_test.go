package ecsail_test

import (
	"bufio"
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ecsail/ecsail/"

// allowed says which of our packages a package may import. A new line, or a
// longer one, is a decision about the design.
var allowed = map[string][]string{
	"internal/diag":           {},
	"internal/resource":       {},
	"internal/simulator":      {}, // shares no code with the product: it must not share its misreadings
	"internal/manifest":       {"internal/diag"},
	"internal/engine":         {"internal/resource"},
	"internal/awsx":           {"internal/resource"},
	"internal/awsx/resources": {"internal/awsx", "internal/resource"},
	"internal/model":          {"internal/awsx", "internal/awsx/resources", "internal/manifest", "internal/resource"},
	"internal/ui":             {"internal/diag", "internal/engine", "internal/resource"},
	"internal/cli/survey":     {"internal/diag", "internal/manifest"},
	"internal/cli": {"internal/cli/survey", "internal/awsx", "internal/awsx/resources", "internal/diag", "internal/engine", "internal/local/agent",
		"internal/local/builder", "internal/local/engine", "internal/local/region", "internal/manifest", "internal/model", "internal/resource",
		"internal/simulator", "internal/ui"},
	"internal/local/agent":    {},
	"internal/local/balancer": {},
	"internal/local/builder":  {"internal/local/engine"},
	"internal/local/connect":  {"internal/local/agent"},
	"internal/local/engine":   {},
	"internal/local/registry": {},
	"internal/local/tasks":    {"internal/local/engine", "internal/simulator"},
	"internal/local/region": {"internal/local/agent", "internal/local/balancer", "internal/local/connect", "internal/local/engine",
		"internal/local/registry", "internal/local/tasks", "internal/simulator"},
	"internal/acceptance": {},
	"cmd/ecsail":          {"internal/cli"},
	"bench":               {},
}

// sdk lists who may import the AWS SDK.
// It names what it runs in ECS's own types.
var sdk = []string{"internal/awsx", "internal/awsx/resources", "internal/simulator", "internal/cli", "internal/local/tasks", "internal/local/region"}

// TestImports holds the code to the table.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		f := strings.Fields(sc.Text())
		pkg, ours := strings.CutPrefix(f[0], module)
		if !ours || strings.HasPrefix(pkg, "examples/") {
			continue
		}
		may, known := allowed[pkg]
		if !known {
			t.Errorf("%s is not in the table of who may import whom", pkg)
		}
		seen++
		for _, imp := range f[1:] {
			if dep, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(may, dep) {
				t.Errorf("%s must not import %s", pkg, dep)
			}
			if strings.HasPrefix(imp, "github.com/aws/") && !slices.Contains(sdk, pkg) {
				t.Errorf("%s must not import the AWS SDK (%s)", pkg, imp)
			}
		}
	}
	if seen < len(allowed) {
		t.Errorf("%d packages found, %d in the table: remove what is gone", seen, len(allowed))
	}
}
