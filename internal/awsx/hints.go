package awsx

import (
	"context"
	"maps"
	"slices"

	"github.com/ecsail/ecsail/internal/resource"
)

// Hints are the kinds that the tagging API reports for this environment and for
// the application as a whole, sorted: what was once wanted and may be no longer.
// It is a hint, because the tagging API lags and knows no IAM.
func (e *Env) Hints(ctx context.Context) ([]string, error) {
	tagged, err := e.Tagged(ctx)
	if err != nil {
		return nil, err
	}
	kinds := map[string]bool{}
	for _, tags := range tagged {
		if env := tags[resource.TagEnv]; env != e.Name && env != resource.AppEnv {
			continue
		}
		if _, known := types.traits[resource.Addr(tags[resource.TagAddress]).Kind()]; known {
			kinds[resource.Addr(tags[resource.TagAddress]).Kind()] = true
		}
	}
	return slices.Sorted(maps.Keys(kinds)), nil
}
