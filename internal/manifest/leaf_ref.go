package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// Names of parameters and secrets, and the ARNs of both.
var (
	parameterForm = pattern(`^(/?[A-Za-z0-9_.-]+)+$`)
	secretForm    = pattern(`^[A-Za-z0-9/_+=.@!-]+$`)
	secretARN     = pattern(`^arn:aws[a-z-]*:(ssm|secretsmanager):[a-z0-9-]+:[0-9]{12}:.`)
)

// secretRef points at a value in a secret store.
type secretRef Secret

const secretFix = "ssm:/path, secretsmanager:name, secretsmanager:name:json-key, or the full ARN of a parameter or secret"

func (s *secretRef) parse(n *node) *fault {
	if n.kind != textKind {
		return wrongKind(n, "a reference to a secret", secretFix)
	}
	n.secret = n.secret || !isSecretReference(n.text)
	ref, ok := parseSecret(n.text)
	if !ok {
		if n.secret {
			return wrong("this is not a reference to a secret, and its value must not stand in the manifest", "store it first, then write "+secretFix)
		}
		return wrong(n.quote()+" is not a reference to a secret", secretFix)
	}
	*s = secretRef(ref)
	return nil
}

func (*secretRef) deferred() {}

func (*secretRef) form() (string, object) {
	return "secret reference", object{"type": "string", "pattern": `^(ssm:|secretsmanager:|arn:)`}
}

// parseSecret reads the short and the long forms. ECS takes a JSON key from a
// Secrets Manager ARN as its eighth field:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func parseSecret(text string) (Secret, bool) {
	if name, ok := strings.CutPrefix(text, "ssm:"); ok {
		return Secret{Store: "ssm", Name: name}, parameterForm.match(withoutTemplates(name)) && len(name) <= 1011
	}
	if rest, ok := strings.CutPrefix(text, "secretsmanager:"); ok {
		name, key, keyed := strings.Cut(rest, ":")
		valid := secretForm.match(withoutTemplates(name)) && len(name) <= 512
		return Secret{Store: "secretsmanager", Name: name, Key: key}, valid && (!keyed || key != "" && !strings.Contains(key, ":"))
	}
	return parseSecretARN(text)
}

// parseSecretARN reads arn:aws:ssm:…:parameter/… and arn:aws:secretsmanager:…:secret:….
func parseSecretARN(text string) (Secret, bool) {
	fields := strings.Split(text, ":")
	if len(fields) < 6 || !secretARN.match(withoutTemplates(text)) {
		return Secret{}, false
	}
	if fields[2] == "ssm" {
		return Secret{Store: "ssm", Name: text}, len(fields) == 6 && strings.HasPrefix(fields[5], "parameter/")
	}
	if fields[5] != "secret" || len(fields) < 7 || len(fields) > 8 || fields[6] == "" {
		return Secret{}, false
	}
	out := Secret{Store: "secretsmanager", Name: strings.Join(fields[:7], ":")}
	if len(fields) == 8 {
		out.Key = fields[7]
	}
	return out, true
}

// queryPairs are conditions on the query string.
type queryPairs []QueryPair

func (q *queryPairs) parse(n *node) *fault {
	if n.kind == mapKind {
		for _, e := range n.entries {
			values, f := textItems(e.value, true)
			if f != nil {
				return f
			}
			for _, v := range values {
				*q = append(*q, QueryPair{Key: e.name, Value: v})
			}
		}
		return nil
	}
	values, f := textItems(n, true)
	if f != nil {
		return wrong(f.message, "a map of keys and values, or a list of values and KEY=VALUE pairs")
	}
	for _, v := range values {
		key, value, ok := strings.Cut(v, "=")
		if !ok {
			key, value = "", v
		}
		*q = append(*q, QueryPair{Key: key, Value: value})
	}
	return nil
}

func (*queryPairs) form() (string, object) {
	value := oneOrMany(object{"type": []string{"string", "number", "boolean"}})
	return "map, or list of KEY=VALUE", object{"anyOf": []any{
		object{"type": "string"}, object{"type": "array", "items": object{"type": "string"}},
		object{"type": "object", "additionalProperties": value}}}
}

// startConditions say which containers start first and how far they must be.
type startConditions map[string]string

// conditionWords are ECS's container dependency conditions, as the manifest has them:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
var conditionWords = []string{"start", "complete", "success", "healthy"}

func (s *startConditions) parse(n *node) *fault {
	out := startConditions{}
	if n.kind != mapKind {
		names, f := textItems(n, false)
		if f != nil {
			return wrong(f.message, "a list of container names, or a map of container names to start, complete, success or healthy")
		}
		for _, name := range names {
			out[name] = "START"
		}
	}
	for _, e := range n.entries {
		if e.value.kind != textKind || !slices.Contains(conditionWords, e.value.text) {
			return wrong(fmt.Sprintf("%s is no condition to wait for", e.value.quote()), didYouMean(e.value.text, conditionWords))
		}
		out[e.name] = strings.ToUpper(e.value.text)
	}
	*s = out
	return nil
}

func (*startConditions) form() (string, object) {
	return "list, or map to a condition", object{"anyOf": []any{object{"type": "string"},
		object{"type": "array", "items": object{"type": "string"}},
		object{"type": "object", "additionalProperties": object{"enum": conditionWords}}}}
}
