package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// awaitScaling marks the refusals of Application Auto Scaling that pass when
// what they miss, the service or the service-linked role, has spread.
func awaitScaling(err error) error {
	switch msg := awsx.Message(err); {
	case awsx.Is(err, "ValidationException") && strings.Contains(msg, "service doesn't exist"):
		return &resource.Retry{Reason: "service not visible to auto scaling yet", Err: err}
	case awsx.Is(err, "ValidationException") && strings.Contains(msg, "Unable to assume"), awsx.Is(err, "FailedResourceAccessException"):
		return &resource.Retry{Reason: "service-linked role of auto scaling not usable yet", Err: err}
	}
	return err
}

// The dimension that all of our scaling moves.
const (
	scalingNamespace = aastypes.ServiceNamespaceEcs
	scalingDimension = aastypes.ScalableDimensionECSServiceDesiredCount
)

// scalingOwner decides whose the scaling of a service is: it carries no tags, so
// it belongs to whom the service belongs, and when that is gone already, to
// whom the cluster does.
type scalingOwner struct {
	prefix   string          // of our cluster's services
	services map[string]bool // those that exist, and whether they are ours
	cluster  bool            // whether the cluster is ours
}

// ownScaling reads nothing that Cluster and Service have not read in this round.
func ownScaling(ctx context.Context, e *awsx.Env, q resource.Query) (scalingOwner, error) {
	o := scalingOwner{prefix: awsx.ServiceID(awsx.ClusterName(e.App, e.Name), ""), services: map[string]bool{}}
	clusters, err := sweepClusters(ctx, e)
	if err != nil {
		return o, err
	}
	for _, c := range clusters {
		o.cluster = q.Ours(ecsTagMap(c.Tags))
	}
	services, err := sweepServices(ctx, e)
	for _, s := range services {
		o.services[aws.ToString(s.ServiceName)] = q.Ours(ecsTagMap(s.Tags))
	}
	return o, err
}

// service names the service that a scaling resource scales, if its scaling is
// ours, else "".
func (o scalingOwner) service(id *string, dimension aastypes.ScalableDimension) string {
	name, inCluster := strings.CutPrefix(aws.ToString(id), o.prefix)
	if !inCluster || dimension != scalingDimension {
		return ""
	}
	if ours, exists := o.services[name]; exists && !ours || !exists && !o.cluster {
		return ""
	}
	return name
}
