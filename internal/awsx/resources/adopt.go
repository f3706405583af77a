package resources

import "github.com/ecsail/ecsail/internal/resource"

// adoptable decides what a create does that finds its name taken: nil when the
// live resource carries the ownership tags that the create would have set (a
// create whose answer was lost), else a ForeignError that names the owner.
func adoptable(what string, live, want map[string]string) error {
	for _, k := range []string{resource.TagApp, resource.TagEnv, resource.TagAddress} {
		if live[k] != want[k] {
			return &resource.ForeignError{What: what, Owner: resource.OwnerOf(live)}
		}
	}
	return nil
}
