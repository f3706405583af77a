package acceptance

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/ecsail/ecsail/internal/simulator"
)

// TestSecretsAreFoundByName asks for more names than one call may hold, among
// names that begin alike.
func TestSecretsAreFoundByName(t *testing.T) {
	for place, w := range map[string]*world{"embedded": newWorld(t, simulator.Options{}), "moto": overTheWire(t)} {
		t.Run(place, func(t *testing.T) {
			ctx := t.Context()
			var names []string
			want := map[string]string{}
			for i := range 13 {
				name := fmt.Sprintf("shop/%d", i) // shop/1 begins shop/10
				made, err := w.env.Secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: ptr("x")})
				check(t, err)
				names, want[name] = append(names, name), *made.ARN
			}
			_, err := w.env.Secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: ptr("shop/7")})
			check(t, err)
			delete(want, "shop/7")
			asked := slices.DeleteFunc(append(names, "shop", "other"), func(n string) bool { return n == "shop/10" })
			delete(want, "shop/10")
			got, err := w.env.SecretARNs(ctx, asked)
			check(t, err)
			if !maps.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}
