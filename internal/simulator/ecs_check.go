package simulator

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// breaches collects violated constraints of one request, in the words that
// AWS's JSON and query services share.
type breaches struct{ list []string }

func (b *breaches) add(member, value, constraint string) {
	b.list = append(b.list, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, constraint))
}

// length wants a present value's length within bounds.
func (b *breaches) length(member string, value *string, least, most int) {
	if value == nil {
		return
	}
	switch n := utf8.RuneCountInString(*value); {
	case n < least:
		b.add(member, *value, fmt.Sprintf("have length greater than or equal to %d", least))
	case n > most:
		b.add(member, *value, fmt.Sprintf("have length less than or equal to %d", most))
	}
}

// name wants a present value's length within bounds and all of it to match.
func (b *breaches) name(member string, value *string, least, most int, pattern *regexp.Regexp) {
	b.length(member, value, least, most)
	if value != nil && !pattern.MatchString(*value) {
		b.add(member, *value, "satisfy regular expression pattern: "+strings.Trim(pattern.String(), "^$"))
	}
}

// between wants a present number within bounds.
func (b *breaches) between(member string, value *int32, least, most int32) {
	switch {
	case value == nil:
	case *value < least:
		b.add(member, fmt.Sprint(*value), fmt.Sprintf("have value greater than or equal to %d", least))
	case *value > most:
		b.add(member, fmt.Sprint(*value), fmt.Sprintf("have value less than or equal to %d", most))
	}
}

// oneOf wants a value of an enumeration; an empty one is absent.
func oneOf[E ~string](b *breaches, member string, value E, all []E) {
	if value == "" || slices.Contains(all, value) {
		return
	}
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = string(v)
	}
	b.add(member, string(value), "satisfy enum value set: ["+strings.Join(words, ", ")+"]")
}

// err is nil, or one error with everything that is wrong.
func (b *breaches) err(code string) error {
	switch len(b.list) {
	case 0:
		return nil
	case 1:
		return apiError(400, code, "1 validation error detected: "+b.list[0])
	}
	return apiError(400, code, fmt.Sprintf("%d validation errors detected: %s", len(b.list), strings.Join(b.list, "; ")))
}

// window cuts one page out of items that are sorted by key. The token names the
// last key seen, so that a page neither repeats nor skips when rows come and go.
func window[T any](items []T, key func(T) string, token *string, size int) (page []T, next *string, ok bool) {
	start := 0
	if aws.ToString(token) != "" {
		last, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, false
		}
		start, _ = slices.BinarySearchFunc(items, string(last)+"\x00", func(v T, k string) int { return strings.Compare(key(v), k) })
	}
	end := min(start+size, len(items))
	page = items[start:end]
	if end < len(items) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(items[end-1]))))
	}
	return page, next, true
}

// sizeOr is the asked page size, or the service's default.
func sizeOr(asked *int32, def int) int {
	if asked == nil {
		return def
	}
	return int(*asked)
}

// self is the key of a list of names.
func self(s string) string { return s }

// pair is a tag of any service.
type pair struct{ Key, Value string }

// pairs converts a service's tags.
func pairs[T any](tags []T, kv func(T) (k, v *string)) []pair {
	out := make([]pair, len(tags))
	for i, t := range tags {
		k, v := kv(t)
		out[i] = pair{aws.ToString(k), aws.ToString(v)}
	}
	return out
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// tagFault says what AWS would refuse in tags, or "": the rules of
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
func tagFault(tags []pair) string {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128:
			return fmt.Sprintf("Tag key %q must have between 1 and 128 characters.", t.Key)
		case utf8.RuneCountInString(t.Value) > 256:
			return fmt.Sprintf("The value of tag %q must have at most 256 characters.", t.Key)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return "Tag keys cannot start with the reserved prefix aws:."
		case !tagText.MatchString(t.Key) || !tagText.MatchString(t.Value):
			return fmt.Sprintf("Tag %q contains invalid characters.", t.Key)
		case seen[t.Key]:
			return fmt.Sprintf("Duplicate tag key %q.", t.Key)
		}
		seen[t.Key] = true
	}
	return ""
}

// withTags adds tags to a resource's map and returns the map.
func withTags(m map[string]string, tags []pair) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// sortedTags lists a resource's tags in a service's type, by key.
func sortedTags[T any](m map[string]string, make func(k, v *string) T) []T {
	out := []T{}
	for _, k := range sortedKeys(m) {
		out = append(out, make(aws.String(k), aws.String(m[k])))
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// tooMany reports whether adding tags to those a resource has passes AWS's
// usual 50.
func tooMany(tags []pair, old map[string]string) bool {
	count := len(old)
	for _, p := range tags {
		if _, ok := old[p.Key]; !ok {
			count++
		}
	}
	return count > 50
}

// pick returns n random characters of an alphabet.
func (c *Cloud) pick(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[c.rng.IntN(len(alphabet))]
	}
	return string(b)
}

// mapPairs converts tags that come as a map.
func mapPairs(m map[string]string) []pair {
	out := make([]pair, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, pair{k, m[k]})
	}
	return out
}

// orPtr is an optional parameter, or what there was.
func orPtr[T any](asked, old *T) *T {
	if asked != nil {
		return asked
	}
	return old
}

// mirrored turns a key round, so that sorting by it is descending.
func mirrored(key string) string {
	b := []byte(key + "\x00")
	for i := range b {
		b[i] = ^b[i]
	}
	return string(b)
}
