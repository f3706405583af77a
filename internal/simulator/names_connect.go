package simulator

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// registerConnect puts a Service Connect name into a namespace; owner is the
// ECS service.
func (s *namesService) registerConnect(namespaceARN, discoveryName, owner string) {
	space := lastPart(namespaceARN)
	for _, v := range s.servicesOf(space) {
		if *v.Service.Name == discoveryName {
			v.Owner = owner
			s.saveService(v)
			return
		}
	}
	v := s.newService(space, discoveryName)
	v.Owner = owner
	v.Service.Description = aws.String("Managed by Amazon ECS Service Connect")
	s.saveService(v)
}

// unregisterConnect takes everything out that an ECS service put in.
func (s *namesService) unregisterConnect(owner string) { s.keepConnect(owner, "", nil) }

// keepConnect takes out what an ECS service put in, but for some names of one
// namespace.
func (s *namesService) keepConnect(owner, namespaceARN string, names []string) {
	for id, v := range s.services.all() {
		kept := *v.Service.NamespaceId == lastPart(namespaceARN) && slices.Contains(names, *v.Service.Name)
		if v.Owner == owner && !kept {
			s.services.delete(id)
		}
	}
}

// setConnectInstances says which tasks stand behind one of an owner's names.
func (s *namesService) setConnectInstances(owner, name string, instances map[string]map[string]string) {
	for _, v := range s.services.all() {
		if v.Owner == owner && *v.Service.Name == name && !maps.EqualFunc(v.Instances, instances, maps.Equal) {
			v.Instances = instances
			s.saveService(v)
		}
	}
}

// connectResources lists what an ECS service has in Cloud Map.
func (s *namesService) connectResources(owner string) []types.ServiceConnectServiceResource {
	out := []types.ServiceConnectServiceResource{}
	for _, v := range s.services.all() {
		if v.Owner == owner {
			out = append(out, types.ServiceConnectServiceResource{DiscoveryName: v.Service.Name, DiscoveryArn: v.Service.Arn})
		}
	}
	return out
}
