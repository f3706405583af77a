package simulator

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	types "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// getValue: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (s *secretsService) getValue(_ context.Context, in *sm.GetSecretValueInput) (*sm.GetSecretValueOutput, error) {
	v, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	n, err := v.pick(aws.ToString(in.VersionStage), aws.ToString(in.VersionId))
	if err != nil {
		return nil, err
	}
	s.touch(v)
	return &sm.GetSecretValueOutput{ARN: &v.ARN, Name: &v.Name, CreatedDate: &n.Created, SecretString: n.Text, SecretBinary: n.Binary, VersionId: &n.ID, VersionStages: n.Stages}, nil
}

// pick is the version with a label, an id, or both; with neither the current one.
func (v secret) pick(stage, id string) (secretVersion, error) {
	if id != "" {
		i := v.version(id)
		switch {
		case i < 0:
			return secretVersion{}, secretsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", id)
		case stage != "" && !slices.Contains(v.Versions[i].Stages, stage):
			return secretVersion{}, secretsError("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")
		}
		return v.Versions[i], nil
	}
	stage = cmp.Or(stage, stageCurrent)
	i := v.staged(stage)
	if i < 0 {
		return secretVersion{}, secretsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
	}
	return v.Versions[i], nil
}

// touch keeps the day on which a secret was last read.
func (s *secretsService) touch(v secret) {
	if day := s.c.now().UTC().Truncate(24 * time.Hour); !day.Equal(v.Accessed) {
		v.Accessed = day
		s.save(v)
	}
}

// batchGetValue: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
func (s *secretsService) batchGetValue(ctx context.Context, in *sm.BatchGetSecretValueInput) (*sm.BatchGetSecretValueOutput, error) {
	listed := len(in.SecretIdList) > 0
	switch {
	case listed == (len(in.Filters) > 0):
		return nil, secretsInvalid("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case listed && (in.MaxResults != nil || in.NextToken != nil):
		return nil, secretsInvalid("'SecretIdList' can't be used with 'MaxResults' or 'NextToken'.")
	case len(in.SecretIdList) > 20:
		return nil, secretsError("ValidationException", "1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to 20")
	}
	out := &sm.BatchGetSecretValueOutput{SecretValues: []types.SecretValueEntry{}, Errors: []types.APIErrorType{}}
	ids := in.SecretIdList
	if !listed {
		page, next, err := s.page(in.Filters, false, secretOrder{}, in.NextToken, in.MaxResults, 20)
		if err != nil {
			return nil, err
		}
		out.NextToken = next
		for _, v := range page {
			ids = append(ids, v.ARN)
		}
	}
	for _, id := range ids {
		v, err := s.getValue(ctx, &sm.GetSecretValueInput{SecretId: &id})
		if err != nil {
			code, message := faultOf(err)
			out.Errors = append(out.Errors, types.APIErrorType{SecretId: aws.String(id), ErrorCode: &code, Message: &message})
			continue
		}
		out.SecretValues = append(out.SecretValues, types.SecretValueEntry{ARN: v.ARN, Name: v.Name, CreatedDate: v.CreatedDate,
			SecretString: v.SecretString, SecretBinary: v.SecretBinary, VersionId: v.VersionId, VersionStages: v.VersionStages})
	}
	return out, nil
}

func (s *secretsService) describe(_ context.Context, in *sm.DescribeSecretInput) (*sm.DescribeSecretOutput, error) {
	v, err := s.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	e := entryOf(v)
	return &sm.DescribeSecretOutput{ARN: e.ARN, Name: e.Name, Type: e.Type, Description: e.Description, KmsKeyId: e.KmsKeyId, CreatedDate: e.CreatedDate,
		LastChangedDate: e.LastChangedDate, LastAccessedDate: e.LastAccessedDate, DeletedDate: e.DeletedDate, Tags: e.Tags, VersionIdsToStages: e.SecretVersionsToStages}, nil
}

// entryOf describes a secret without its value.
func entryOf(v secret) types.SecretListEntry {
	e := types.SecretListEntry{ARN: &v.ARN, Name: &v.Name, CreatedDate: &v.Created, LastChangedDate: &v.Changed,
		SecretVersionsToStages: v.stages(), Tags: shownSecretTags(v.Tags)}
	for _, f := range []struct {
		to   **string
		text string
	}{{&e.Description, v.Description}, {&e.KmsKeyId, v.KeyID}, {&e.Type, v.Type}} {
		if f.text != "" {
			*f.to = aws.String(f.text)
		}
	}
	if !v.Accessed.IsZero() {
		e.LastAccessedDate = &v.Accessed
	}
	if !v.Deleted.IsZero() {
		e.DeletedDate = &v.Deleted
	}
	return e
}

func (s *secretsService) listVersions(_ context.Context, in *sm.ListSecretVersionIdsInput) (*sm.ListSecretVersionIdsOutput, error) {
	v, err := s.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	var b breaches
	b.between("maxResults", in.MaxResults, 1, 100)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	versions := slices.DeleteFunc(slices.Clone(v.Versions), func(n secretVersion) bool {
		return len(n.Stages) == 0 && !aws.ToBool(in.IncludeDeprecated)
	})
	key := func(n secretVersion) string { return timeKey(n.Created) + n.ID }
	slices.SortFunc(versions, func(a, b secretVersion) int { return cmp.Compare(key(a), key(b)) })
	page, next, ok := window(versions, key, in.NextToken, sizeOr(in.MaxResults, 100))
	if !ok {
		return nil, errSecretsToken
	}
	out := &sm.ListSecretVersionIdsOutput{ARN: &v.ARN, Name: &v.Name, NextToken: next, Versions: []types.SecretVersionsListEntry{}}
	for _, n := range page {
		out.Versions = append(out.Versions, types.SecretVersionsListEntry{VersionId: aws.String(n.ID), CreatedDate: aws.Time(n.Created), VersionStages: n.Stages})
	}
	return out, nil
}

var errSecretsToken = secretsError("InvalidNextTokenException", "Invalid pagination token.")
