package awsx

import "testing"

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		ClusterName("shop", "dev"):           "shop-dev",
		FamilyPrefix("shop", "dev"):          "shop-dev-",
		LogGroupPrefix("shop", "dev"):        "/ecsail/shop/dev/",
		RepositoryPrefix("shop"):             "shop/",
		RolePath("shop", "dev", "eu-west-1"): "/ecsail/shop/dev/eu-west-1/",
		ServiceID("shop-dev", "web"):         "service/shop-dev/web",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
