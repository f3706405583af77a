package engine

import (
	"fmt"

	"github.com/distribution/reference"
	dockerconfig "github.com/docker/cli/cli/config"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"
)

// hubKey is the name that the docker command keeps Docker Hub's credentials
// under.
const hubKey = "https://index.docker.io/v1/"

// auth is the credential for an image's registry from the docker command's
// configuration, credential helpers included; empty: anonymous.
func (e *Engine) auth(ref string) (string, error) {
	if e.config == "" {
		return "", nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", err
	}
	key := reference.Domain(named)
	if key == "docker.io" {
		key = hubKey
	}
	file, err := dockerconfig.Load(e.config)
	if err != nil {
		return "", fmt.Errorf("docker's configuration: %w", err)
	}
	c, err := file.GetAuthConfig(key)
	if err != nil {
		return "", fmt.Errorf("credentials for %s: %w", key, err)
	}
	if c.Username == "" && c.IdentityToken == "" && c.RegistryToken == "" && c.Auth == "" {
		return "", nil
	}
	return authconfig.Encode(registry.AuthConfig{Username: c.Username, Password: c.Password, Auth: c.Auth, ServerAddress: c.ServerAddress,
		IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken})
}
