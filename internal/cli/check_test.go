package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const several = `app: shop
environments:
  dev: {}
  staging: {network: {zones: 9}}
  prod: {domain: {name: shop.example.com, zone: example.com}, services: {web: {cpu: 300}}}
services:
  web: {image: "nginx:1", port: 80, route: /, read_only: true, user: "1", count: lots}
`

// Every environment is checked, each problem is said once, and with the
// environments that have it unless all have.
func TestCheckLooksAtEveryEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ecsail.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(several)
	code, out, _ := run(t, "check", "-f", file)
	for _, want := range []string{
		"environments.staging.network.zones: 9 is more than the maximum 6\n",
		"services.web.cpu: 300 is no Fargate CPU size (only in prod)\n",
		"services.web.count: \"lots\" is not a whole number\n",
		"3 errors\n",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("not once: %s", want)
		}
	}
	if code != 2 || t.Failed() {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if _, out, _ = run(t, "check", "-f", file, "-e", "prod"); !strings.Contains(out, "300 is no Fargate CPU size\n") {
		t.Errorf("prod alone:\n%s", out)
	}

	write(strings.NewReplacer("9", "2", "300", "256", "lots", "3").Replace(several))
	code, out, _ = run(t, "check", "-f", file)
	for _, want := range []string{
		"without a domain there is no TLS (Security Hub ELB.1) (only in dev, staging)\n",
		"the load balancer keeps no access logs (Security Hub ELB.5)\n",
		"one NAT gateway serves all zones: its zone's failure cuts every task off (only in prod)\n",
		"is right: shop (dev, prod, staging), 1 service.\n",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("not once: %s", want)
		}
	}
	if code != 0 || t.Failed() {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestCheckJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ecsail.yaml")
	if err := os.WriteFile(file, []byte(several), 0o600); err != nil {
		t.Fatal(err)
	}
	var got checked
	code, out, _ := run(t, "check", "--json", "-f", file)
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 2 {
		t.Fatalf("exit code %d, %v\n%s", code, err, out)
	}
	if got.Env != "" || !slices.Equal(got.Environments, []string{"dev", "prod", "staging"}) || got.OK || got.Errors != 3 || len(got.Problems) != got.Errors+got.Warnings {
		t.Errorf("%+v", got)
	}
	for _, p := range got.Problems {
		if want := p.Path == "services.web.cpu"; want != slices.Equal(p.Environments, []string{"prod"}) {
			t.Errorf("%+v", p)
		}
	}
	_, out, _ = run(t, "check", "--json", "-f", file, "-e", "dev")
	got = checked{}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Env != "dev" || len(got.Environments) != 1 {
		t.Errorf("%v: %+v", err, got)
	}
}
