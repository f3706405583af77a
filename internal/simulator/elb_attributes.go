package simulator

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// elbAttribute is a key of a load balancer or target group with its default
// and what its values must be; a nil check takes any.
type elbAttribute struct {
	key, def string
	check    func(value string) (fault string)
}

// elbChoice wants one of some words.
func elbChoice(words ...string) func(string) string {
	return func(v string) string {
		if slices.Contains(words, v) {
			return ""
		}
		return fmt.Sprintf("must be one of '[%s]'", strings.Join(words, ", "))
	}
}

// elbSwitch wants true or false.
func elbSwitch(v string) string { return elbChoice("true", "false")(v) }

// elbRange wants a number, or one of some words besides.
func elbRange(least, most int, words ...string) func(string) string {
	return func(v string) string {
		n, err := strconv.Atoi(v)
		if slices.Contains(words, v) || err == nil && n >= least && n <= most {
			return ""
		}
		return fmt.Sprintf("must be between '%d-%d' inclusive", least, most)
	}
}

var elbAttributeKey = regexp.MustCompile(`^[a-zA-Z0-9._]+$`)

// elbSetAttributes checks changes against the known keys and merges them.
func elbSetAttributes(kind string, known []elbAttribute, have map[string]string, set []elbSetting) (map[string]string, error) {
	out := map[string]string{}
	for k, v := range have {
		out[k] = v
	}
	seen := map[string]bool{}
	for _, s := range set {
		i := slices.IndexFunc(known, func(a elbAttribute) bool { return a.key == s.key })
		switch {
		case !elbAttributeKey.MatchString(s.key) || i < 0:
			return nil, elbError("ValidationError", "%s attribute key '%s' is not recognized", kind, s.key)
		case seen[s.key]:
			return nil, elbError("ValidationError", "%s attribute key '%s' was specified more than once", kind, s.key)
		}
		seen[s.key] = true
		if check := known[i].check; check != nil {
			if fault := check(s.value); fault != "" {
				return nil, elbError("ValidationError", "'%s' value '%s' %s", s.key, s.value, fault)
			}
		}
		out[s.key] = s.value
	}
	return out, nil
}

// elbSetting is a key and value of a request.
type elbSetting struct{ key, value string }

// elbAttributes lists all known keys with the value they have.
func elbAttributes[T any](known []elbAttribute, have map[string]string, make func(k, v *string) T) []T {
	var out []T
	for _, a := range known {
		key, value := a.key, a.def
		if v, ok := have[key]; ok {
			value = v
		}
		out = append(out, make(&key, &value))
	}
	return out
}

// elbAttributeOf is the value of one key.
func elbAttributeOf(known []elbAttribute, have map[string]string, key string) string {
	if v, ok := have[key]; ok {
		return v
	}
	for _, a := range known {
		if a.key == key {
			return a.def
		}
	}
	return ""
}
