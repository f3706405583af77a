package simulator

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Query is what all Describe operations share: identifiers, filters, pages.
// Rows come ordered by identifier.
type ec2Query[T any] struct {
	rows    []T
	id      func(T) string
	tags    func(T) map[string]string
	noTags  bool // the filter tag-key is not known here
	ids     []string
	missing func(id string) error
	filters []types.Filter
	fields  map[string]func(T) []string // nil function: known, and never set here
	token   *string
	max     *int32
	least   int32 // of max; default 5
	most    int32 // of max; default 1000
	all     bool  // without max, everything comes in one page
}

func (q ec2Query[T]) run() (page []T, next *string, err error) {
	rows, err := q.named()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range q.filters {
		match, err := q.matcher(f)
		if err != nil {
			return nil, nil, err
		}
		rows = slices.DeleteFunc(rows, func(r T) bool { return !match(r) })
	}
	return q.page(rows)
}

// named picks the wanted identifiers; each must exist.
func (q ec2Query[T]) named() ([]T, error) {
	if len(q.ids) == 0 {
		return q.rows, nil
	}
	found := map[string]bool{}
	var out []T
	for _, r := range q.rows {
		if id := q.id(r); slices.Contains(q.ids, id) {
			found[id] = true
			out = append(out, r)
		}
	}
	for _, id := range q.ids {
		if !found[id] {
			return nil, q.missing(id)
		}
	}
	return out, nil
}

// matcher implements one filter: any of its values must match any of the
// row's: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func (q ec2Query[T]) matcher(f types.Filter) (func(T) bool, error) {
	if len(f.Values) > 200 {
		return nil, ec2Error("FilterLimitExceeded", "The maximum number of filter values has been exceeded.")
	}
	values, err := q.values(aws.ToString(f.Name))
	if err != nil {
		return nil, err
	}
	return func(r T) bool {
		for _, v := range values(r) {
			if slices.ContainsFunc(f.Values, func(p string) bool { return ec2Wildcard(p, v) }) {
				return true
			}
		}
		return false
	}, nil
}

func (q ec2Query[T]) values(name string) (func(T) []string, error) {
	if field, ok := q.fields[name]; ok {
		if field == nil {
			return func(T) []string { return nil }, nil
		}
		return field, nil
	}
	if key, ok := strings.CutPrefix(name, "tag:"); ok && key != "" && q.tags != nil {
		return func(r T) []string {
			if v, ok := q.tags(r)[key]; ok {
				return []string{v}
			}
			return nil
		}, nil
	}
	if name == "tag-key" && q.tags != nil && !q.noTags {
		return func(r T) (keys []string) {
			for k := range q.tags(r) {
				keys = append(keys, k)
			}
			return keys
		}, nil
	}
	return nil, ec2Error("InvalidParameterValue", "The filter '%s' is invalid", name)
}

// ec2Wildcard matches * and ? as filters do; a backslash makes them literal.
func ec2Wildcard(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		for i := 0; i <= len(value); i++ {
			if ec2Wildcard(pattern[1:], value[i:]) {
				return true
			}
		}
		return false
	case value == "":
		return false
	case pattern[0] == '\\' && len(pattern) > 1:
		return pattern[1] == value[0] && ec2Wildcard(pattern[2:], value[1:])
	case pattern[0] == '?' || pattern[0] == value[0]:
		return ec2Wildcard(pattern[1:], value[1:])
	}
	return false
}

func (q ec2Query[T]) page(rows []T) ([]T, *string, error) {
	size, err := q.size(len(rows))
	if err != nil {
		return nil, nil, err
	}
	if after := aws.ToString(q.token); after != "" {
		last, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || !strings.HasPrefix(string(last), "after:") {
			return nil, nil, ec2Error("InvalidPaginationToken", "The token '%s' is invalid", after)
		}
		id := strings.TrimPrefix(string(last), "after:")
		rows = slices.DeleteFunc(rows, func(r T) bool { return q.id(r) <= id })
	}
	if len(rows) <= size {
		return rows, nil, nil
	}
	token := base64.RawURLEncoding.EncodeToString([]byte("after:" + q.id(rows[size-1])))
	return rows[:size], &token, nil
}

func (q ec2Query[T]) size(total int) (int, error) {
	least, most := q.least, q.most
	if least == 0 {
		least = 5
	}
	if most == 0 {
		most = 1000
	}
	if q.max == nil {
		if q.all {
			return max(total, 1), nil
		}
		return int(most), nil
	}
	if *q.max < least {
		return 0, ec2Error("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value greater than or equal to %d.", *q.max, least)
	}
	if *q.max > most {
		return 0, ec2Error("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value less than or equal to %d.", *q.max, most)
	}
	return int(*q.max), nil
}
