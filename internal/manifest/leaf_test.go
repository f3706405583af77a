package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseTemplate(t *testing.T) {
	tests := map[string][]Part{
		"":                        nil,
		"plain $5":                {{Lit: "plain $5"}},
		"$":                       {{Lit: "$"}},
		"${region}":               {{Kind: PartRegion}},
		"a-${account}-b":          {{Lit: "a-"}, {Kind: PartAccount}, {Lit: "-b"}},
		"${services.api.url}/v1":  {{Kind: PartServiceURL, Name: "api"}, {Lit: "/v1"}},
		"$${region}":              {{Lit: "${region}"}},
		"$$${region}":             {{Lit: "$${region}"}},
		"${region}${account}":     {{Kind: PartRegion}, {Kind: PartAccount}},
		"cost: $${a} and ${env}!": {{Lit: "cost: ${a} and "}, {Kind: partEnv}, {Lit: "!"}},
	}
	for text, want := range tests {
		got, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"${", "${HOME}", "${services.api}", "${services..url}", "${resources.db.url}", "x ${region"} {
		if parts, err := ParseTemplate(text); err == nil {
			t.Errorf("%q was accepted as %v", text, parts)
		}
	}
}

func TestSubstituteKeepsWhatWaits(t *testing.T) {
	known := names{app: "shop", env: "prod"}
	got, ft := known.substitute("${app}/${env}/${region}/${services.api.url}/$${x}", true)
	if want := "shop/prod/${region}/${services.api.url}/$${x}"; ft != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, ft, want)
	}
	got, ft = known.substitute("${app} $${x}", false)
	if want := "shop ${x}"; ft != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, ft, want)
	}
	if _, ft = known.substitute("${region}", false); ft == nil {
		t.Error("a region was accepted where it cannot wait")
	}
}

func TestExpandInvertsEscape(t *testing.T) {
	for _, text := range []string{"", "plain", "${x}", "$${x}", "a$b${c", "$$$${"} {
		got, err := Expand(EscapeTemplate(text), func(p Part) (string, error) { return "", fmt.Errorf("asked for %v", p) })
		if err != nil || got != text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
	}
}

func TestDurations(t *testing.T) {
	good := map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "1m30s": 90 * time.Second, "7d": 7 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1.5h": 90 * time.Minute, "0.5d": 12 * time.Hour,
	}
	for text, want := range good {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "fast", "-5s", "1.5s", "d", "1d1d", "1h-30m", "9999999d", "1e3d", "5 s"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for want, d := range map[string]time.Duration{"90s": 90 * time.Second, "60s": time.Minute, "2m": 2 * time.Minute, "1h": time.Hour, "7d": 7 * 24 * time.Hour, "0s": 0} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	parse := func(text string, to leaf) int64 {
		n := scalarOf(text)
		if ft := to.parse(n); ft != nil {
			return -1
		}
		return reflect.ValueOf(to).Elem().Int()
	}
	tests := []struct {
		text string
		to   leaf
		want int64
	}{
		{"256", new(cpuUnits), 256}, {"0.5vcpu", new(cpuUnits), 512}, {"2 vCPU", new(cpuUnits), 2048}, {"0.3vcpu", new(cpuUnits), -1}, {"1.2.3vcpu", new(cpuUnits), -1},
		{"512", new(mebibytes), 512}, {"2GB", new(mebibytes), 2048}, {"1.5GB", new(mebibytes), 1536}, {"2TB", new(mebibytes), -1}, {"-1", new(mebibytes), -1}, {"GB", new(mebibytes), -1},
		{"50MB", new(byteCount), 50 << 20}, {"50MB/s", new(byteCount), 50 << 20}, {"1000", new(byteCount), 1000}, {"9999999999GB", new(byteCount), -1},
		{"60%", new(percent), 60}, {"60", new(percent), 60}, {"60.5%", new(percent), -1},
		{"true", new(spotShare), 100}, {"false", new(spotShare), 0}, {"70%", new(spotShare), 70}, {"101", new(spotShare), -1},
		{"30d", new(days), 30}, {"48h", new(days), 2}, {"30", new(days), -1}, {"36h", new(days), -1},
		{"50GB", new(gibibytes), 50}, {"", new(mebibytes), -1},
	}
	for _, tt := range tests {
		if got := parse(tt.text, tt.to); got != tt.want {
			t.Errorf("%T %q: got %d, want %d", tt.to, tt.text, got, tt.want)
		}
	}
}

func TestSplitCommand(t *testing.T) {
	tests := map[string][]string{
		"serve --port 80":          {"serve", "--port", "80"},
		`sh -c 'echo "a b"; exit'`: {"sh", "-c", `echo "a b"; exit`},
		`a "b c" d\ e ""`:          {"a", "b c", "d e", ""},
		"  spaced\tout \n":         {"spaced", "out"},
		`"say \"hi\""`:             {`say "hi"`},
		"":                         nil,
	}
	for line, want := range tests {
		got, err := splitCommand(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`a 'b`, `a "b`, `a \`} {
		if got, err := splitCommand(line); err == nil {
			t.Errorf("%q was read as %q", line, got)
		}
	}
}

func TestSecretReferences(t *testing.T) {
	tests := map[string]Secret{
		"ssm:/shop/key":                   {Store: "ssm", Name: "/shop/key"},
		"ssm:key":                         {Store: "ssm", Name: "key"},
		"secretsmanager:shop/db":          {Store: "secretsmanager", Name: "shop/db"},
		"secretsmanager:shop/db:password": {Store: "secretsmanager", Name: "shop/db", Key: "password"},
		"arn:aws:ssm:eu-west-1:123456789012:parameter/a/b": {Store: "ssm", Name: "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"},
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf:user": {
			Store: "secretsmanager", Name: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf", Key: "user"},
	}
	for text, want := range tests {
		if got, ok := parseSecret(text); !ok || got != want {
			t.Errorf("%q: got %+v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"ssm:", "ssm:/a//b c", "secretsmanager:", "secretsmanager:a:", "secretsmanager:a:b:c", "vault:x", "arn:aws:s3:::x",
		"arn:aws:ssm:eu-west-1:123456789012:document/a", "arn:aws:secretsmanager:eu-west-1:123456789012:secret"} {
		if got, ok := parseSecret(text); ok {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestCredentialsAreSeen(t *testing.T) {
	seen := map[string]bool{
		"AKIAIOSFODNN7EXAMPLE":                    true,
		"id=ASIAIOSFODNN7EXAMPLE;":                true,
		"postgres://u:p@db/x":                     true,
		"redis://:p@cache:6379":                   true,
		"-----BEGIN PRIVATE KEY-----\nabc":        true,
		"-----BEGIN OPENSSH PRIVATE KEY-----\nab": true,
		"http://catalog/path@2":                   false,
		"postgres://u@db/x":                       false,
		"https://example.com:8443/a:b@c":          false,
		"-----BEGIN CERTIFICATE-----":             false,
		"AKIA":                                    false,
		"postgres://u:${services.db.url}@db/x":    false,
	}
	for value, want := range seen {
		if got := credentialIn(value) != ""; got != want {
			t.Errorf("%q: credential %t, want %t", value, got, want)
		}
	}
}

func TestSchedules(t *testing.T) {
	good := []string{"cron(0 8 ? * MON-FRI *)", "cron(0/15 * * * ? *)", "cron(0 3 L * ? *)", "cron(0 3 15W JAN,JUL ? 2027-2030)", "cron(0 3 ? * 6#3 *)", "cron(0 3 ? * FRIL *)",
		"rate(1 day)", "rate(5 minutes)", "at(2027-01-31T18:00:00)"}
	for _, text := range good {
		if err := checkExpression(text); err != nil {
			t.Errorf("%q is refused: %s", text, err.message)
		}
	}
	bad := []string{"", "cron()", "cron(0 8 * * * *)", "cron(0 8 ? * ? *)", "cron(60 8 ? * MON *)", "cron(0 8 ? * FRI-MON *)", "cron(0 8 ? 13 MON *)", "cron(0 8 ? * MON#6 *)",
		"cron(*/0 8 ? * MON *)", "0 8 * * 1", "0 8 ? * MON *", "rate(0 days)", "rate(1 days)", "rate(2 day)", "rate(1 week)", "at(2027-13-01T00:00:00)", "every(day)", "cron(0 8 ? * MON *"}
	for _, text := range bad {
		if checkExpression(text) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestFargatePairs(t *testing.T) {
	tests := [][4]int{{0, 0, 256, 512}, {1024, 0, 1024, 2048}, {0, 4096, 512, 4096}, {0, 8192, 1024, 8192}, {300, 0, 300, 0}, {0, 700, 0, 700}, {512, 512, 512, 512}, {0, 249856, 32768, 249856}}
	for _, tt := range tests {
		if cpu, memory := fargatePair(tt[0], tt[1]); cpu != tt[2] || memory != tt[3] {
			t.Errorf("%d and %d become %d and %d, want %d and %d", tt[0], tt[1], cpu, memory, tt[2], tt[3])
		}
	}
}

func TestNearest(t *testing.T) {
	keys := metaOf(serviceType).available()
	for word, want := range map[string]string{"prot": "port", "memmory": "memory", "Route": "route", "stopGracePeriod": "stop_grace_period", "depends-on": "depends_on",
		"enviroment": "env", "healthcheck": "health", "xyzzy": "", "": ""} {
		if got := nearest(word, keys); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
