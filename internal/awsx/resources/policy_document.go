package resources

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// canonicalJSON returns a JSON document with its keys sorted and without
// spaces, so that two spellings of one document compare equal. What is no JSON
// comes back as it is.
func canonicalJSON(doc string) string {
	v, ok := decodeJSON(doc)
	if !ok {
		return doc
	}
	return encodeJSON(v)
}

func decodeJSON(doc string) (v any, ok bool) {
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.UseNumber()
	return v, dec.Decode(&v) == nil && !dec.More()
}

func encodeJSON(v any) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // what was decoded from JSON can be encoded
	return strings.TrimSuffix(out.String(), "\n")
}

// policyDocument reads a policy as IAM returns it, URL-encoded by RFC 3986,
// into the form in which policies are wanted: canonical JSON in which actions,
// resources and principals are always lists and a condition's single value
// never is. The language allows both spellings of each:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func policyDocument(s *string) string {
	if s == nil {
		return ""
	}
	doc := *s
	if !strings.HasPrefix(strings.TrimSpace(doc), "{") {
		if plain, err := url.PathUnescape(doc); err == nil {
			doc = plain
		}
	}
	v, ok := decodeJSON(doc)
	policy, isObject := v.(map[string]any)
	if !ok || !isObject {
		return doc
	}
	if statements, there := policy["Statement"]; there {
		policy["Statement"] = listed(statements)
		for _, st := range policy["Statement"].([]any) {
			normaliseStatement(st)
		}
	}
	return encodeJSON(policy)
}

func normaliseStatement(v any) {
	st, ok := v.(map[string]any)
	if !ok {
		return
	}
	for _, key := range []string{"Action", "NotAction", "Resource", "NotResource"} {
		if v, there := st[key]; there {
			st[key] = listed(v)
		}
	}
	for _, key := range []string{"Principal", "NotPrincipal"} {
		if m, ok := st[key].(map[string]any); ok { // "*" stays
			for k, v := range m {
				m[k] = listed(v)
			}
		}
	}
	operators, _ := st["Condition"].(map[string]any)
	for _, o := range operators {
		keys, _ := o.(map[string]any)
		for k, v := range keys {
			if list, ok := v.([]any); ok && len(list) == 1 {
				keys[k] = list[0]
			}
		}
	}
}

// listed is a list, or a list of the one value.
func listed(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}
