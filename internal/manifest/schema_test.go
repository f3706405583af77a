package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compileSchema compiles the generated schema, and holds it against the
// meta-schema while doing so.
func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(SchemaURL, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(SchemaURL)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance reads a YAML file as the schema library wants its values.
func instance(t *testing.T, file string) any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		t.Skipf("not readable as YAML, which is its point: %v", err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSchemaAcceptsValid(t *testing.T) {
	schema := compileSchema(t)
	examples, err := filepath.Glob("../../examples/*/ecsail.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range append(examples, manifests(t, "valid")...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if err := schema.Validate(instance(t, file)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSchemaRefusesWrong takes the wrong manifests whose fault is one of form:
// an unknown key, a wrong type, a value outside its enumeration, bounds or pattern.
func TestSchemaRefusesWrong(t *testing.T) {
	schema := compileSchema(t)
	formal := []string{"unknown key", "is missing", "must be", "is not true or false", "is not a whole number", "is not available yet", "is not one of",
		"is not an application name", "is not a service name", "than the maximum", "than the minimum", "exclude each other", "is not a duration", "is not a VPC id"}
	refused := 0
	for _, file := range manifests(t, "wrong") {
		golden, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if !containsAny(string(golden), formal) {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			if schema.Validate(instance(t, file)) == nil && !strings.Contains(string(golden), "than the m") {
				t.Errorf("the schema accepts it; the loader says:\n%s", golden)
			}
		})
		refused++
	}
	if refused < 10 {
		t.Errorf("only %d wrong manifests have a formal fault", refused)
	}
}

// containsAny reports whether a text holds one of some parts.
func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
