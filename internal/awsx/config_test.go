package awsx

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// isolate takes the machine's AWS configuration away.
func isolate(t *testing.T, files map[string]string) {
	t.Helper()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "AWS_") {
			t.Setenv(k, "")
		}
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
}

func TestConfigErrorsAreForPeople(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		opt   Options
		want  string
	}{
		"no region":      {nil, Options{}, "no AWS region: write `region:` into the manifest"},
		"no credentials": {nil, Options{Region: "eu-west-1"}, "no AWS credentials: run `aws configure`"},
		"no profile":     {map[string]string{"config": ""}, Options{Profile: "work"}, "no AWS profile work: `aws configure list-profiles`"},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t, c.files)
			_, err := Config(t.Context(), c.opt)
			var setup *SetupError
			if !errors.As(err, &setup) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	isolate(t, map[string]string{
		"config":      "[profile work]\nregion = eu-central-1\nmax_attempts = 3\n",
		"credentials": "[work]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n",
	})
	cfg, err := Config(t.Context(), Options{Profile: "work", Endpoint: "http://localhost:4566"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Region != "eu-central-1" || aws.ToString(cfg.BaseEndpoint) != "http://localhost:4566" {
		t.Errorf("region %q, endpoint %q", cfg.Region, aws.ToString(cfg.BaseEndpoint))
	}
	if n := cfg.Retryer().MaxAttempts(); n != maxAttempts || cfg.RetryMaxAttempts != 0 {
		t.Errorf("%d attempts, overridden by %d; want %d", n, cfg.RetryMaxAttempts, maxAttempts)
	}
}

func TestTuneLeavesItsArgumentAlone(t *testing.T) {
	a := &answers{}
	before := aws.Config{}
	before.APIOptions = append(before.APIOptions, a.add)
	one, two := Tune(before), Tune(before)
	if len(before.APIOptions) != 1 || len(one.APIOptions) != 3 || len(two.APIOptions) != 3 {
		t.Errorf("options: %d before, %d and %d after", len(before.APIOptions), len(one.APIOptions), len(two.APIOptions))
	}
}
