package awsx

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// secretFilterValues is the most values that a filter of ListSecrets may have:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
const secretFilterValues = 10

// SecretARNs finds the full ARNs of Secrets Manager's secrets by their names.
// What is not there, or is being deleted, is absent and no error. The values are
// not read.
func (e *Env) SecretARNs(ctx context.Context, names []string) (map[string]string, error) {
	found := map[string]string{}
	for chunk := range slices.Chunk(names, secretFilterValues) {
		pages := secretsmanager.NewListSecretsPaginator(e.Secrets, &secretsmanager.ListSecretsInput{
			MaxResults: aws.Int32(100),
			Filters:    []smtypes.Filter{{Key: smtypes.FilterNameStringTypeName, Values: chunk}}, // by prefix
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("look for the secrets that services read by name (one given by its full ARN is not looked for): %w", err)
			}
			for _, s := range page.SecretList {
				if name := aws.ToString(s.Name); slices.Contains(chunk, name) {
					found[name] = aws.ToString(s.ARN)
				}
			}
		}
	}
	return found, nil
}
