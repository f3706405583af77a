package resources

import (
	"testing"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

func TestRolesOfAnotherRegion(t *testing.T) {
	e := &awsx.Env{App: "shop", Name: "dev", Region: "eu-west-1"}
	q := resource.Query{App: "shop", Env: "dev", Names: map[string]resource.Addr{"taken": "Role/web-task"}}
	ours := map[string]string{resource.TagApp: "shop", resource.TagEnv: "dev", resource.TagAddress: "Role/web-task"}
	for name, c := range map[string]struct {
		name, path  string
		tags        map[string]string
		ok, foreign bool
	}{
		"ours":                       {"any", "/ecsail/shop/dev/eu-west-1/", ours, true, false},
		"ours, adopted":              {"any", "/", ours, true, false},
		"the other region's":         {"any", "/ecsail/shop/dev/us-east-1/", ours, false, false},
		"the other region's by name": {"taken", "/ecsail/shop/dev/us-east-1/", ours, true, true},
		"somebody's by name":         {"taken", "/", nil, true, true},
		"somebody's":                 {"any", "/", nil, false, false},
	} {
		addr, foreign, ok := matchRole(e, q, c.name, c.path, c.tags)
		if ok != c.ok || ok && (foreign != "") != c.foreign || ok && addr != "Role/web-task" {
			t.Errorf("%s: %q, %q, %v", name, addr, foreign, ok)
		}
	}
}
