package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// EnsureNetwork makes the network of this home, where it is missing, and says
// its id and its gateway, which is an address of the host. Containers on it
// cannot reach one another (enable_icc), see
// https://docs.docker.com/engine/network/drivers/bridge/#options. Podman takes no
// notice of that; each task's agent keeps the others out as well.
//
// The engine does not keep names of networks unique, so callers take turns. One
// process serves a home; should two of them make a network at once, the older is
// kept.
func (e *Engine) EnsureNetwork(ctx context.Context) (id, gateway string, err error) {
	e.networks.Lock()
	defer e.networks.Unlock()
	n, err := e.network(ctx)
	if err != nil {
		return "", "", err
	}
	if n == nil {
		made, err := e.api.NetworkCreate(ctx, e.networkName(), client.NetworkCreateOptions{
			Driver: "bridge", Labels: e.Labels(RoleNetwork, "", ""),
			Options: map[string]string{"com.docker.network.bridge.enable_icc": "false"},
		})
		if err != nil && !IsConflict(err) {
			return "", "", fmt.Errorf("network %s: %w", e.networkName(), err)
		}
		if n, err = e.network(ctx); err != nil {
			return "", "", err
		}
		if n == nil {
			return "", "", fmt.Errorf("network %s: it was removed while it was made", e.networkName())
		}
		if made.ID != "" && made.ID != n.ID {
			_, _ = e.api.NetworkRemove(ctx, made.ID, client.NetworkRemoveOptions{}) // left over, RemoveAll will find it
		}
	}
	for _, c := range n.IPAM.Config {
		if c.Gateway.IsValid() {
			return n.ID, c.Gateway.String(), nil
		}
	}
	return n.ID, "", nil
}

func (e *Engine) networkName() string { return "ecsail-" + e.short() }

// network is the oldest network of this home; nil: none.
func (e *Engine) network(ctx context.Context) (*network.Summary, error) {
	res, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: e.ours()})
	if err != nil {
		return nil, fmt.Errorf("networks: %w", err)
	}
	if len(res.Items) == 0 {
		return nil, nil
	}
	n := slices.MinFunc(res.Items, func(a, b network.Summary) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.ID), []byte(b.ID))
	})
	return &n, nil
}
