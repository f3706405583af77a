package simulator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	types "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// list: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
func (s *secretsService) list(_ context.Context, in *sm.ListSecretsInput) (*sm.ListSecretsOutput, error) {
	deleted := in.IncludePlannedDeletion != nil && *in.IncludePlannedDeletion
	page, next, err := s.page(in.Filters, deleted, secretOrder{in.SortBy, in.SortOrder}, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	out := &sm.ListSecretsOutput{NextToken: next, SecretList: []types.SecretListEntry{}}
	for _, v := range page {
		out.SecretList = append(out.SecretList, entryOf(v))
	}
	return out, nil
}

type secretOrder struct {
	by    types.SortByType
	order types.SortOrderType
}

// key is what secrets are sorted by, so that a smaller one comes first.
func (o secretOrder) key(v secret) string {
	key := timeKey(v.Created)
	switch o.by {
	case types.SortByTypeName:
		key = ""
	case types.SortByTypeLastChangedDate:
		key = timeKey(v.Changed)
	case types.SortByTypeLastAccessedDate:
		key = timeKey(v.Accessed)
	}
	key += v.Name
	if o.order != types.SortOrderTypeDesc {
		return key
	}
	down := []byte(key + "\x00")
	for i := range down {
		down[i] = 0xff - down[i]
	}
	return string(down)
}

// timeKey sorts as its time.
func timeKey(t time.Time) string { return fmt.Sprintf("%020d|", t.UnixNano()) }

// page is one page of the secrets that pass filters.
func (s *secretsService) page(filters []types.Filter, deleted bool, o secretOrder, token *string, size *int32, most int32) ([]secret, *string, error) {
	var b breaches
	b.between("maxResults", size, 1, most)
	oneOf(&b, "sortBy", o.by, o.by.Values())
	oneOf(&b, "sortOrder", o.order, o.order.Values())
	for _, f := range filters {
		oneOf(&b, "filters.key", f.Key, f.Key.Values())
	}
	if err := b.err("ValidationException"); err != nil {
		return nil, nil, err
	}
	for _, f := range filters {
		if f.Key == "" || len(f.Values) < 1 || len(f.Values) > 10 {
			return nil, nil, secretsInvalid("Invalid filter: a filter needs a key and between 1 and 10 values.")
		}
	}
	all := slices.DeleteFunc(s.all(), func(v secret) bool {
		return !deleted && !v.Deleted.IsZero() || slices.ContainsFunc(filters, func(f types.Filter) bool { return !v.passes(f) })
	})
	slices.SortFunc(all, func(a, b secret) int { return cmp.Compare(o.key(a), o.key(b)) })
	page, next, ok := window(all, o.key, token, sizeOr(size, int(most)))
	if !ok {
		return nil, nil, errSecretsToken
	}
	return page, next, nil
}

// passes reports whether a secret has one of a filter's values, or none of those
// with an exclamation mark. Names, tags and services match by prefix and case;
// descriptions and "all" without case:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
func (v secret) passes(f types.Filter) bool {
	wanted, found := false, false
	for _, value := range f.Values {
		bare, not := strings.CutPrefix(value, "!")
		has := v.has(f.Key, bare)
		if not && has {
			return false
		}
		wanted, found = wanted || !not, found || !not && has
	}
	return found || !wanted
}

func (v secret) has(key types.FilterNameStringType, value string) bool {
	var texts []string
	fold := false
	switch key {
	case types.FilterNameStringTypeName:
		texts = []string{v.Name}
	case types.FilterNameStringTypeDescription:
		texts, fold = strings.Fields(v.Description), true
	case types.FilterNameStringTypeTagKey:
		texts = sortedKeys(v.Tags)
	case types.FilterNameStringTypeTagValue:
		for _, t := range v.Tags {
			texts = append(texts, t)
		}
	case types.FilterNameStringTypeAll:
		texts, fold = append(strings.Fields(v.Description), v.Name), true
		for k, t := range v.Tags {
			texts = append(texts, k, t)
		}
	}
	return slices.ContainsFunc(texts, func(t string) bool {
		if fold {
			t, value = strings.ToLower(t), strings.ToLower(value)
		}
		return strings.HasPrefix(t, value)
	})
}
