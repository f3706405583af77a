package resources

import (
	"net/url"
	"testing"
)

func TestCanonicalJSON(t *testing.T) {
	for in, want := range map[string]string{
		"{\n  \"b\": [1, 2.50],\n  \"a\": {\"d\": null, \"c\": \"<&>\"}\n}": `{"a":{"c":"<&>","d":null},"b":[1,2.50]}`,
		`{"n":12345678901234567890}`:                                        `{"n":12345678901234567890}`,
		`not json`:                                                          `not json`,
		`{"a":1} {"b":2}`:                                                   `{"a":1} {"b":2}`,
		``:                                                                  ``,
	} {
		if got := canonicalJSON(in); got != want {
			t.Errorf("canonicalJSON(%q) = %q, want %q", in, got, want)
		}
		if again := canonicalJSON(canonicalJSON(in)); again != canonicalJSON(in) {
			t.Errorf("canonicalJSON(%q) is not stable: %q", in, again)
		}
	}
}

func TestPolicyDocument(t *testing.T) {
	const want = `{"Statement":[{"Action":["s3:GetObject"],"Condition":{"StringEquals":{"aws:SourceAccount":"1"}},` +
		`"Effect":"Allow","Principal":{"Service":["ecs-tasks.amazonaws.com"]},"Resource":["arn:aws:s3:::a+b/100%/*"]}],"Version":"2012-10-17"}`
	spelled := []string{
		want,
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a+b/100%/*",
			"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": ["1"]}}}}`,
		url.PathEscape(want),
		url.QueryEscape(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::a+b/100%/*"],` +
			`"Principal":{"Service":["ecs-tasks.amazonaws.com"]},"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}}]}`),
	}
	for _, s := range spelled {
		if got := policyDocument(&s); got != want {
			t.Errorf("policyDocument(%q)\n = %s\nwant %s", s, got, want)
		}
	}
	if got := policyDocument(nil); got != "" {
		t.Errorf("no document reads as %q", got)
	}
	wild := `{"Statement":[{"Effect":"Allow","Principal":"*"}]}`
	if got := policyDocument(&wild); got != wild {
		t.Errorf("any principal reads as %s", got)
	}
	odd := `["x"]`
	if got := policyDocument(&odd); got != odd {
		t.Errorf("what is no policy reads as %s", got)
	}
}
